#include "engine/data/folds.h"

#include <algorithm>
#include <limits>
#include <map>
#include <numeric>

#include "base/error.h"
#include "base/rng.h"
#include "engine/data/columns.h"
#include "engine/data/target.h"

namespace lehr {

namespace {
using Rows = std::vector<std::int32_t>;

template <class... Parts>
Error misfit(const Parts&... parts) { return Error(parts...).code(Exit::mismatch); }

std::string several(std::int64_t count, const char* what) { return cat(grouped(count), " ", what, count == 1 ? "" : "s"); }

void check(const FoldOptions& fold) {
  if (fold.k < 2) throw misfit("folds.k is ", fold.k, ": at least two folds are needed, one is measured and the others train");
  if (fold.index < 0 || fold.index >= fold.k) throw misfit("there is no fold ", fold.index, " of ", fold.k, ", they count from 0");
  if (fold.repeat < 0 || fold.repeat >= std::numeric_limits<std::int32_t>::max())
    throw misfit("there is no dealing ", fold.repeat, " of folds, they count from 0");
}

void check_classes(const Dataset& data, const std::vector<Rows>& classes, std::int64_t k) {
  for (std::size_t c = 0; c < data.classes.size(); ++c)
    if (std::ssize(classes[c]) < k)
      throw misfit("folds.stratify: class ", quote(data.classes[c]), " has ", several(std::ssize(classes[c]), "row"),
                   ", too few for one in each of ", k, " folds");
}

// Whole groups, so that what is measured of each fold (its rows; stratified, those of each class) is as even as can be: the sum over folds and measures
// of the square of the fold's share of the measure is made small. Of two folds that exchange rows of one measure the sum falls just where their sizes come
// nearer.
class GroupDealing {
 public:
  GroupDealing(std::span<const std::int32_t> groups, const std::vector<Rows>& classes, std::int64_t k)
      : measures_(1 + classes.size()), k_(static_cast<std::size_t>(k)), held_(k_ * measures_, 0.0), weight_(measures_, 1.0) {
    const auto count = static_cast<std::size_t>(*std::ranges::max_element(groups)) + 1;
    counts_.resize(count), fold_.assign(count, 0);
    for (const std::int32_t g : groups) add(static_cast<std::size_t>(g), 0);
    for (std::size_t c = 0; c < classes.size(); ++c)
      for (const std::int32_t row : classes[c]) add(static_cast<std::size_t>(groups[static_cast<std::size_t>(row)]), c + 1);
    if (classes.empty()) return;  // whole numbers: nothing is rounded
    weight_[0] = 1 / (static_cast<double>(groups.size()) * static_cast<double>(groups.size()));
    for (std::size_t c = 0; c < classes.size(); ++c)
      if (const auto n = static_cast<double>(classes[c].size()); n > 0) weight_[c + 1] = 1 / (n * n);
  }

  // The largest first is as even as is asked for; where sizes differ it has one result, so folds from a random beginning are taken if they become as even.
  Rows deal(Random random) {
    largest_first(random);
    even_out(random);
    const Rows greedy = fold_;
    const double even = sum(), apart = spread();
    for (std::size_t begun = 0; begun < std::min<std::size_t>(20, (std::size_t{1} << 21) / tries()); ++begun) {
      for (std::size_t g = 0; g < counts_.size(); ++g) move(g, static_cast<std::int32_t>(random.below(k_)));
      even_out(random);
      if (sum() <= even && spread() <= apart) return fold_;
    }
    return greedy;
  }

 private:
  struct Count {
    std::size_t measure;
    double rows;
  };
  void add(std::size_t group, std::size_t measure) {
    auto& counts = counts_[group];
    if (counts.empty() || counts.back().measure != measure) counts.push_back({measure, 0});
    ++counts.back().rows;
  }
  // Of a group with what a fold holds.
  double product(std::size_t group, std::int32_t fold) const {
    const double* held = held_.data() + static_cast<std::size_t>(fold) * measures_;
    double sum = 0;
    for (const Count& c : counts_[group]) sum += weight_[c.measure] * c.rows * held[c.measure];
    return sum;
  }
  double square(std::size_t group) const {
    double sum = 0;
    for (const Count& c : counts_[group]) sum += weight_[c.measure] * c.rows * c.rows;
    return sum;
  }
  void put(std::size_t group, std::int32_t fold, double sign = 1) {
    double* held = held_.data() + static_cast<std::size_t>(fold) * measures_;
    for (const Count& c : counts_[group]) held[c.measure] += sign * c.rows;
    fold_[group] = fold;
  }
  // What the sum of squares grows by, halved.
  double move(std::size_t group, std::int32_t to) {
    const std::int32_t from = fold_[group];
    const double grows = product(group, to) - product(group, from) + square(group);
    put(group, from, -1), put(group, to);
    return grows;
  }

  double sum() const {
    double out = 0;
    for (std::size_t i = 0; i < held_.size(); ++i) out += weight_[i % measures_] * held_[i] * held_[i];
    return out;
  }
  // Rows that the largest fold has more than the smallest.
  double spread() const {
    double low = held_[0], high = low;
    for (std::size_t f = 0; f < k_; ++f) low = std::min(low, held_[f * measures_]), high = std::max(high, held_[f * measures_]);
    return high - low;
  }
  std::size_t tries() const { return std::min<std::size_t>(100 * counts_.size(), std::size_t{1} << 17); }

