// Settings of columns: transforms, scalers, dates, names, rules; right values from scikit-learn 1.9 and pandas 3.1.
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "engine/data/dates.h"
#include "engine/data/preprocess.h"
#include "engine/data/scalers.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

using namespace lehr;
using test::error_of;
using Rows = std::vector<std::int32_t>;
using Texts = std::vector<std::string>;
using Numbers32 = std::vector<float>;

namespace {
CsvTable table(const std::string& content) { return parse_csv(content, "t.csv"); }

Rows all(const CsvTable& t) {
  Rows rows(static_cast<std::size_t>(t.rows));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}
TableSpec spec_with(std::vector<ColumnRule> rules) {
  TableSpec spec;
  spec.targets = {"y"}, spec.rules = std::move(rules);
  return spec;
}
Dataset dataset(const CsvTable& t, const TableSpec& spec) { return apply(fit(t, spec, all(t)), t); }
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string column_of(const std::vector<double>& values) {
  std::string out = "x,y\n";
  for (const double v : values) out += cat(number(v), ",0\n");
  return out;
}
void check(const std::vector<float>& got, const std::vector<double>& right) {
  REQUIRE(got.size() == right.size());
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(static_cast<double>(got[i]) == Approx(right[i]).epsilon(1e-6).margin(1e-6));
}
}  // namespace

TEST_CASE("robust and quantile scaling give scikit-learn's numbers", "[columns]") {
  const std::vector<double> x = {1, 2.5, 2, 3, 10, 11, 10.5, 4.5, -7, 0.25};
  const CsvTable t = table(column_of(x));
  const auto scaled = [&](ColumnRule::Scale scale) { return dataset(t, spec_with({{.pattern = "x", .scale = scale}})).features[0].f32; };
  check(scaled(ColumnRule::Scale::robust),
        {-0.237288136, -0.033898305, -0.101694915, 0.033898305, 0.983050847, 1.118644068, 1.050847458, 0.237288136, -1.322033898, -0.338983051});
  check(scaled(ColumnRule::Scale::quantile),
        {0.222222222, 0.444444444, 0.333333333, 0.555555556, 0.777777778, 1.0, 0.888888889, 0.666666667, 0.0, 0.111111111});
  check(scaled(ColumnRule::Scale::quantile_normal),
        {-0.764709674, -0.139710299, -0.430727299, 0.139710299, 0.764709674, 5.199337583, 1.220640349, 0.430727299, -5.199337583, -1.220640349});
}

TEST_CASE("quantiles that rows share, and numbers between and beyond them", "[columns]") {
  struct Row { std::vector<double> knots; double raw, share; };
  for (const Row& row : {Row{{1, 2, 2, 2, 3}, 2, 0.5}, {{1, 2, 2, 2, 3}, 1.5, 0.125}, {{1, 2, 2, 2, 3}, 0, 0}, {{1, 2, 2, 2, 3}, 4, 1},
                         {{1, 1, 1, 2, 3, 4}, 1, 0}, {{1, 2, 3, 3, 3}, 3, 1}, {{5, 5, 5}, 5, 0}, {{5, 5, 5}, 5.01, 1}, {{5}, 4.99, 0},
                         {{0, 1, 1, 2, 2, 2, 2, 3, 9}, 1, 0.1875}, {{0, 1, 1, 2, 2, 2, 2, 3, 9}, 2, 0.5625}, {{0, 1, 1, 2, 2, 2, 2, 3, 9}, 1.5, 0.3125}})
    CHECK(share_below(row.knots, row.raw) == Approx(row.share).margin(1e-12));
  CHECK(normal_quantile(0.975) == Approx(1.959963984540054).epsilon(1e-12));
  CHECK(normal_quantile(0.1) == Approx(-1.2815515655446004).epsilon(1e-12));
  CHECK(normal_quantile(0.5) == Approx(0).margin(1e-12));
  CHECK(normal_quantile(0) == Approx(-5.199337582192817).epsilon(1e-9));
  CHECK(normal_quantile(1) == Approx(5.199337582192817).epsilon(1e-9));
}

