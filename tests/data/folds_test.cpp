#include "engine/data/folds.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/rng.h"
#include "engine/data/preprocess.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

using namespace lehr;
using Take = SplitOptions::Take;
using Rows = std::vector<std::int32_t>;

namespace {
// Rows of random classes (none: numbers), the last of them rare.
Dataset made(std::int64_t rows, std::int64_t classes, Random& random, std::int64_t at_least = 0) {
  Dataset data;
  data.source = "made.csv";
  data.rows = rows;
  for (std::int64_t c = 0; c < classes; ++c) data.classes.push_back(cat("c", c));
  for (std::int64_t r = 0; r < rows && classes > 0; ++r)
    data.target.i64.push_back(r < at_least * classes ? r % classes : static_cast<std::int64_t>(std::pow(random.uniform(), 2) * static_cast<double>(classes)));
  return data;
}

SplitOptions folds(std::int64_t k, std::int64_t index = 0, std::int64_t repeat = 0, bool stratify = false) {
  SplitOptions o;
  o.fold = FoldOptions{.k = k, .index = index, .repeat = repeat, .stratify = stratify};
  return o;
}

struct Range { std::int64_t low, high; };
Range range(const std::vector<std::int64_t>& counts) { return {std::ranges::min(counts), std::ranges::max(counts)}; }

// Rows of each fold; of one class, or all.
std::vector<std::int64_t> sizes(const Rows& fold_of, std::int64_t k, const Dataset* data = nullptr, std::int64_t of_class = 0) {
  std::vector<std::int64_t> out(static_cast<std::size_t>(k));
  for (std::size_t row = 0; row < fold_of.size(); ++row)
    if (!data || data->target.i64[row] == of_class) ++out[static_cast<std::size_t>(fold_of[row])];
  return out;
}

Rows together(const Split& s) {
  Rows out = s.train;
  out.insert(out.end(), s.validation.begin(), s.validation.end());
  out.insert(out.end(), s.test.begin(), s.test.end());
  std::ranges::sort(out);
  return out;
}
Rows counting(std::int64_t n) {
  Rows out(static_cast<std::size_t>(n));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

std::string refused(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.code() == Exit::mismatch);
    return error.what();
  }
  return "no error";
}
bool says(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}
}  // namespace

TEST_CASE("every row is in one fold of each dealing and trains in the others", "[folds]") {
  Random random(1, Stream::data);
  for (const auto& [n, k] : {std::pair{10, 2}, {11, 5}, {7, 7}, {351, 10}})
    for (const bool stratify : {false, true}) {
      const Dataset data = made(n, stratify ? (n == 7 ? 1 : 2) : 0, random, k <= n / 2 || n == 7 ? k : 0);
      std::set<std::vector<Rows>> dealings;
      for (std::int64_t repeat = 0; repeat < 3; ++repeat) {
        std::vector<Rows> kept;
        std::vector<int> seen(static_cast<std::size_t>(n));
        for (std::int64_t i = 0; i < k; ++i) {
          const Split s = split(data, folds(k, i, repeat, stratify));
          CHECK(together(s) == counting(n));
          CHECK(s.test.empty());
          CHECK(std::ranges::is_sorted(s.train));
          for (const std::int32_t row : s.validation) ++seen[static_cast<std::size_t>(row)];
          kept.push_back(s.validation);
          CHECK(split(data, folds(k, i, repeat, stratify)).validation == s.validation);
        }
        CHECK(std::ranges::all_of(seen, [](int times) { return times == 1; }));
        std::ranges::sort(kept);
        dealings.insert(kept);
      }
      if (n > k) CHECK(dealings.size() == 3);
    }
}

TEST_CASE("folds differ by at most one row, stratified in every class", "[folds]") {
  Random random(2, Stream::data);
  for (int table = 0; table < 200; ++table) {
    const auto k = 2 + static_cast<std::int64_t>(random.below(9)), classes = 1 + static_cast<std::int64_t>(random.below(6));
    const std::int64_t n = k * classes + static_cast<std::int64_t>(random.below(300));
    Dataset data = made(n, classes, random, k);
    for (std::int64_t row = k * classes; row < n; row += 7) data.target.i64[static_cast<std::size_t>(row)] = -1;
    INFO(n << " rows, " << k << " folds, " << classes << " classes");
    for (const bool stratify : {false, true}) {
      const Rows of = deal_folds(data, {.k = k, .repeat = table % 3, .stratify = stratify}, 5);
      const Range all = range(sizes(of, k));
      CHECK(all.high - all.low <= 1);
      for (std::int64_t c = -1; stratify && c < classes; ++c) {
        const Range one = range(sizes(of, k, &data, c));
        CHECK(one.high - one.low <= 1);
      }
    }
  }
}

