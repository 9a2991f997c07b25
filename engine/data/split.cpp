#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "engine/data/dataset.h"
#include "engine/data/folds.h"

namespace lehr {

namespace {
using Rows = std::vector<std::int32_t>;
struct Sizes { std::int64_t train = 0, validation = 0, test = 0; };

template <class... Parts>
Error misfit(const Parts&... parts) { return Error(parts...).code(Exit::mismatch); }

void check_fraction(const char* part, double fraction, std::int64_t rows) {
  if (rows < 0 && !(fraction >= 0 && fraction < 1)) throw Error("the ", part, " part is ", fraction, ", it must be at least 0 and less than 1");
}

// Rows up to and including training (and validation) are floor(n * (1 - what follows)).
Sizes sizes(std::int64_t n, const SplitOptions& o) {
  check_fraction("validation", o.validation, o.validation_rows);
  check_fraction("test", o.test, o.test_rows);
  const auto rest = [](std::int64_t rows, double fraction) {
    return rows - static_cast<std::int64_t>(std::floor(static_cast<double>(rows) * (1 - fraction)));
  };
  Sizes s;
  s.test = o.test_rows >= 0 ? o.test_rows : rest(n, o.test);
  if (o.validation_rows >= 0) s.validation = o.validation_rows;
  else if (o.test_rows >= 0) s.validation = rest(n, o.validation);
  else s.validation = rest(n, o.validation + o.test) - s.test;
  if (s.test > n || s.validation > n || s.test + s.validation >= n)
    throw misfit("validation takes ", s.validation, " and test ", s.test, " of ", n, " rows: none is left to train on");
  if (o.validation > 0 && s.validation <= 0) throw misfit("a validation part of ", o.validation, " of ", n, " rows is empty");
  if (o.test > 0 && s.test <= 0) throw misfit("a test part of ", o.test, " of ", n, " rows is empty");
  s.train = n - s.validation - s.test;
  return s;
}

// Which part each row belongs to.
using Parts = std::vector<std::uint8_t>;
enum Part : std::uint8_t { train, validation, test };

// The first rows of `order` train, then come validation and test.
void deal(std::span<const std::int32_t> order, const Sizes& s, Parts& out) {
  std::int64_t at = 0;
  for (const auto& [part, count] : {std::pair{train, s.train}, std::pair{validation, s.validation}, std::pair{test, s.test}})
    for (const std::int64_t end = at + count; at < end; ++at) out[static_cast<std::size_t>(order[static_cast<std::size_t>(at)])] = part;
}

// The rows of each part in ascending order.
Split gathered(const Parts& parts, const Sizes& s) {
  Split out;
  Rows* of_part[] = {&out.train, &out.validation, &out.test};
  const std::int64_t sizes[] = {s.train, s.validation, s.test};
  std::int32_t* to[3];
  for (std::size_t p = 0; p < 3; ++p) of_part[p]->resize(static_cast<std::size_t>(sizes[p])), to[p] = of_part[p]->data();
  for (std::size_t row = 0; row < parts.size(); ++row) *to[parts[row]]++ = static_cast<std::int32_t>(row);
  return out;
}

// Shares of `total` in proportion to counts: whole parts, then one each to the largest remainders (earlier class first).
// No share passes what `room` leaves.
std::vector<std::int64_t> shares(const std::vector<std::int64_t>& counts, const std::vector<std::int64_t>& room, std::int64_t total) {
  const double n = static_cast<double>(std::accumulate(counts.begin(), counts.end(), std::int64_t{0}));
  std::vector<std::int64_t> out(counts.size());
  std::vector<double> remainder(counts.size());
  std::vector<std::size_t> order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::int64_t left = total;
  for (std::size_t c = 0; c < counts.size(); ++c) {
    const double exact = static_cast<double>(counts[c]) * static_cast<double>(total) / n;
    out[c] = std::min(static_cast<std::int64_t>(exact), room[c]);
    remainder[c] = exact - static_cast<double>(out[c]);
    left -= out[c];
  }
  std::ranges::stable_sort(order, std::ranges::greater{}, [&](std::size_t c) { return remainder[c]; });
  while (left > 0)
    for (const std::size_t c : order)
      if (left > 0 && out[c] < room[c]) ++out[c], --left;
  return out;
}

void stratify(const Dataset& data, const Sizes& s, Random random, Parts& out) {
  std::vector<Rows> classes = rows_per_class(data);
  const std::int64_t parts = 1 + (s.validation > 0) + (s.test > 0);
  std::vector<std::int64_t> counts, room;
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const auto count = static_cast<std::int64_t>(classes[c].size());
    if (c < data.classes.size() && count < parts)
      throw misfit("class ", quote(data.classes[c]), " has ", count, count == 1 ? " row" : " rows", ", too few to stratify into ", parts,
                   " parts");
    counts.push_back(count);
    room.push_back(c < data.classes.size() ? count - 1 : count);
  }
  if (s.validation + s.test > std::accumulate(room.begin(), room.end(), std::int64_t{0}))
    throw misfit(s.train, " training rows are too few for ", classes.size(), " classes");
  const auto validation = shares(counts, room, s.validation);
  for (std::size_t c = 0; c < room.size(); ++c) room[c] -= validation[c];
  const auto test = shares(counts, room, s.test);
  for (std::size_t c = 0; c < classes.size(); ++c) {
    random.shuffle(classes[c]);
    deal(classes[c], {counts[c] - validation[c] - test[c], validation[c], test[c]}, out);
  }
}

// Whole groups: in a random order, or the last ones where the rows are taken from the end, each into the part that still lacks rows: test, then validation. A part has
// at least its rows, more by less than a group.
Sizes keep_together(const std::vector<std::int32_t>& groups, const Sizes& wanted, const SplitOptions& options, Random random, Parts& out) {
  const auto count = static_cast<std::size_t>(*std::ranges::max_element(groups)) + 1;
  std::vector<std::int64_t> rows(count, 0);
  for (const std::int32_t g : groups) ++rows[static_cast<std::size_t>(g)];
  Rows order(count);
  std::iota(order.begin(), order.end(), 0);
  if (options.take == SplitOptions::Take::random) random.shuffle(order);
  else std::ranges::reverse(order);
  std::vector<Part> part(count, train);
  Sizes got;
  std::size_t next = 0;
  for (const auto& [to, size, have] : {std::tuple{test, wanted.test, &got.test}, std::tuple{validation, wanted.validation, &got.validation}})
    while (*have < size && next < count) part[static_cast<std::size_t>(order[next])] = to, *have += rows[static_cast<std::size_t>(order[next++])];
  for (; next < count; ++next) got.train += rows[static_cast<std::size_t>(order[next])];
  if (got.train == 0 || got.validation < wanted.validation || got.test < wanted.test)
    throw misfit("the ", count, count == 1 ? " group" : " groups", " of column ", quote(options.group), " cannot be dealt into ", wanted.train, " rows to train on, ",
                 wanted.validation, " to validate and ", wanted.test, " to test");
  for (std::size_t row = 0; row < groups.size(); ++row) out[row] = part[static_cast<std::size_t>(groups[row])];
  return got;
}
Split deal_all(const Dataset& data, const SplitOptions& options, const SplitColumns& columns, std::uint64_t substream) {
  const Sizes s = sizes(data.rows, options);
  Parts out(static_cast<std::size_t>(data.rows));
  Random random(options.seed, Stream::split, substream);
  if (!columns.groups.empty()) return gathered(out, keep_together(columns.groups, s, options, random, out));
  if (!columns.order.empty()) {
    deal(columns.order, s, out);
  } else if (options.take == SplitOptions::Take::stratified) {
    stratify(data, s, random, out);
  } else {
    Rows order(static_cast<std::size_t>(data.rows));
    std::iota(order.begin(), order.end(), 0);
    if (options.take == SplitOptions::Take::random) random.shuffle(order);
    deal(order, s, out);
  }
  return gathered(out, s);
}

// What is said of these rows, which ascend, as if there were no others.
Dataset only(const Dataset& data, const Rows& rows) {
  Dataset out;
  out.source = data.source, out.rows = std::ssize(rows), out.classes = data.classes;
  if (!data.classes.empty())
    for (const std::int32_t row : rows) out.target.i64.push_back(data.target.i64[static_cast<std::size_t>(row)]);
  return out;
}
SplitColumns only(const SplitColumns& columns, const Rows& groups, const Rows& rows) {
  SplitColumns out;
  std::map<std::int32_t, std::int32_t> renumbered;
  if (!groups.empty())
    for (const std::int32_t row : rows)
      out.groups.push_back(renumbered.try_emplace(groups[static_cast<std::size_t>(row)], static_cast<std::int32_t>(renumbered.size())).first->second);
  if (columns.order.empty()) return out;
  Rows place(columns.order.size(), -1);
  for (std::size_t i = 0; i < rows.size(); ++i) place[static_cast<std::size_t>(rows[i])] = static_cast<std::int32_t>(i);
  for (const std::int32_t row : columns.order)
    if (const std::int32_t at = place[static_cast<std::size_t>(row)]; at >= 0) out.order.push_back(at);
  return out;
}

Split split_fold(const Dataset& data, SplitOptions options, const SplitColumns& columns) {
  const FoldOptions fold = *std::exchange(options.fold, {});
  if (options.tests()) throw misfit("data.split.test and folds exclude each other: the rows of a fold are those that are measured once");
  if (options.validates() && !fold.group.empty() && options.group.empty() && (!options.order.empty() || options.take == SplitOptions::Take::stratified))
    throw misfit("folds.group keeps the rows of a value of ", quote(fold.group), " together among the validation rows of data.split, too: ",
                 "take random or tail there, not ", options.order.empty() ? "stratified" : "an order");
  const bool groups_of_folds = options.group.empty();
  if (groups_of_folds) options.group = fold.group;
  const bool dealt = fold.k != 0;
  const std::vector<std::int32_t> of_row = dealt ? deal_folds(data, fold, options.seed, columns.fold_groups) : columns.folds;
  const std::int64_t wanted = dealt ? fold.index : columns.fold;
  Rows kept, others;
  for (std::size_t row = 0; row < of_row.size(); ++row) (of_row[row] == wanted ? kept : others).push_back(static_cast<std::int32_t>(row));
  const auto of_value = [&] { return cat(" of ", quote(data.source), " has the value ", quote(fold.value), " in column ", quote(fold.column)); };
  if (kept.empty()) throw misfit("no row", of_value(), ": there is no such fold");
  if (others.empty()) throw misfit("every row", of_value(), ": the fold leaves none to train on");
  const auto beside = [&] { return cat("the rows beside fold ", dealt ? cat(fold.index + 1, " of ", fold.k) : quote(fold.value)); };
  Split out = within(beside, [&] {
    return deal_all(only(data, others), options, only(columns, groups_of_folds ? columns.fold_groups : columns.groups, others), inner_substream(fold, wanted));
  });
  for (Rows* part : {&out.train, &out.validation})
    for (std::int32_t& row : *part) row = others[static_cast<std::size_t>(row)];
  (options.validates() ? out.test : out.validation) = std::move(kept);
  return out;
}
}  // namespace

Split split(const Dataset& data, const SplitOptions& options, const SplitColumns& columns) {
  if (data.rows == 0) throw misfit(quote(data.source), " has no rows to split");
  return options.fold ? split_fold(data, options, columns) : deal_all(data, options, columns, 0);
}

}  // namespace lehr
