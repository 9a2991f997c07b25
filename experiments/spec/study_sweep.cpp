// The sweep of a study: its values, and the cases that variants and values make.
#include <algorithm>

#include "experiments/spec/emit.h"
#include "experiments/spec/study_reader.h"

namespace lehr::spec {

namespace {
constexpr std::size_t max_keys = 16;

// The key a short form stands for, so that two spellings of one key are seen as one.
std::string full_key(const std::string& dotted, const Schema& schema) {
  const Key* key = schema.find(dotted);
  if (key && !key->alias.empty()) return key->alias;
  return key && !key->shorthand.empty() ? dotted + "." + key->shorthand : dotted;
}

// A number in its shortest form, anything else as YAML in one line.
std::string text_of(const Node& value) {
  if (value.is_scalar() && !value.quoted && looks_like_number(value.scalar))
    if (const auto read = read_number(value.scalar)) return number(read.value);
  return value.is_scalar() ? value.scalar : flow(value);
}

}  // namespace

bool in_file_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || std::string_view("._+-=").find(c) != std::string_view::npos;
}

std::string folder_of(std::string key, const std::string& value, std::size_t position) {
  for (char& c : key)
    if (!in_file_name(c)) c = '_';
  const bool good = value.size() <= 32 && !value.empty() && std::ranges::all_of(value, in_file_name);
  return cat(key.substr(0, 64), "=", good ? value : cat("value-", position + 1));
}
void StudyReader::read_sweep() {
  const Node node = take("sweep");
  if (node.is_null()) {
    if (search) problems_.error(search_at_, "search looks among the points of a sweep: name its keys, as sweep: {lr: {log_uniform: [1e-4, 1]}}");
    return;
  }
  sweep_at_ = node.at;
  if (!node.is_mapping())
    return problems_.error(node.at, "sweep must be a mapping of keys to lists of values such as {lr_scale: [0.3, 1, 3]}, not ", kind_name(node));
  if (node.entries.empty()) return problems_.error(node.at, "sweep is empty: name a key with its values, or leave it out");
  std::size_t keys = 0;
  for (const Entry& entry : node.entries) {
    if (entry.key != "zip") {
      read_dimension(entry);
      ++keys;
      continue;
    }
    const std::vector<Node> all = entry.value.is_list() ? entry.value.items : std::vector<Node>{entry.value};
    for (const Node& one : all) read_zip(one), keys += one.entries.size();
  }
  if (keys > max_keys) problems_.error(node.at, "sweep has ", keys, " keys: ", max_keys, " are allowed");
}

// May it be swept, here and once?
bool StudyReader::swept_once(const Entry& entry) {
  const std::string name = printable(entry.key);
  const Key* top = schema_.find(split(entry.key, '.').front());
  if (top && !top->varies()) {
    problems_.error(entry.at, quote(entry.key), " speaks of all trials: it cannot be swept");
    return false;
  }
  for (const Dimension& other : dimensions_)
    for (const std::string& key : other.keys)
      if (full_key(key, schema_) == full_key(entry.key, schema_)) {
        problems_.error(entry.at, "sweep.", name, " is the key sweep.", printable(key), " once more");
        return false;
      }
  return true;
}

std::vector<StudyReader::Setting> StudyReader::read_values(const Entry& entry, const Node& list) {
  const std::string name = printable(entry.key);
  std::vector<Setting> out;
  for (const Node& item : list.items) {
    if (item.is_null()) {
      problems_.error(item.at, "sweep.", name, ": null is no value to try");
      continue;
    }
    out.push_back(setting(entry, item));
  }
  return out;
}

StudyReader::Setting StudyReader::setting(const Entry& entry, const Node& value) {
  Node patch = make_mapping(value.at);
  patch.entries.push_back({entry.key, entry.at, value});
  Setting out{normalised(std::move(patch), true, schema_, problems_), {text_of(value)}};
  stamp(out.patch, sources_->label("sweep"));
  return out;
}