TEST_CASE("a dealing depends on the seed and its repeat, a fold on no other", "[folds]") {
  Random random(3, Stream::data);
  const Dataset data = made(100, 2, random, 10);
  CHECK(deal_folds(data, {.k = 5}, 0) == deal_folds(data, {.k = 5, .index = 3}, 0));
  CHECK(deal_folds(data, {.k = 5}, 0) != deal_folds(data, {.k = 5}, 1));
  CHECK(deal_folds(data, {.k = 5}, 0) != deal_folds(data, {.k = 5, .repeat = 1}, 0));
  // the first of five folds of 100 rows, seed 0: what is dealt today is dealt tomorrow
  const Split first = split(data, folds(5));
  CHECK(first.validation.size() == 20);
  CHECK(Rows(first.validation.begin(), first.validation.begin() + 4) == Rows{2, 9, 15, 21});
}

TEST_CASE("without a fold rows are dealt as ever", "[folds][split]") {
  Dataset data;
  data.source = "made.csv", data.rows = 12;
  SplitOptions o;
  o.validation = 0.25, o.seed = 1;
  Rows order = counting(12);
  Random(1, Stream::split).shuffle(order);
  Rows last(order.begin() + 9, order.end());
  std::ranges::sort(last);
  CHECK(split(data, o).validation == last);
}

TEST_CASE("groups stay whole, folds of them as even as can be", "[folds]") {
  Random random(4, Stream::data);
  for (int table = 0; table < 60; ++table) {
    const auto below = [&](std::uint64_t n) { return static_cast<std::int64_t>(random.below(n)); };
    const std::int64_t k = 2 + below(5), groups = k + below(40), classes = 2 + below(2);
    const std::int64_t n = 40 * k + 10 * groups;
    const Dataset data = made(n, classes, random, k);
    Rows of(static_cast<std::size_t>(n));
    for (std::size_t r = 0; r < of.size(); ++r)
      of[r] = static_cast<std::int32_t>(std::cmp_less(r, groups) ? static_cast<double>(r) : std::pow(random.uniform(), 2) * static_cast<double>(groups));
    for (const bool stratify : {false, true}) {
      INFO(n << " rows in " << groups << " groups, " << k << " folds");
      const FoldOptions fold{.k = k, .repeat = table % 2, .stratify = stratify, .group = "g"};
      const Rows fold_of = deal_folds(data, fold, 0, of);
      CHECK(fold_of == deal_folds(data, fold, 0, of));
      std::map<std::int32_t, std::int32_t> whole;
      for (std::size_t r = 0; r < of.size(); ++r) CHECK(whole.try_emplace(of[r], fold_of[r]).first->second == fold_of[r]);
      // the largest first, each to the smallest: no group is dealt to a fold that is not the smallest
      std::vector<std::int64_t> rows(static_cast<std::size_t>(groups)), greedy(static_cast<std::size_t>(k));
      for (const std::int32_t g : of) ++rows[static_cast<std::size_t>(g)];
      std::ranges::sort(rows, std::greater{});
      for (const std::int64_t size : rows) *std::ranges::min_element(greedy) += size;
      const Range got = range(sizes(fold_of, k)), want = range(greedy);
      CHECK(got.low > 0);
      if (!stratify) CHECK(got.high - got.low <= want.high - want.low);
      if (!stratify) CHECK(got.high <= want.high);
    }
  }
}

TEST_CASE("groups of one class each are dealt class by class", "[folds]") {
  Dataset data;
  data.source = "made.csv", data.classes = {"a", "b"}, data.rows = 80;
  Rows of;
  for (std::int32_t r = 0; r < 80; ++r) data.target.i64.push_back(r / 4 < 5), of.push_back(r / 4);  // 5 groups of b, 15 of a
  std::set<Rows> dealings;
  for (std::int64_t repeat = 0; repeat < 5; ++repeat) {
    const Rows fold_of = deal_folds(data, {.k = 5, .repeat = repeat, .stratify = true, .group = "g"}, 0, of);
    CHECK(sizes(fold_of, 5, &data, 1) == std::vector<std::int64_t>(5, 4));
    CHECK(sizes(fold_of, 5, &data, 0) == std::vector<std::int64_t>(5, 12));
    dealings.insert(fold_of);
  }
  CHECK(dealings.size() == 5);
}