TEST_CASE("a transform comes before scaling and behind filling", "[columns]") {
  const CsvTable t = table("a,b,c,d,y\n0,1,4,-3,0\n1.718281828459045,?,9,2,0\n,100,16,1,0\n");
  const Dataset d = dataset(t, spec_with({{.pattern = "*", .impute = ColumnRule::Impute::value, .fill = "1"},
                                          {.pattern = "a", .transform = ColumnRule::Transform::log1p},
                                          {.pattern = "b", .transform = ColumnRule::Transform::log, .scale = ColumnRule::Scale::minmax},
                                          {.pattern = "c", .transform = ColumnRule::Transform::sqrt},
                                          {.pattern = "d", .transform = ColumnRule::Transform::square}}));
  check(d.features[0].f32, {0, 0, 2, 9, 1, 0, 3, 4, std::log(2.0), 1, 4, 1});
  const CsvTable bad = table("a,y\n3,0\n-1,0\n0,0\n");
  CHECK(
      error_of([&] { dataset(bad, spec_with({{.pattern = "a", .transform = ColumnRule::Transform::log}})); }) ==
      "column 'a' has 2 cells outside the domain of transform: log, which takes numbers above 0\nline 3, column 'a': -1\nline 4, column 'a': 0\n  in 't.csv'");
  const Preprocess p = fit(table("a,y\n3,0\n1,0\n"), spec_with({{.pattern = "a", .transform = ColumnRule::Transform::log}}), Rows{0, 1});
  CHECK(has(error_of([&] { apply(p, bad); }), "line 3, column 'a': -1 is outside the domain of transform: log, which takes numbers above 0"));
}

TEST_CASE("the numbers of a date are pandas'", "[columns]") {
  const CsvTable t = table("d,y\n2024-02-29,0\n1999-12-31T23:59:58,0\n2023-01-01 06:30Z,0\n1970-01-01T00:00:00.5+02:00,0\n20240301,0\n");
  using Part = ColumnRule::DatePart;
  const Dataset d = dataset(
      t, spec_with({{.pattern = "d",
                     .as = ColumnRule::As::date,
                     .parts = {Part::year, Part::month, Part::day, Part::weekday, Part::dayofyear, Part::hour, Part::minute, Part::second, Part::timestamp}}}));
  CHECK(d.feature_names == Texts{"d.year", "d.month", "d.day", "d.weekday", "d.dayofyear", "d.hour", "d.minute", "d.second", "d.timestamp"});
  check(d.features[0].f32, {2024, 2,  29, 3, 60,  0,  0,  0,   1709164800, 1999, 12, 31, 4, 365, 23, 59, 58, 946684798, 2023, 1, 1, 6, 1, 6, 30, 0, 1672554600,
                            1970, 1,  1,  3, 1,   0,  0,  0.5, 0.5,        2024, 3,  1,  4, 61,  0,  0,  0,  1709251200});
  for (const char* bad : {"31.12.2024", "2023-02-29", "2024-13-01", "2024-1-1", "2024-01-01T25:00", "2024-01-01T10", "2024-01-01x", "2024-0101", ""})
    CHECK_FALSE(parse_date(bad));
  const std::string text = error_of([&] { dataset(table("d,y\n2024-01-01,0\n31.12.2024,0\n"), spec_with({{.pattern = "d", .as = ColumnRule::As::date}})); });
  CHECK(has(text, "column 'd' has 1 cell that is no date\nline 3, column 'd': '31.12.2024' is no date (as 2024-12-31"));
  CHECK(has(error_of([&] { dataset(t, spec_with({})); }), "give it `as: date`"));
}

TEST_CASE("a later rule wins setting by setting; patterns spare the target", "[columns]") {
  const CsvTable t = table("x1,x2,z,y\n1,10,5,0\n3,30,7,1\n");
  const Dataset d = dataset(t, spec_with({{.pattern = "x*", .transform = ColumnRule::Transform::square, .scale = ColumnRule::Scale::minmax},
                                          {.pattern = "x2", .scale = ColumnRule::Scale::none},
                                          {.pattern = "*", .impute = ColumnRule::Impute::zero},
                                          {.pattern = "2", .drop = true}}));
  CHECK(d.feature_names == Texts{"x1", "x2"});
  CHECK(d.features[0].f32 == Numbers32{0, 100, 1, 900});
  const std::string text = error_of([&] {
    dataset(t, spec_with({{.pattern = "w*", .drop = true}, {.pattern = "x3", .drop = true}, {.pattern = "y", .drop = true}}));
  });
  CHECK(has(text, "columns: the pattern 'w*' matches no column"));
  CHECK(has(text, "columns: 't.csv' has no column 'x3', did you mean 'x1'?"));
  CHECK(has(text, "columns: 'y' is the target, it cannot be listed here"));
}

