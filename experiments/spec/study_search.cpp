// How points of a sweep are looked for: ranges, and what is drawn from them.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "base/rng.h"
#include "experiments/spec/study_reader.h"

namespace lehr::spec {

namespace {
struct RangeRow {
  const char* name;
  StudyReader::Range::Kind kind;
};
constexpr RangeRow ranges[] = {{"uniform", StudyReader::Range::Kind::uniform},
                               {"log_uniform", StudyReader::Range::Kind::logarithmic},
                               {"int_uniform", StudyReader::Range::Kind::whole}};
}  // namespace

std::optional<StudyReader::Range::Kind> StudyReader::range_kind(std::string_view name) {
  const auto* row = std::ranges::find(ranges, name, &RangeRow::name);
  return row == std::end(ranges) ? std::nullopt : std::optional(row->kind);
}

std::optional<StudyReader::Range> StudyReader::read_range(const std::string& name, Range::Kind kind, const Node& node) {
  const bool whole = kind == Range::Kind::whole, logarithmic = kind == Range::Kind::logarithmic;
  std::vector<double> ends;
  for (const Node& item : node.items)
    if (item.is_scalar() && !item.quoted)
      if (const auto read = read_number(item.scalar); read && std::isfinite(read.value)) ends.push_back(read.value);
  if (ends.size() != 2 || node.items.size() != 2 || !(ends[0] < ends[1]) || (logarithmic && ends[0] <= 0) ||
      (whole && (ends[0] != std::round(ends[0]) || ends[1] != std::round(ends[1]) || std::fabs(ends[0]) > 1e15 || std::fabs(ends[1]) > 1e15))) {
    problems_.error(node.at, "sweep.", name, ": a range is two ", whole ? "whole numbers" : logarithmic ? "numbers above 0" : "numbers", ", the smaller first, as [1, 100]");
    return std::nullopt;
  }
  return Range{kind, ends[0], ends[1]};
}

void StudyReader::read_search() {
  const Node node = take("search");
  if (node.is_null()) return;
  search_at_ = node.at;
  if (!node.is_mapping()) return problems_.error(node.at, "search must be a mapping such as {method: random, trials: 32}, not ", kind_name(node));
  SearchSpec out;
  bool method = false;
  for (const Entry& entry : node.entries) {
    const Key* key = schema_.find("search." + entry.key);
    if (!key) {
      unknown_key(entry, "search", "", schema_, problems_);
      continue;
    }
    Node ignored;
    const auto value = ValueReader(schema_, *sources_, problems_).read(*key, entry.value, ignored);
    if (!value) continue;
    if (entry.key == "method") out.halving = value->text == "halving", method = true;
    if (entry.key == "trials") out.trials = value->integer;
    if (entry.key == "seed") out.seed = static_cast<std::uint64_t>(value->integer);
    if (entry.key == "from") out.from = value->span;
    if (entry.key == "factor") out.factor = value->number;
  }
  if (!method) problems_.error(node.at, "search needs a method: random, or halving");
  if (method && !out.halving) {
    if (out.trials == 0) problems_.error(node.at, "search: {method: random} needs a number of points to look at, as trials: 32");
    for (const char* key : {"from", "factor"})
      if (const Entry* entry = node.find(key)) problems_.error(entry->at, "search.", key, " is for method: halving; random trains every point to its end");
  }
  search = out;
}

// A number of the range in six digits, so that the file that is written of it says it whole.
StudyReader::Setting StudyReader::drawn(const Dimension& dimension, Random& random) {
  const Range& range = *dimension.range;
  double value = 0;
  switch (range.kind) {
    case Range::Kind::uniform: value = range.low + (range.high - range.low) * random.uniform(); break;
    case Range::Kind::logarithmic: value = std::exp(std::log(range.low) + (std::log(range.high) - std::log(range.low)) * random.uniform()); break;
    case Range::Kind::whole: value = range.low + static_cast<double>(random.below(static_cast<std::uint64_t>(range.high - range.low) + 1)); break;
  }
  if (range.kind != Range::Kind::whole) {
    char text[32];
    const auto end = std::to_chars(text, text + sizeof text, value, std::chars_format::general, 6).ptr;
    std::from_chars(text, end, value);
    value = std::clamp(value, range.low, range.high);
  }
  return setting(dimension.entry, make_scalar(number(value), dimension.entry.value.at));
}

// The point at each place is a function of search.seed and the place alone, so that more points leave the first ones as they are. None comes twice.
std::vector<StudyReader::Point> StudyReader::sampled() {
  double possible = 1;
  for (const Dimension& dimension : dimensions_) possible *= dimension.range ? HUGE_VAL : static_cast<double>(dimension.settings.size());
  auto count = static_cast<std::size_t>(search->trials);
  if (static_cast<double>(count) > possible) {
    problems_.error(search_at_, "search.trials asks for ", count, " points where the sweep has ", possible, ": ", search->halving ? "leave trials out" : "leave search out",
                    ", and all of them are tried");
    return grid();
  }
  std::vector<Point> out;
  std::set<std::vector<std::string>> known;
  constexpr int tries = 1000;  // a whole number of a narrow range comes again and again
  for (std::size_t place = 0; place < count; ++place) {
    Random random(search->seed, Stream::search, place);
    for (int again = 0; again < tries && out.size() == place; ++again) {
      Point point;
      for (const Dimension& dimension : dimensions_) {
        const auto chosen = dimension.range ? 0 : static_cast<std::size_t>(random.below(dimension.settings.size()));
        extend(point, dimension, dimension.range ? drawn(dimension, random) : dimension.settings[chosen], chosen);
      }
      if (!known.insert(point.level.values).second) continue;
      const std::string number = cat(place + 1), most = cat(count);
      point.level.name = "point-" + std::string(std::max<std::size_t>(most.size(), 3) - std::min(number.size(), std::max<std::size_t>(most.size(), 3)), '0') + number;
      out.push_back(std::move(point));
    }
    if (out.size() == place) {
      problems_.error(search_at_, "search.trials asks for ", count, " points, but only ", place, " different ones were found in the ranges of the sweep");
      break;
    }
  }
  if (out.empty()) out.emplace_back();
  return out;
}

}  // namespace lehr::spec