TEST_CASE("groups of sizes that all differ are dealt anew, too", "[folds]") {
  Dataset data;
  data.source = "made.csv";
  Rows of;
  for (std::int32_t g = 0; g < 30; ++g) of.insert(of.end(), static_cast<std::size_t>(10 + g), g);
  data.rows = std::ssize(of);
  std::set<std::set<std::set<std::int32_t>>> dealings;
  for (std::int64_t repeat = 0; repeat < 5; ++repeat) {
    const Rows fold_of = deal_folds(data, {.k = 5, .repeat = repeat, .group = "g"}, 0, of);
    const Range got = range(sizes(fold_of, 5));
    CHECK(got.high - got.low <= 1);
    std::vector<std::set<std::int32_t>> parts(5);
    for (std::size_t r = 0; r < of.size(); ++r) parts[static_cast<std::size_t>(fold_of[r])].insert(of[r]);
    dealings.insert({parts.begin(), parts.end()});
  }
  CHECK(dealings.size() == 5);
}

TEST_CASE("beside a fold the other rows are dealt as if there were no others", "[folds]") {
  Random random(5, Stream::data);
  const Dataset data = made(100, 2, random, 20);
  for (const Take take : {Take::random, Take::tail, Take::stratified})
    for (const bool rows : {false, true}) {
      std::set<Rows> inner;
      for (std::int64_t i = 0; i < 5; ++i) {
        SplitOptions o = folds(5, i);
        rows ? void(o.validation_rows = 20) : void(o.validation = 0.25);
        o.take = take;
        const Split s = split(data, o);
        CHECK(together(s) == counting(100));
        CHECK(s.test == split(data, folds(5, i)).validation);
        CHECK(s.validation.size() == 20);
        CHECK(s.train.size() == 60);
        if (take == Take::tail) CHECK(s.train.back() < s.validation.front());
        Rows place;  // of the validation rows among the others
        Rows others = s.train;
        others.insert(others.end(), s.validation.begin(), s.validation.end());
        std::ranges::sort(others);
        for (const std::int32_t row : s.validation) place.push_back(static_cast<std::int32_t>(std::ranges::find(others, row) - others.begin()));
        inner.insert(place);
        SplitOptions second = o;
        second.fold->repeat = 1;
        CHECK(split(data, second).validation != s.validation);
      }
      CHECK(inner.size() == (take == Take::tail ? 1u : 5u));  // drawn anew for each fold
    }
}

TEST_CASE("an inner split keeps the groups of the folds whole, and the order of its column", "[folds]") {
  const Dataset data = [] {
    Random random(6, Stream::data);
    return made(120, 0, random);
  }();
  SplitColumns columns;
  for (std::int32_t r = 0; r < 120; ++r) columns.fold_groups.push_back(r % 20);
  for (std::int64_t i = 0; i < 4; ++i) {
    SplitOptions o = folds(4, i);
    o.fold->group = "patient", o.validation = 0.3;
    const Split s = split(data, o, columns);
    CHECK(together(s) == counting(120));
    std::map<std::int32_t, int> part;
    int p = 0;
    for (const Rows* rows : {&s.train, &s.validation, &s.test}) {
      CHECK(!rows->empty());
      for (const std::int32_t row : *rows) CHECK(part.try_emplace(row % 20, p).first->second == p);
      ++p;
    }
    CHECK(s.validation.size() >= 27);
    o.take = Take::stratified;
    says(refused([&] { split(data, o, columns); }), "take random or tail there, not stratified");
  }
  SplitColumns timed;
  for (std::int32_t r = 0; r < 120; ++r) timed.order.push_back(119 - r);  // the last row is the earliest
  SplitOptions o = folds(4, 2);
  o.order = "t", o.validation_rows = 10;
  const Split s = split(data, o, timed);
  CHECK(s.validation.back() < s.train.front());
  o.fold->group = "patient", timed.fold_groups = columns.fold_groups;
  says(refused([&] { split(data, o, timed); }), "take random or tail there, not an order");
}

TEST_CASE("a column's values are folds", "[folds]") {
  const CsvTable table = parse_csv("x,year,site,y\n1,2021,b,0\n2,2019,a,1\n3,2020,b,0\n4,2021,a,1\n5,2020,c,0\n6,2019,c,1\n", "t.csv");
  CHECK(fold_values(table, "year") == std::vector<std::string>{"2019", "2020", "2021"});
  CHECK(fold_values(table, "site") == std::vector<std::string>{"a", "b", "c"});
  CHECK(fold_values(parse_csv("f\n10\n9\n2.5\n9\n", "t.csv"), "f") == std::vector<std::string>{"2.5", "9", "10"});
  CsvOptions text;
  text.text = {"f"};
  CHECK(fold_values(parse_csv("f\n10\n09\n9\n", "t.csv", text), "f") == std::vector<std::string>{"09", "9", "10"});
  SplitOptions o;
  o.fold = FoldOptions{.column = "year", .value = "2020"};
  TableSpec spec;
  spec.columns = {"x"};
  const PreparedData p = prepare_data(table, spec, o);
  CHECK(p.split.validation == Rows{2, 4});
  CHECK(p.split.train == Rows{0, 1, 3, 5});
  o.fold->column = "site", o.fold->value = "c", o.validation_rows = 1;
  const PreparedData q = prepare_data(table, spec, o);
  CHECK(q.split.test == Rows{4, 5});
  CHECK(q.split.validation.size() == 1);
}