TEST_CASE("an indicator tells which cells were missing", "[columns]") {
  const CsvTable t = table("x,city,y\n1,Ulm,0\n,,0\n3,Ulm,0\n,Bonn,1\n");
  const Dataset d =
      dataset(t, spec_with({{.pattern = "*", .impute = ColumnRule::Impute::median, .indicator = true}, {.pattern = "city", .as = ColumnRule::As::category}}));
  CHECK(d.feature_names == Texts{"x", "x is missing", "city=Bonn", "city=Ulm", "city is missing"});
  CHECK(d.features[0].f32 == Numbers32{1, 0, 0, 1, 0, 2, 1, 0, 1, 1, 3, 0, 0, 1, 0, 2, 1, 1, 0, 0});
}

TEST_CASE("what stands for a missing name or number", "[columns]") {
  const CsvTable t = table("city,n,y\nOslo,5,0\n,,1\nBonn,7,2\nOslo,7,3\nBonn,5,4\n,9,0\n");
  const auto names = [&](ColumnRule::Impute impute, const std::string& fill) {
    return dataset(t, spec_with({{.pattern = "city", .as = ColumnRule::As::category, .impute = impute, .fill = fill},
                                 {.pattern = "n", .drop = true}}));
  };
  for (const auto impute : {ColumnRule::Impute::mean, ColumnRule::Impute::median, ColumnRule::Impute::zero, ColumnRule::Impute::most_frequent})
    CHECK(names(impute, "").features[0].f32 == Numbers32{0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0});  // of equals the first by bytes
  CHECK(names(ColumnRule::Impute::value, "Oslo").features[0].f32 == Numbers32{0, 1, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1});
  const Dataset own = names(ColumnRule::Impute::value, "Nowhere");
  CHECK(own.feature_names == Texts{"city=Bonn", "city=Nowhere", "city=Oslo"});
  CHECK(own.features[0].f32 == Numbers32{0, 0, 1, 0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 1, 0});
  const auto numbers = [&](ColumnRule::Impute impute, const std::string& fill) {
    return dataset(t, spec_with({{.pattern = "city", .drop = true}, {.pattern = "n", .impute = impute, .fill = fill}})).features[0].f32[1];
  };
  CHECK(numbers(ColumnRule::Impute::most_frequent, "") == 5);  // of equals the smallest
  CHECK(numbers(ColumnRule::Impute::value, "-1.5") == -1.5f);
  CHECK(has(error_of([&] { numbers(ColumnRule::Impute::value, "no"); }), "column 'n' holds numbers, its missing ones cannot be filled with 'no'"));
}