void StudyReader::read_dimension(const Entry& entry) {
  const std::string name = printable(entry.key);
  if (!swept_once(entry)) return;
  Dimension dimension{{entry.key}, {}, {}, entry};
  const Node& value = entry.value;
  const Entry* form = value.is_mapping() && value.entries.size() == 1 ? &value.entries.front() : nullptr;
  const Node* list = value.is_list() ? &value : form && form->key == "choice" && form->value.is_list() ? &form->value : nullptr;
  if (!list) {
    const auto kind = form ? range_kind(form->key) : std::nullopt;
    if (!kind)
      return problems_.error(value.at, "sweep.", name, " must be a list of values, not ", kind_name(value),
                             value.is_mapping() ? cat(": a key inside is written ", name, ".KEY; a search draws from {uniform: [a, b]}, {log_uniform: [a, b]}, "
                                                      "{int_uniform: [a, b]} or {choice: […]}")
                                                : in_brackets(value));
    dimension.range = read_range(name, *kind, form->value);
    if (!dimension.range) return;
    const Key* key = schema_.find(full_key(entry.key, schema_));
    const bool low = key && (dimension.range->low < key->low || (key->above && dimension.range->low == key->low));
    if (low || (key && dimension.range->high > key->high))
      problems_.error(form->value.at, "sweep.", name, ": the range goes from ", number(dimension.range->low), " to ", number(dimension.range->high), ", and ", key->path,
                      " must be ", key->range());
    if (!search || search->trials == 0)
      problems_.error(value.at, "sweep.", name, " is a range: a search draws points from it, ",
                      search ? "and search.trials says how many, as trials: 32" : "search: {method: random, trials: 32}");
  } else {
    if (list->items.empty()) return problems_.error(list->at, "sweep.", name, " is an empty list: give it values, or leave it out");
    dimension.settings = read_values(entry, *list);
    for (std::size_t i = 0; i < dimension.settings.size(); ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (dimension.settings[i].texts == dimension.settings[k].texts)
          problems_.error(list->items[i].at, "sweep.", name, " has the value ", printable(dimension.settings[i].texts.front()), " twice");
  }
  if (const Entry* set = find_key(arguments_, entry.key, schema_)) {
    problems_.warning(set->at, "sweep.", name, " is left out: --set wins over it");
    return;
  }
  if (dimension.range || !dimension.settings.empty()) dimensions_.push_back(std::move(dimension));
}

// Keys that change together: their first values are one setting, their second ones the next.
void StudyReader::read_zip(const Node& node) {
  if (!node.is_mapping() || node.entries.size() < 2)
    return problems_.error(node.at, "sweep.zip must be a mapping of several keys to lists of as many values, as {lr: [0.1, 0.01], epochs: [10, 100]}, not ",
                           node.is_mapping() ? cat("one of ", node.entries.size()) : kind_name(node));
  Dimension dimension;
  std::size_t count = 0;
  for (const Entry& entry : node.entries) {
    const std::string name = printable(entry.key);
    if (!swept_once(entry)) return;
    for (const Entry& other : node.entries)
      if (&other < &entry && full_key(other.key, schema_) == full_key(entry.key, schema_))
        return problems_.error(entry.at, "sweep.zip.", name, " is the key sweep.zip.", printable(other.key), " once more");
    if (!entry.value.is_list() || entry.value.items.empty())
      return problems_.error(entry.value.at, "sweep.zip.", name, " must be a list of values, not ", entry.value.is_list() ? "an empty one" : kind_name(entry.value),
                             in_brackets(entry.value));
    if (count == 0) count = entry.value.items.size();
    if (entry.value.items.size() != count)
      return problems_.error(entry.value.at, "sweep.zip.", name, " has ", entry.value.items.size(), " values, ", printable(node.entries.front().key), " beside it has ", count,
                             ": those at one place go together");
    if (const Entry* set = find_key(arguments_, entry.key, schema_)) {
      problems_.warning(set->at, "sweep.zip.", name, " is left out: --set wins over it");
      continue;
    }
    auto values = read_values(entry, entry.value);
    if (values.size() != count) return;
    dimension.settings.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      merge(dimension.settings[i].patch, values[i].patch, schema_);
      dimension.settings[i].texts.push_back(values[i].texts.front());
    }
    dimension.keys.push_back(entry.key);
  }
  if (!dimension.keys.empty()) dimensions_.push_back(std::move(dimension));
}

