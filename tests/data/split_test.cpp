#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>

#include "base/error.h"
#include "engine/data/preprocess.h"
#include "tests/support/catch.h"

using namespace lehr;
using Take = SplitOptions::Take;

namespace {
// `rows` rows whose class is row % classes (none: regression).
Dataset rows_of(std::int64_t rows, std::int64_t classes = 0) {
  Dataset data;
  data.source = "made.csv";
  data.rows = rows;
  for (std::int64_t c = 0; c < classes; ++c) data.classes.push_back(std::string(1, static_cast<char>('a' + c)));
  for (std::int64_t r = 0; r < rows && classes > 0; ++r) data.target.i64.push_back(r % classes);
  return data;
}

SplitOptions options(double validation, double test, Take take, std::uint64_t seed = 0) {
  SplitOptions o;
  o.validation = validation, o.test = test, o.take = take, o.seed = seed;
  return o;
}

void check_partition(const Split& s, std::int64_t rows) {
  std::vector<std::int32_t> all;
  for (const auto* part : {&s.train, &s.validation, &s.test}) {
    CHECK(std::ranges::is_sorted(*part));
    all.insert(all.end(), part->begin(), part->end());
  }
  std::ranges::sort(all);
  std::vector<std::int32_t> expected(static_cast<std::size_t>(rows));
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(all == expected);
}

std::string error_of(const Dataset& data, const SplitOptions& o, Exit code) {
  try {
    split(data, o);
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "no error";
}
}  // namespace

TEST_CASE("every split is a partition, a pure function of its seed", "[split]") {
  for (const Take take : {Take::tail, Take::random, Take::stratified})
    for (const std::int64_t rows : {7, 10, 100, 351, 1000})
      for (const auto& [validation, test] : {std::pair{0.0, 0.0}, {0.33, 0.0}, {0.2, 0.2}, {0.0, 0.3}, {0.5, 0.1}})
        for (const std::uint64_t seed : {0u, 1u, 77u}) {
          const Dataset data = rows_of(rows, 2);
          const Split once = split(data, options(validation, test, take, seed)), again = split(data, options(validation, test, take, seed));
          check_partition(once, rows);
          CHECK(once.validation == again.validation);
          CHECK(once.test == again.test);
          CHECK(once.train.size() == static_cast<std::size_t>(std::floor(static_cast<double>(rows) * (1 - (validation + test)))));
        }
}

TEST_CASE("tail takes the last rows, test behind validation, and cuts where Keras cuts", "[split]") {
  const Split s = split(rows_of(10), options(0.2, 0.3, Take::tail));
  CHECK(s.train == std::vector<std::int32_t>{0, 1, 2, 3, 4});
  CHECK(s.validation == std::vector<std::int32_t>{5, 6});
  CHECK(s.test == std::vector<std::int32_t>{7, 8, 9});
  // int(n * (1 - validation_split)), in doubles
  struct Row { std::int64_t n; double fraction; std::size_t train; };
  for (const Row& row : {Row{351, 0.33, 235}, {10, 0.1, 9}, {150, 0.25, 112}, {1000, 0.9, 99}, {7, 0.5, 3}})
    CHECK(split(rows_of(row.n), options(row.fraction, 0, Take::tail)).train.size() == row.train);
}

TEST_CASE("rows instead of a fraction", "[split]") {
  SplitOptions o = options(0, 0, Take::random);
  o.validation_rows = 20, o.test_rows = 5;
  const Split s = split(rows_of(100), o);
  CHECK(s.train.size() == 75);
  CHECK(s.validation.size() == 20);
  CHECK(s.test.size() == 5);
}

TEST_CASE("random splits differ by seed and do not follow the file's order", "[split]") {
  const Dataset data = rows_of(1000);
  const Split a = split(data, options(0.3, 0, Take::random, 1)), b = split(data, options(0.3, 0, Take::random, 2));
  CHECK(a.validation != b.validation);
  const double mean = std::accumulate(a.validation.begin(), a.validation.end(), 0.0) / 300;
  CHECK(std::abs(mean - 499.5) < 5 * 16.7);  // 5 standard errors
}

TEST_CASE("stratified parts hold every class in proportion", "[split]") {
  Dataset data = rows_of(200, 2);
  for (std::size_t r = 0; r < 200; ++r) data.target.i64[r] = r % 10 == 0;  // 180 a, 20 b
  for (const std::uint64_t seed : {0u, 5u}) {
    const Split s = split(data, options(0.25, 0.25, Take::stratified, seed));
    CHECK(balance(data, s.train).counts == std::vector<std::int64_t>{90, 10});
    CHECK(balance(data, s.validation).counts == std::vector<std::int64_t>{45, 5});
    CHECK(balance(data, s.test).counts == std::vector<std::int64_t>{45, 5});
  }
  CHECK(split(data, options(0.25, 0, Take::stratified, 0)).validation != split(data, options(0.25, 0, Take::stratified, 1)).validation);
}

TEST_CASE("splits that cannot be made say why", "[split]") {
  using C = const char*;
  struct Row { std::int64_t rows, classes; SplitOptions o; Exit code; C part; };
  SplitOptions all = options(0, 0, Take::random), over = all;
  all.validation_rows = 10, over.test_rows = 11;
  for (const Row& row : {
           Row{10, 0, options(1.0, 0, Take::random), Exit::usage, "the validation part is 1, it must be at least 0 and less than 1"},
           {10, 0, options(-0.1, 0, Take::tail), Exit::usage, "the validation part is -0.1"},
           {10, 0, options(0, std::nan(""), Take::tail), Exit::usage, "the test part is nan"},
           {10, 0, options(0.6, 0.5, Take::tail), Exit::mismatch, "none is left to train on"},
           {10, 0, all, Exit::mismatch, "validation takes 10 and test 0 of 10 rows"},
           {10, 0, over, Exit::mismatch, "test 11 of 10 rows"},
           {1, 0, options(0.5, 0, Take::tail), Exit::mismatch, "none is left to train on"},
           {0, 0, options(0.5, 0, Take::tail), Exit::mismatch, "'made.csv' has no rows to split"},
           {10, 0, options(0.5, 0, Take::stratified), Exit::mismatch, "a stratified split needs classes"},
           {3, 2, options(0.4, 0, Take::stratified), Exit::mismatch, "class 'b' has 1 row, too few to stratify into 2 parts"},
           {4, 2, options(0.75, 0, Take::stratified), Exit::mismatch, "1 training rows are too few for 2 classes"},
       }) {
    const std::string text = error_of(rows_of(row.rows, row.classes), row.o, row.code);
    INFO(text);
    CHECK(text.find(row.part) != std::string::npos);
  }
}

TEST_CASE("an epoch's order is a permutation, a pure function of seed and epoch", "[order]") {
  std::vector<std::int32_t> rows(235), a(235), b(235);
  std::iota(rows.begin(), rows.end(), 100);
  std::set<std::vector<std::int32_t>> seen;
  for (const std::uint64_t seed : {0u, 1u, 2u})
    for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
      epoch_order(rows, seed, epoch, true, a);
      epoch_order(rows, seed, epoch, true, b);
      CHECK(a == b);
      seen.insert(a);
      std::ranges::sort(b);
      CHECK(b == rows);
    }
  CHECK(seen.size() == 60);
  epoch_order(rows, 3, 4, false, a);
  CHECK(a == rows);
  std::vector<std::int32_t> room(3);
  CHECK_THROWS_AS(epoch_order(rows, 0, 0, true, room), Error);
}