TEST_CASE("names are those of the whole table; later an unknown one follows its column", "[columns]") {
  const CsvTable t = table("city,y\nUlm,0\nBonn,0\nWien,1\nBonn,0\n"), later = table("city\nBonn\nRom\nUlm\n");
  TableSpec spec = spec_with({{.pattern = "city", .as = ColumnRule::As::category}});
  const Preprocess p = fit(t, spec, Rows{0, 1, 3});  // Wien is held out
  CHECK(apply(p, t).features[0].f32 == Numbers32{0, 1, 0, 1, 0, 0, 0, 0, 1, 1, 0, 0});
  CHECK(has(error_of([&] { apply(p, later, false); }), "line 3, column 'city': category 'Rom' does not occur in the table trained on"));
  UnfitRows unfit;
  CHECK(apply(p, later, false, &unfit).features[0].f32 == Numbers32{1, 0, 0, 0, 0, 0, 0, 1, 0});
  CHECK(unfit.count == 1);
  CHECK(unfit.rows == std::vector<bool>{false, true, false});
  CHECK(has(unfit.text, "line 3, column 'city': category 'Rom'"));
  spec.rules[0].unknown = ColumnRule::Unknown::zeros;
  const Preprocess zeros = fit(t, spec, Rows{0, 1, 3});
  CHECK(apply(zeros, later, false).features[0].f32 == Numbers32{1, 0, 0, 0, 0, 0, 0, 1, 0});
  CHECK(Preprocess::parse(zeros.json()) == zeros);
  const CsvTable gap = parse_csv("city,a\n,1\nBonn,2\n", "t.csv", {.text = {"city"}});
  CHECK(apply(zeros, gap, false).features[0].f32[0] == 0);  // a missing name, too, as the written file has it
  CHECK(has(error_of([&] { apply(p, gap, false); }), "line 2, column 'city': the value is missing"));
  spec.rules[0].unknown = ColumnRule::Unknown::most_frequent;
  const Preprocess frequent = fit(t, spec, Rows{0, 1, 3});
  CHECK(apply(frequent, later, false).features[0].f32 == Numbers32{1, 0, 0, 1, 0, 0, 0, 1, 0});
  CHECK(Preprocess::parse(frequent.json()) == frequent);
  spec.rules[0].unknown = ColumnRule::Unknown::zeros, spec.rules[0].encode = ColumnRule::Encode::code;
  CHECK(has(error_of([&] { fit(t, spec, all(t)); }), "is encoded as code, which has no zeros for an unknown name"));
}

TEST_CASE("true and false feed an input of whole numbers as 1 and 0", "[columns]") {
  TableSpec spec = spec_with({});
  spec.integer_inputs = {""};
  CHECK(dataset(table("a,b,y\nTrue,0,0\nFalse,1,0\nTrue,1,0\n"), spec).features[0].i64 == std::vector<std::int64_t>{1, 0, 0, 1, 1, 1});
  CHECK(dataset(table("a,y\nTRUE,0\nfalse,0\n"), spec).features[0].i64 == std::vector<std::int64_t>{1, 0});
  CHECK(dataset(table("a,y\ntrue,0\ntrue,0\n"), spec).features[0].i64 == std::vector<std::int64_t>{1, 1});
  CHECK(has(error_of([&] { dataset(table("a,y\ntrue,0\nTRUE,0\nfalse,1\n"), spec); }), "column 'a' has 3 cells of text"));
}

TEST_CASE("a target of several columns, scaled, and the inputs as the target", "[columns]") {
  const CsvTable t = table("x,y1,y2\n1,10,0\n2,20,4\n3,30,8\n");
  TableSpec spec;
  spec.targets = {"y2", "y1"};
  Dataset d = dataset(t, spec);
  CHECK(d.target.row == Shape{2});
  CHECK(d.target.f32 == Numbers32{0, 10, 4, 20, 8, 30});
  CHECK(d.feature_names == Texts{"x"});
  CHECK(d.target_scaling.empty());
  spec.target_standard = true;
  const Preprocess p = fit(t, spec, Rows{0, 1});
  d = apply(p, t);
  CHECK(d.target.f32 == Numbers32{-1, -1, 1, 1, 3, 3});
  CHECK(d.target_scaling.shift == std::vector<double>{2, 15});
  CHECK(d.target_scaling.scale == std::vector<double>{0.5, 0.2});
  CHECK(Preprocess::parse(p.json()) == p);
  spec.targets = {"y1", "0", "1"};
  CHECK(has(error_of([&] { dataset(t, spec); }), "the target 'y1' is listed twice"));
  TableSpec own;
  own.target_inputs = true, own.every.scale = ColumnRule::Scale::minmax;
  d = dataset(t, own);
  CHECK(d.feature_names == Texts{"x", "y1", "y2"});
  CHECK(d.target.f32 == d.features[0].f32);
  CHECK(d.target.row == Shape{3});
  own.integer_inputs = {""};
  CHECK(has(error_of([&] { dataset(t, own); }), "the inputs can be the target where they are numbers of one input"));
}