void StudyReader::warn_of_variants() {
  for (const std::string& name : variants())
    for (const std::string& key : swept)
      if (const Entry* own = find_key(std::ranges::find(variants_, name, &Variant::name)->patch, key, schema_))
        problems_.warning(own->at, "variant ", quote(name), " sets ", printable(key), ", and so does the sweep, which wins");
}

// Every combination, the last key the fastest.
std::vector<StudyReader::Point> StudyReader::grid() {
  double count = static_cast<double>(variants_.size());
  for (const Dimension& dimension : dimensions_) count *= static_cast<double>(dimension.settings.size());
  if (count > static_cast<double>(max_trials)) {
    problems_.error(sweep_at_, "the sweep and ", variants_.size(), variants_.size() == 1 ? " variant" : " variants", " are ", count,
                    " trials a seed: ", max_trials, " are allowed", search ? "" : "; search: {method: random, trials: 64} looks at some of them");
    for (Dimension& dimension : dimensions_) dimension.settings.resize(std::min<std::size_t>(dimension.settings.size(), 1));
  }
  std::vector<Point> out{{}};
  for (const Dimension& dimension : dimensions_) {
    std::vector<Point> finer;
    for (const Point& point : out)
      for (std::size_t i = 0; i < dimension.settings.size(); ++i) {
        finer.push_back(point);
        extend(finer.back(), dimension, dimension.settings[i], i);
      }
    out = std::move(finer);
  }
  return out;
}

void StudyReader::extend(Point& point, const Dimension& dimension, const Setting& setting, std::size_t position) {
  point.patches.push_back(setting.patch);
  for (std::size_t k = 0; k < dimension.keys.size(); ++k) {
    point.level.values.push_back(setting.texts[k]);
    point.level.name += cat(point.level.name.empty() ? "" : "/", folder_of(dimension.keys[k], setting.texts[k], position));
  }
}

void StudyReader::read_cases() {
  for (const Dimension& dimension : dimensions_) swept.insert(swept.end(), dimension.keys.begin(), dimension.keys.end());
  const bool ranges_left = std::ranges::any_of(dimensions_, [](const Dimension& dimension) { return dimension.range.has_value(); });
  if (ranges_left && !(search && search->trials > 0)) return void(cases.push_back(read(variants_.front(), {})));  // said already
  const std::vector<Point> points = search && search->trials > 0 && !dimensions_.empty() ? sampled() : grid();
  for (const Variant& variant : variants_)
    for (const Point& point : points)
      if (cases.empty() || !problems_.full()) cases.push_back(read(variant, point));
}

StudyReader::Case StudyReader::read(const Variant& variant, const Point& point) {
  Node tree = root_;
  merge(tree, variant.patch, schema_);
  for (const Node& patch : point.patches) merge(tree, patch, schema_);
  Case out{variant.name, point.level, {}};
  merge(tree, arguments_, schema_);
  out.reading = read_experiment(tree, schema_, *sources_, problems_);
  Experiment& e = out.reading.experiment;
  e.path = file_;
  if (!out.reading.tree.find("name")) e.name = file_.stem().string();
  auto places = std::make_shared<Places>();
  places->sources = sources_;
  places->at = out.reading.places;
  e.places = places;
  return out;
}

}  // namespace lehr::spec
