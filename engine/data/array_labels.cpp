#include "engine/data/array_labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <set>
#include <unordered_map>

#include "base/error.h"
#include "engine/data/problems.h"

namespace lehr {

namespace {
constexpr std::size_t most_classes = 10'000;

std::optional<std::int64_t> whole(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string shown(const std::vector<std::string>& names) {
  constexpr std::size_t most = 12;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(most, names.size()); ++i) out.push_back(printable(names[i]));
  return cat(join(out, ", "), names.size() > most ? cat(", … ", names.size(), " in all") : "");
}

std::vector<std::int64_t> plain(const Field& target, std::int64_t rows) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(rows));
  if (target.stored.whole()) {
    std::vector<std::int32_t> all(out.size());
    std::iota(all.begin(), all.end(), 0);
    target.stored.gather(all, out.data());
    return out;
  }
  for (std::size_t r = 0; r < out.size(); ++r) {
    const double v = target.stored.raw(r);
    if (v != std::floor(v) || std::abs(v) > 9007199254740992.0)  // 2^53
      throw Error("row ", r, " (from 0) is ", v, ", no class: a loss over classes takes whole numbers").code(Exit::mismatch);
    out[r] = static_cast<std::int64_t>(v);
  }
  return out;
}

// f(row, where its single 1 is, -1 where it has other values than that and zeros) until f says no.
template <class Each>
void each_hot(const Field& target, std::int64_t rows, const Each& each) {
  const auto width = static_cast<std::size_t>(target.width());
  std::vector<double> row(width);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int32_t one[] = {static_cast<std::int32_t>(r)};
    target.stored.gather_raw(one, row.data());
    const auto at = std::ranges::find(row, 1.0);
    const bool hot = at != row.end() && std::ranges::count(row, 0.0) == static_cast<std::ptrdiff_t>(width) - 1;
    if (!each(r, hot ? at - row.begin() : -1)) return;
  }
}

std::vector<std::int64_t> one_hot(const Field& target, std::int64_t rows) {
  std::vector<std::int64_t> out;
  each_hot(target, rows, [&](std::int64_t r, std::int64_t at) {
    if (at < 0)
      throw Error("its rows are ", target.row, ": a loss over classes takes one whole number a row, or a single 1 among zeros, which row ", r,
                  " (from 0) is not")
          .code(Exit::mismatch);
    out.push_back(at);
    return true;
  });
  return out;
}

// Every label's class by its number; what has none is told.
void rename(Labels& out, const std::unordered_map<std::int64_t, std::int64_t>& index, const std::vector<std::string>& classes) {
  Problems problems;
  for (std::size_t r = 0; r < out.values.size(); ++r) {
    const auto at = index.find(out.values[r]);
    if (at == index.end())
      problems.add([&] { return cat("row ", r, " (from 0): ", out.values[r], " is not one of the classes ", shown(classes)); });
    else
      out.values[r] = at->second;
  }
  problems.raise(Exit::mismatch);
}
}  // namespace

bool one_hot_rows(const Field& target, std::int64_t rows) {
  bool out = true;
  each_hot(target, rows, [&](std::int64_t, std::int64_t at) { return out = at >= 0; });
  return out;
}

Labels read_labels(const Field& target, std::int64_t rows, const ArrayUse& use) {
  Labels out;
  const bool hot = target.width() > 1;
  if (target.width() == 0) throw Error("its rows are ", target.row, ": empty").code(Exit::mismatch);
  out.values = hot ? one_hot(target, rows) : plain(target, rows);
  target.stored.leave();
  std::set<std::int64_t> found;
  const auto ignored = [&](std::int64_t v) { return std::ranges::find(use.ignore, cat(v)) != use.ignore.end(); };
  for (const std::string& each : use.ignore)
    if (std::ranges::none_of(out.values, [&](std::int64_t v) { return cat(v) == each; }))
      throw Error("target.ignore names ", quote(each), ", which no label is").code(Exit::mismatch);
  for (const std::int64_t v : out.values)
    if (!ignored(v) && found.insert(v).second && found.size() > most_classes)
      throw Error("it has more than ", most_classes, " different labels: too many for classes").code(Exit::mismatch);
  if (hot) {
    for (std::int64_t c = 0; c < target.width(); ++c) found.insert(c);
    out.notes.push_back(cat("the target is one-hot: its columns 0 to ", target.width() - 1, " are the classes"));
  }
  std::vector<std::string> numbers;
  for (const std::int64_t v : found) numbers.push_back(cat(v));
  const bool from_zero = found.empty() || (*found.begin() == 0 && *found.rbegin() + 1 == static_cast<std::int64_t>(found.size()));

  std::unordered_map<std::int64_t, std::int64_t> index;
  const auto by_place = [&](const std::vector<std::string>& names) {
    out.classes = names;
    for (std::size_t c = 0; c < names.size(); ++c) index.emplace(static_cast<std::int64_t>(c), static_cast<std::int64_t>(c));
  };
  const auto by_value = [&](const std::vector<std::string>& names) {
    out.classes = names;
    for (std::size_t c = 0; c < names.size(); ++c) index.emplace(whole(names[c]).value(), static_cast<std::int64_t>(c));
  };
  const auto all_numbers = [](const std::vector<std::string>& names) { return std::ranges::all_of(names, [](const auto& n) { return whole(n).has_value(); }); };
  if (!use.classes.empty()) {
    if (all_numbers(use.classes))
      by_value(use.classes);
    else
      by_place(use.classes), out.notes.push_back(cat("the labels 0 to ", use.classes.size() - 1, " are, in this order, ", shown(use.classes)));
  } else if (from_zero && use.own_classes.size() == found.size() && !found.empty()) {
    if (all_numbers(use.own_classes))
      by_value(use.own_classes);
    else
      by_place(use.own_classes), out.notes.push_back(cat("the labels 0 to ", found.size() - 1, " are, in the model's own order, ", shown(use.own_classes)));
  } else {
    by_value(numbers);
    if (!from_zero)
      out.notes.push_back(cat("the labels are ", shown(numbers), ", not 0 to ", numbers.size() - 1,
                              ": in this order they are the classes (target: {classes: […]} says otherwise)"));
  }
  for (const std::string& each : use.ignore)
    if (const auto v = whole(each)) index[*v] = -1;
  rename(out, index, out.classes);
  return out;
}

}  // namespace lehr