TEST_CASE("each row comes first about equally often", "[order]") {
  std::vector<std::int32_t> rows = {0, 1, 2, 3}, order(4);
  std::vector<int> first(4);
  for (std::int64_t epoch = 0; epoch < 4000; ++epoch) epoch_order(rows, 9, epoch, true, order), ++first[static_cast<std::size_t>(order[0])];
  for (const int count : first) CHECK(std::abs(count - 1000) < 5 * 27.4);  // 5 binomial deviations
}

TEST_CASE("gather copies rows one after another", "[gather]") {
  const Field wide{"x", {2, 2}, Dtype::f32, {0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23}, {}};
  std::vector<float> out(8);
  const std::vector<std::int32_t> rows = {2, 0};
  gather(wide, rows, out);
  CHECK(out == std::vector<float>{20, 21, 22, 23, 0, 1, 2, 3});
  const Field narrow{"y", {}, Dtype::i64, {}, {5, 6, 7}};
  std::vector<std::int64_t> classes(2);
  gather(narrow, rows, classes);
  CHECK(classes == std::vector<std::int64_t>{7, 5});
  CHECK_THROWS_AS(gather(narrow, rows, std::span(out).first(2)), Error);
  CHECK_THROWS_AS(gather(wide, rows, std::span(out).first(7)), Error);
}