  void largest_first(Random& random) {
    Rows order(counts_.size());
    std::iota(order.begin(), order.end(), 0);
    random.shuffle(order);
    std::vector<double> size(counts_.size());
    for (std::size_t g = 0; g < size.size(); ++g) size[g] = square(g);
    std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::int32_t g) { return size[static_cast<std::size_t>(g)]; });
    for (const std::int32_t g : order) {
      std::pair<double, double> least{std::numeric_limits<double>::infinity(), 0};
      std::int32_t to = 0;
      for (std::int32_t f = 0; f < static_cast<std::int32_t>(k_); ++f)
        if (const std::pair at{product(static_cast<std::size_t>(g), f), held_[static_cast<std::size_t>(f) * measures_]}; at < least) least = at, to = f;
      put(static_cast<std::size_t>(g), to);
    }
  }

  void even_out(Random& random) {
    for (std::size_t i = 0; i < tries(); ++i) {
      const auto one = static_cast<std::size_t>(random.below(counts_.size())), other = static_cast<std::size_t>(random.below(counts_.size()));
      const bool exchange = random.below(2) == 1;
      const std::int32_t from = fold_[one], to = fold_[other];
      if (from == to) continue;
      double grows = move(one, to);
      if (exchange) grows += move(other, from);
      if (grows <= 0) continue;
      move(one, from);
      if (exchange) move(other, to);
    }
  }

  std::size_t measures_, k_;
  std::vector<std::vector<Count>> counts_;
  std::vector<double> held_;    // [fold, measure]
  std::vector<double> weight_;  // of the square of a measure
  Rows fold_;
};
}  // namespace

std::uint64_t fold_substream(const FoldOptions& fold) { return 1 + static_cast<std::uint64_t>(fold.repeat); }
std::uint64_t inner_substream(const FoldOptions& fold, std::int64_t place) { return fold_substream(fold) << 32 | static_cast<std::uint64_t>(place); }

std::vector<std::int32_t> deal_folds(const Dataset& data, const FoldOptions& fold, std::uint64_t seed, std::span<const std::int32_t> groups) {
  check(fold);
  if (fold.k > data.rows) throw misfit("folds.k: ", quote(data.source), " has ", several(data.rows, "row"), ", too few for ", fold.k, " folds");
  std::vector<Rows> classes;
  if (fold.stratify) check_classes(data, classes = rows_per_class(data), fold.k);
  Random random(seed, Stream::split, fold_substream(fold));
  Rows out(static_cast<std::size_t>(data.rows));
  if (!fold.group.empty()) {
    if (std::ssize(groups) != data.rows) throw misfit("folds.group needs a column of a table, ", quote(data.source), " has none called ", quote(fold.group));
    Rows dense;
    std::map<std::int32_t, std::int32_t> place;
    for (const std::int32_t g : groups) dense.push_back(place.try_emplace(g, static_cast<std::int32_t>(place.size())).first->second);
    GroupDealing dealing(dense, classes, fold.k);
    if (const auto count = static_cast<std::int64_t>(place.size()); fold.k > count)
      throw misfit("folds.k: column ", quote(fold.group), " has ", several(count, "group"), ", too few for ", fold.k, " folds");
    const Rows of_group = dealing.deal(random);
    for (std::size_t row = 0; row < out.size(); ++row) out[row] = of_group[static_cast<std::size_t>(dense[row])];
    return out;
  }
  if (classes.empty()) {
    classes.resize(1);
    classes[0].resize(out.size());
    std::iota(classes[0].begin(), classes[0].end(), 0);
  }
  std::int64_t next = 0;  // goes on from class to class, so that no fold gets the odd row of each
  for (Rows& rows : classes) {
    random.shuffle(rows);
    for (const std::int32_t row : rows) out[static_cast<std::size_t>(row)] = static_cast<std::int32_t>(next++ % fold.k);
  }
  return out;
}

std::vector<std::string> fold_values(const CsvTable& table, const std::string& column) {
  constexpr std::size_t most = 1000;
  const std::size_t c = whole_column(table, column, "folds.column");
  const Column& cells = table.columns[c];
  std::vector<std::string> out;
  if (cells.numeric) {
    std::vector<double> values = cells.numbers.all();
    std::ranges::sort(values);
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const double value : values)
      if (out.size() <= most) out.push_back(number(value));
  } else {
    std::vector<bool> there(cells.texts.size());
    for (const std::int32_t code : cells.codes) there[static_cast<std::size_t>(code)] = true;
    for (std::size_t t = 0; t < there.size(); ++t)
      if (there[t]) out.push_back(cells.texts[t]);
    table::sort_names(out);
  }
  if (out.size() < 2)
    throw misfit("folds.column: every row of ", quote(table.source), " has the same value in column ", quote(column),
                 ": there is one fold, at least two are needed");
  if (out.size() > most)
    throw misfit("folds.column: column ", quote(column), " of ", quote(table.source), " has more than ", grouped(most),
                 " values: each would be a fold (folds: {k: 5, group: ", printable(column), "} deals them into 5)");
  return out;
}

}  // namespace lehr