TEST_CASE("rows without a target are refused, or left out and counted", "[columns]") {
  CsvTable t = table("x,y\n1,a\n2,\n3,b\n4,\n5,a\n");
  TableSpec spec = spec_with({});
  spec.classify = true;
  CHECK(drop_without_target(t, spec).empty());
  CHECK(has(error_of([&] { read_target(t, spec); }), "line 3, column 'y': the target is missing"));
  spec.drop_without_target = true;
  CHECK(drop_without_target(t, spec) == "2 rows without a target are left out (lines 3, 5)");
  const Dataset d = dataset(t, spec);
  CHECK(d.rows == 3);
  CHECK(d.features[0].f32 == Numbers32{1, 3, 5});
  CHECK(d.target.i64 == std::vector<std::int64_t>{0, 1, 0});
  CHECK(t.lines == std::vector<std::uint32_t>{2, 4, 6});
  CsvTable none = table("x,y\n1,\n2,\n");
  CHECK(has(error_of([&] { drop_without_target(none, spec); }), "no row has a target"));
}

TEST_CASE("values to ignore are no class", "[columns]") {
  const CsvTable t = table("x,y\n1,a\n2,none\n3,b\n4,none\n5,a\n6,b\n");
  TableSpec spec = spec_with({});
  spec.classify = true, spec.ignore = {"none"};
  const Dataset d = dataset(t, spec);
  CHECK(d.classes == Texts{"a", "b"});
  CHECK(d.target.i64 == std::vector<std::int64_t>{0, -1, 1, -1, 0, 1});
  const Balance b = balance(d, all(t));
  CHECK(b.counts == std::vector<std::int64_t>{2, 2});
  CHECK(b.fraction == 0.5);
  CHECK(text(b, d.classes) == "6 (2 a / 2 b / 2 that do not count)");
  SplitOptions halves;
  halves.validation = 0.5, halves.take = SplitOptions::Take::stratified;
  const Split s = split(d, halves);
  CHECK(s.train.size() == 3);
  CHECK(balance(d, s.validation).counts == std::vector<std::int64_t>{1, 1});
  spec.ignore = {"none", "nome"};
  CHECK(has(error_of([&] { dataset(t, spec); }), "target.ignore: no row of the target has 'nome', did you mean 'none'?"));
  spec.ignore = {"a"}, spec.classes = {"a", "b", "none"};
  CHECK(has(error_of([&] { read_target(t, spec); }), "target.ignore: 'a' is one of the classes"));
}

TEST_CASE("row weights are numbers at least 0, and no feature", "[columns]") {
  TableSpec spec = spec_with({});
  spec.row_weight = "w";
  const Dataset d = dataset(table("x,w,y\n1,0.5,0\n2,0,0\n3,2,0\n"), spec);
  CHECK(d.feature_names == Texts{"x"});
  CHECK(d.row_weights == Numbers32{0.5, 0, 2});
  const std::string text = error_of([&] { dataset(table("x,w,y\n1,-1,0\n2,,0\n3,a,0\n"), spec); });
  CHECK(has(text, "line 2, column 'w': a row weight is a number at least 0, not -1"));
  CHECK(has(text, "line 3, column 'w': the row weight is missing"));
  CHECK(has(text, "line 4, column 'w': 'a' is not a number, as a row weight must be"));
  CHECK(has(error_of([&] { dataset(table("x,w,y\n1,0,0\n2,0,0\n"), spec); }), "no row of column 'w' has a weight above 0"));
}

TEST_CASE("preprocessing of before is read as it was", "[columns][json]") {
  const Preprocess p = Preprocess::parse(
      "{\"format\": \"lehr-preprocess/1\", \"header\": true, \"table_columns\": 3, \"target\": {\"name\": \"y\", \"index\": 2, \"classes\": [\"b\", \"g\"]},\n"
      "\"missing\": [\"\"], \"inputs\": [{\"name\": \"\", \"columns\": [{\"kind\": \"number\", \"name\": \"x\", \"index\": 0, \"shift\": 1, \"scale\": 2, "
      "\"fill\": 3},\n"
      "{\"kind\": \"one_hot\", \"name\": \"city\", \"index\": 1, \"categories\": [\"Bonn\", \"Ulm\"], \"fill\": \"Ulm\"}]}]}");
  CHECK(p.targets == std::vector<NamedColumn>{{"y", 2}});
  CHECK(apply(p, table("x,city,y\n,,g\n5,Bonn,b\n")).features[0].f32 == Numbers32{4, 0, 1, 8, 1, 0});
}