TEST_CASE("the tutorial's split of Ionosphere", "[split][ionosphere]") {
  const CsvTable table = read_csv(LEHR_SOURCE_DIR "/experiments/ionosphere/ionosphere.csv");
  TableSpec spec;
  spec.classes = {"b", "g"};
  const PreparedData p = prepare_data(table, spec, options(0.33, 0, Take::tail));
  CHECK(p.data.rows == 351);
  CHECK(p.data.features.at(0).row == Shape{34});
  CHECK(p.split.train.size() == 235);
  CHECK(p.split.validation.front() == 235);
  const Balance train = balance(p.data, p.split.train), validation = balance(p.data, p.split.validation);
  CHECK(train.counts == std::vector<std::int64_t>{117, 118});
  CHECK(validation.counts == std::vector<std::int64_t>{9, 107});
  CHECK(p.data.classes.at(validation.majority) == "g");
  CHECK(fixed(100 * validation.fraction, 2) == "92.24");
  CHECK(text(train, p.data.classes) == "235 (118 g / 117 b)");
  CHECK(text(validation, p.data.classes) == "116 (107 g / 9 b)");
}

TEST_CASE("balance without rows or classes", "[split]") {
  const Dataset two = rows_of(4, 2), none = rows_of(4);
  CHECK(std::isnan(balance(two, {}).fraction));
  const Split s = split(none, {});
  CHECK(balance(none, s.train).counts.empty());
  CHECK(text(balance(none, s.train), none.classes) == "4");
}

TEST_CASE("groups stay whole", "[data][split]") {
  const Dataset data = rows_of(60);
  SplitColumns columns;
  for (std::int32_t r = 0; r < 60; ++r) columns.groups.push_back(r * r % 11);  // six groups of unequal size
  std::map<std::int32_t, std::int32_t> fresh;
  for (auto& g : columns.groups) g = fresh.try_emplace(g, static_cast<std::int32_t>(fresh.size())).first->second;
  std::set<std::vector<std::int32_t>> splits;
  for (const Take take : {Take::random, Take::tail})
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      auto o = options(0.2, 0.2, take, seed);
      o.group = "g";
      const Split s = split(data, o, columns);
      check_partition(s, 60);
      CHECK(s.validation.size() >= 12);
      CHECK(s.test.size() >= 12);
      std::map<std::int32_t, int> part;
      int p = 0;
      for (const auto* rows : {&s.train, &s.validation, &s.test}) {
        for (const std::int32_t row : *rows) {
          const auto [it, fresh_one] = part.try_emplace(columns.groups[static_cast<std::size_t>(row)], p);
          CHECK(it->second == p);
        }
        ++p;
      }
      if (take == Take::random) splits.insert(s.test);
    }
  CHECK(splits.size() > 1);
  columns.groups.assign(60, 0);
  auto o = options(0.2, 0, Take::random);
  o.group = "g";
  CHECK_THROWS_AS(split(data, o, columns), Error);
}

TEST_CASE("the rows that come last by a column are kept from training", "[data][split]") {
  const Dataset data = rows_of(10);
  SplitColumns columns;
  columns.order = {9, 0, 8, 1, 7, 2, 6, 3, 5, 4};
  auto o = options(0.2, 0.1, Take::random);
  o.order = "t";
  const Split s = split(data, o, columns);
  CHECK(s.test == std::vector<std::int32_t>{4});
  CHECK(s.validation == std::vector<std::int32_t>{3, 5});
  CHECK(s.train == std::vector<std::int32_t>{0, 1, 2, 6, 7, 8, 9});
}