TEST_CASE("folds of a group by a column of the table", "[folds]") {
  CsvTable table = parse_csv("x,p,y\n1,a,0\n2,a,1\n3,b,0\n4,c,1\n5,b,0\n6,c,\n", "t.csv");
  TableSpec spec;
  spec.drop_without_target = true, spec.columns = {"x"};
  drop_without_target(table, spec);
  SplitOptions o = folds(3);
  o.fold->group = "p";
  std::set<Rows> parts;
  for (o.fold->index = 0; o.fold->index < 3; ++o.fold->index) parts.insert(prepare_data(table, spec, o).split.validation);
  CHECK(parts == std::set<Rows>{{0, 1}, {2, 4}, {3}});
}

TEST_CASE("folds that cannot be dealt say why", "[folds]") {
  Random random(7, Stream::data);
  const Dataset ten = made(10, 0, random);
  Dataset two = ten;
  two.classes = {"a", "b"}, two.target.i64 = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
  const auto of = [](const Dataset& data, const SplitOptions& o, const SplitColumns& columns = {}) { return refused([&] { split(data, o, columns); }); };
  says(of(ten, folds(1)), "folds.k is 1: at least two folds are needed");
  says(of(ten, folds(-3)), "folds.k is -3: at least two folds are needed");
  says(of(ten, folds(11)), "folds.k: 'made.csv' has 10 rows, too few for 11 folds");
  says(of(ten, folds(3, 3)), "there is no fold 3 of 3");
  says(of(ten, folds(3, -1)), "there is no fold -1 of 3");
  says(of(ten, folds(3, 0, -1)), "there is no dealing -1");
  says(of(ten, folds(2, 0, 0, true)), "a stratified split needs classes, the target of 'made.csv' has none");
  says(of(two, folds(3, 0, 0, true)), "folds.stratify: class 'b' has 2 rows, too few for one in each of 3 folds");
  SplitOptions o = folds(2);
  o.test = 0.1;
  says(of(ten, o), "data.split.test and folds exclude each other");
  o.test = 0, o.test_rows = 1;
  says(of(ten, o), "data.split.test and folds exclude each other");
  o = folds(2), o.validation_rows = 5;
  says(of(ten, o), "none is left to train on");
  says(of(ten, o), "in the rows beside fold 1 of 2");
  o = folds(3), o.fold->group = "g";
  says(of(ten, o), "folds.group needs a column of a table, 'made.csv' has none called 'g'");
  says(of(ten, o, {.groups = {}, .order = {}, .fold_groups = {0, 0, 0, 0, 0, 5, 5, 5, 5, 5}}), "folds.k: column 'g' has 2 groups, too few for 3 folds");

  const CsvTable table = parse_csv("x,group,gaps,y\n1,a,1,0\n2,b,,1\n3,a,2,0\n4,b,,1\n", "t.csv"), same = parse_csv("x,f,y\n1,a,0\n2,a,1\n", "s.csv");
  const auto in = [&](const CsvTable& t, FoldOptions fold) {
    SplitOptions options;
    options.fold = fold;
    return refused([&] { prepare_data(t, {}, options); });
  };
  says(in(table, {.k = 2, .group = "grop"}), "folds.group: 't.csv' has no column 'grop', did you mean 'group'?");
  says(in(table, {.k = 2, .group = "gaps"}),
       "folds.group: column 'gaps' of 't.csv' has 2 missing cells, the first in line 3, column 'gaps': every row needs one");
  says(in(table, {.column = "groupe", .value = "a"}), "folds.column: 't.csv' has no column 'groupe', did you mean 'group'?");
  says(in(table, {.column = "gaps", .value = "1"}), "folds.column: column 'gaps' of 't.csv' has 2 missing cells, the first in line 3, column 'gaps'");
  says(in(table, {.column = "group", .value = "c"}), "folds.column: no row of 't.csv' has the value 'c' in column 'group'");
  says(in(same, {.column = "f", .value = "a"}), "folds.column: every row of 's.csv' has the same value in column 'f'");
  std::string many = "x,f,y\n";
  for (int i = 0; i < 1001; ++i) many += cat(i % 2, ",", i, ",1\n");
  says(in(parse_csv(many, "m.csv"), {.column = "f", .value = "1"}), "folds.column: column 'f' of 'm.csv' has more than 1,000 values");
}
