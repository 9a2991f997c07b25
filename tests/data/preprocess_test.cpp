#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "engine/data/preprocess.h"
#include "tests/support/catch.h"

using namespace lehr;
using Rows = std::vector<std::int32_t>;
using Texts = std::vector<std::string>;
using Impute = ColumnRule::Impute;
using Scale = ColumnRule::Scale;

namespace {
CsvTable table(const std::string& content, const std::vector<std::string>& text = {}) { return parse_csv(content, "t.csv", {.text = text}); }

Rows all(const CsvTable& t) {
  Rows rows(static_cast<std::size_t>(t.rows));
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

TableSpec spec_of(const std::string& target) {
  TableSpec spec;
  spec.targets = {target};
  return spec;
}

// The columns that `key` lists: drop, categorical.
void list(TableSpec& spec, const std::string& key, const Texts& names) {
  std::erase_if(spec.rules, [&](const ColumnRule& rule) { return rule.key == key; });
  for (const std::string& name : names) {
    ColumnRule rule{.key = key, .pattern = name};
    if (key == "drop") rule.drop = true;
    else rule.as = ColumnRule::As::category;
    spec.rules.push_back(rule);
  }
}

Dataset dataset(const CsvTable& t, const TableSpec& spec, const Rows& rows) { return apply(fit(t, spec, rows), t); }

template <class Body>
std::string error_of(Body body, Exit code = Exit::usage) {
  try {
    body();
  } catch (const Error& error) {
    CHECK(error.code() == code);
    return error.what();
  }
  return "no error";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
}  // namespace

TEST_CASE("features are all columns but the target and the dropped, or those listed in their order", "[preprocess]") {
  const CsvTable t = table("a,b,c,y\n1,2,3,0\n4,5,6,1\n");
  TableSpec spec = spec_of("y");
  Dataset d = dataset(t, spec, all(t));
  CHECK(d.feature_names == Texts{"a", "b", "c"});
  CHECK(d.features.at(0).row == Shape{3});
  CHECK(d.features.at(0).name.empty());
  CHECK(d.features.at(0).f32 == std::vector<float>{1, 2, 3, 4, 5, 6});
  CHECK(d.target.f32 == std::vector<float>{0, 1});
  CHECK(d.target.row == Shape{1});
  CHECK(d.classes.empty());
  list(spec, "drop", {"b"});
  CHECK(dataset(t, spec, all(t)).feature_names == Texts{"a", "c"});
  list(spec, "drop", {}), spec.columns = {"c", "0"};
  CHECK(dataset(t, spec, all(t)).features.at(0).f32 == std::vector<float>{3, 1, 6, 4});
  spec.targets = {"1"}, spec.columns.clear();
  CHECK(dataset(t, spec, all(t)).feature_names == Texts{"a", "c", "y"});
}

TEST_CASE("classes keep their given order; found ones are sorted", "[preprocess]") {
  const CsvTable t = table("1,g\n2,b\n3,g\n");
  TableSpec spec;
  spec.classes = {"g", "b"};
  CHECK(dataset(t, spec, all(t)).target.i64 == std::vector<std::int64_t>{0, 1, 0});
  CHECK(dataset(t, spec, all(t)).target.row == Shape{});
  spec.classes.clear(), spec.classify = true;
  CHECK(dataset(t, spec, all(t)).classes == Texts{"b", "g"});
  const CsvTable numbers = table("1,10\n2,9\n3,-1\n4,9.0\n", {"-1"});
  CHECK(dataset(numbers, spec, all(numbers)).classes == Texts{"-1", "9", "9.0", "10"});
  CHECK(dataset(numbers, spec, all(numbers)).target.i64 == std::vector<std::int64_t>{3, 1, 0, 2});
  spec.classes = {"9.0", "10", "-1", "9"};
  CHECK(dataset(numbers, spec, all(numbers)).target.i64 == std::vector<std::int64_t>{1, 3, 2, 0});
}

TEST_CASE("a row outside the classes is named with the nearest", "[preprocess]") {
  const CsvTable t = table("x,kind\n1,good\n2,god\n3,\n4,bad\n");
  TableSpec spec = spec_of("kind");
  spec.classes = {"good", "bad"};
  CHECK(error_of([&] { read_target(t, spec); }, Exit::mismatch) ==
        "line 3, column 'kind': 'god' is not one of the classes [good,bad], did you mean 'good'?\n"
        "line 4, column 'kind': the target is missing\n  target: {missing: drop} leaves such rows out\n  in 't.csv'");
  CHECK(error_of([&] { read_target(table("x,kind\n1,god\n2,god\n3,\n4,\n5,god\n6,good\n7,\n"), spec); }, Exit::mismatch) ==
        "line 2, column 'kind': 'god' is not one of the classes [good,bad], did you mean 'good'?; so it is in 2 more (lines 3, 6)\n"
        "line 4, column 'kind': the target is missing; so it is in 2 more (lines 5, 8)\n  target: {missing: drop} leaves such rows out\n  in 't.csv'");
  spec.classes = {"good", "bad", "good"};
  CHECK(has(error_of([&] { read_target(t, spec); }), "class 'good' is listed twice"));
}

TEST_CASE("a regression's target is a finite number in every row", "[preprocess]") {
  CHECK(has(error_of([] { read_target(table("1,2\n2,x\n3,?\n"), {}); }, Exit::mismatch),
            "line 2, column 1: 'x' is not a number, as a regression's target must be\nline 3, column 1: the target is missing"));
  CHECK(has(error_of([] { read_target(table("1,2\n2,1e40\n"), {}); }, Exit::mismatch), "line 2, column 1: 1e+40 is beyond the range of float32"));
}

TEST_CASE("target column out of range or unknown", "[preprocess]") {
  const CsvTable t = table("age,income\n1,2\n");
  CHECK(error_of([&] { read_target(t, spec_of("5")); }) == "column 5 is out of range: 't.csv' has 2 columns, 0..1 or -2..-1\n  in the target\n  in 't.csv'");
  CHECK(has(error_of([&] { fit(t, spec_of("incme"), all(t)); }), "did you mean 'income'?\n  columns: age, income\n  in the target"));
}

TEST_CASE("scaling is fitted on the training rows alone", "[preprocess]") {
  const CsvTable t = table("2,7,0\n4,7,0\n6,7,0\n1000,7,0\n");
  const Rows train = {0, 1, 2};
  struct Row { Scale scale; double shift, factor, constant_shift; };
  for (const Row& row :
       {Row{Scale::none, 0, 1, 0}, {Scale::standard, 4, 1 / std::sqrt(8.0 / 3), 7}, {Scale::minmax, 2, 0.25, 7}, {Scale::divide, 0, 1 / 16.0, 0}}) {
    TableSpec spec;
    spec.every.scale = row.scale, spec.every.divide = 16;
    const Preprocess p = fit(t, spec, train);
    const ColumnPlan& plan = p.inputs.at(0).columns.at(0);
    CHECK(plan.shift == Approx(row.shift).margin(0));
    CHECK(plan.scale == Approx(row.factor));
    CHECK(p.inputs[0].columns[1].shift == row.constant_shift);
    CHECK(p.inputs[0].columns[1].scale == (row.scale == Scale::divide ? 1 / 16.0 : 1.0));
    const Dataset d = apply(p, t);
    CHECK(d.features[0].f32[6] == static_cast<float>((1000 - plan.shift) * plan.scale));
  }
  TableSpec spec;
  spec.every.scale = Scale::divide;
  for (const double bad : {0.0, std::nan(""), std::numeric_limits<double>::infinity()}) {
    spec.every.divide = bad;
    CHECK(has(error_of([&] { fit(t, spec, train); }), "cannot divide by"));
  }
}

TEST_CASE("x = float32((raw - shift) * scale) in double", "[preprocess]") {
  Preprocess p;
  p.table_columns = 2, p.targets = {{"1", 1}};
  ColumnPlan plan;
  plan.shift = 5.853333, plan.scale = 1.203723;
  p.inputs = {{"", {plan}}};
  const Dataset d = apply(p, table("5.1,0\n7.9,0\n"));
  CHECK(d.features[0].f32[0] == static_cast<float>((5.1 - 5.853333) * 1.203723));
  CHECK(d.features[0].f32[1] == static_cast<float>((7.9 - 5.853333) * 1.203723));
}

TEST_CASE("missing numbers are an error, or filled from the training rows", "[preprocess]") {
  const CsvTable t = table("x,y\n1,0\n2,0\n9,0\n?,0\n100,0\n,0\n");
  const Rows train = {0, 1, 2, 3};
  TableSpec spec = spec_of("y");
  CHECK(error_of([&] { fit(t, spec, train); }) ==
        "column 'x' has 2 cells without a value: say what stands for it, the mean, the median or zero\n"
        "line 5, column 'x': the value is missing\nline 7, column 'x': the value is missing\n  in 't.csv'");
  for (const auto& [impute, value] : {std::pair{Impute::mean, 4.0f}, {Impute::median, 2.0f}, {Impute::zero, 0.0f}}) {
    spec.every.impute = impute;
    CHECK(dataset(t, spec, train).features[0].f32 == std::vector<float>{1, 2, 9, value, 100, value});
  }
  spec.every.impute = Impute::median;
  CHECK(dataset(t, spec, {0, 1, 2, 4}).features[0].f32[3] == 5.5f);
  spec.every.impute = Impute::mean, spec.every.scale = Scale::standard;  // the mean lands on 0
  CHECK(dataset(t, spec, train).features[0].f32[3] == Approx(0).margin(1e-7));
  CHECK(has(error_of([&] { fit(t, spec, Rows{3}); }), "column 'x' has no value in the training rows"));
}

TEST_CASE("a bad cell is named by line, column and text", "[preprocess]") {
  const CsvTable t = table("x,z,y\n1,1,0\noops,2,0\n3,\"1,5\",0\ninf,3,0\n1e999,4,0\n");
  const std::string text = error_of([&] { fit(t, spec_of("y"), all(t)); });
  INFO(text);
  CHECK(has(text, "column 'x' has 3 cells of text: list it under `categorical` if they are names, under `drop`"));
  CHECK(has(text, "line 3, column 'x': 'oops' is not a number\n"));
  CHECK(has(text, "line 5, column 'x': 'inf' is not a finite number\n"));
  CHECK(has(text, "line 6, column 'x': '1e999' is beyond the range of a double\n"));
  CHECK(has(text, "column 'z' has 1 cell of text"));
  CHECK(has(text, "line 4, column 'z': '1,5' is not a number (decimals take a point)"));
}

TEST_CASE("a column of text is named once, with three of its cells", "[preprocess]") {
  std::string content = "city,y\n";
  for (int i = 0; i < 100; ++i) content += "Ulm,1\n";
  const CsvTable t = table(content);
  const std::string text = error_of([&] { fit(t, spec_of("y"), all(t)); });
  CHECK(has(text, "column 'city' has 100 cells of text"));
  CHECK(has(text, "line 4, column 'city'"));
  CHECK_FALSE(has(text, "line 5, column 'city'"));
}

TEST_CASE("values beyond float32 or too large to scale are refused", "[preprocess]") {
  const CsvTable t = table("x,y\n1,0\n1e39,0\n");
  CHECK(has(error_of([&] { dataset(t, spec_of("y"), all(t)); }, Exit::mismatch), "line 3, column 'x': 1e+39 becomes 1e+39, beyond the range of float32"));
  const CsvTable huge = table("x,y\n-1.7e308,0\n1.7e308,0\n");
  TableSpec spec = spec_of("y");
  spec.every.scale = Scale::minmax;
  CHECK(has(error_of([&] { fit(huge, spec, all(huge)); }), "the values of column 'x' are too large to be scaled"));
}

TEST_CASE("categories become 0/1 columns or codes", "[preprocess]") {
  const CsvTable t = table("size,city,n,y\n1,Ulm,30,0\n2,Bonn,4,0\n3,Ulm,30,1\n", {"n"});
  TableSpec spec = spec_of("y");
  list(spec, "categorical", {"city", "n"});
  const Dataset d = dataset(t, spec, all(t));
  CHECK(d.feature_names == Texts{"size", "city=Bonn", "city=Ulm", "n=4", "n=30"});
  CHECK(d.features[0].f32 == std::vector<float>{1, 0, 1, 0, 1, 2, 1, 0, 1, 0, 3, 0, 1, 0, 1});
  spec.every.encode = ColumnRule::Encode::code;
  CHECK(
      has(error_of([&] { fit(t, spec, all(t)); }), "one input cannot hold category codes ('city') and numbers ('size'); give each its columns under `inputs`"));
  spec.inputs = {{"ids", {"city", "n"}}, {"x", {"size"}}};
  const Dataset two = dataset(t, spec, all(t));
  REQUIRE(two.features.size() == 2);
  CHECK(two.features[0].name == "ids");
  CHECK(two.features[0].dtype == Dtype::i64);
  CHECK(two.features[0].i64 == std::vector<std::int64_t>{1, 1, 0, 0, 1, 1});
  CHECK(two.features[1].f32 == std::vector<float>{1, 2, 3});
}

TEST_CASE("an unknown category is named", "[preprocess]") {
  const CsvTable t = table("city,y\nUlm,0\nBonn,0\n"), later = table("city,y\nUlm,0\nBonn,0\nBon,1\n\"\",1\n");
  TableSpec spec = spec_of("y");
  list(spec, "categorical", {"city"});
  const Preprocess p = fit(t, spec, Rows{0, 1});
  CHECK(error_of([&] { apply(p, later); }, Exit::mismatch) ==
        "line 4, column 'city': category 'Bon' does not occur in the table trained on, did you mean 'Bonn'?\n"
        "line 5, column 'city': the value is missing\n  in 't.csv'");
  spec.every.impute = Impute::mean;
  const CsvTable filled = table("city,y\nUlm,0\nBonn,0\nUlm,1\n\"\",1\n");
  CHECK(dataset(filled, spec, Rows{0, 1, 2}).features[0].f32 == std::vector<float>{0, 1, 1, 0, 0, 1, 0, 1});
}

TEST_CASE("an input of whole numbers takes them as they are", "[preprocess]") {
  const CsvTable t = table("token,other,y\n17,a,0\n-3,b,0\n");
  TableSpec spec = spec_of("y");
  list(spec, "categorical", {"other"});
  spec.integer_inputs = {""};
  CHECK(dataset(t, spec, all(t)).features[0].i64 == std::vector<std::int64_t>{17, 0, -3, 1});
  const CsvTable half = table("token,y\n17,0\n1.5,0\n1e300,0\n");
  list(spec, "categorical", {});
  const std::string text = error_of([&] { dataset(half, spec, all(half)); }, Exit::mismatch);
  CHECK(has(text, "line 3, column 'token': 1.5 is not a whole number, as the model's input needs\nline 4"));
}

TEST_CASE("lists of columns are checked, all at once", "[preprocess]") {
  const CsvTable t = table("age,income,y\n1,2,0\n", {"income"});
  TableSpec spec = spec_of("y");
  spec.columns = {"age", "y", "age", "incom"};
  list(spec, "drop", {"9", "age"});
  list(spec, "categorical", {"income"});
  spec.inputs = {{"a", {"income"}}, {"b", {}}};
  const std::string text = error_of([&] { fit(t, spec, all(t)); });
  INFO(text);
  for (const char* part :
       {"columns: 'y' is the target, it cannot be listed here", "columns: 'age' is listed twice",
        "columns: 't.csv' has no column 'incom', did you mean 'income'?", "drop: column 9 is out of range", "columns and drop both list 'age'",
        "categorical: 'income' is not among the features", "inputs: 'income' of 'a' is not among the features", "inputs: 'b' has no columns"})
    CHECK(has(text, part));
  CHECK(has(error_of([&] { fit(t, spec_of("y"), {}); }, Exit::mismatch), "there are no training rows"));
  spec = spec_of("y"), list(spec, "drop", {"age", "income"});
  CHECK(has(error_of([&] { fit(t, spec, all(t)); }), "no column is left as a feature"));
}

TEST_CASE("sizes that no machine has are refused before they are taken", "[preprocess]") {
  std::string content = "id,y\n";
  for (int i = 0; i < 10'001; ++i) content += cat("n", i, ",0\n");
  const CsvTable t = table(content);
  TableSpec spec = spec_of("y");
  list(spec, "categorical", {"id"});
  CHECK(has(error_of([&] { fit(t, spec, all(t)); }), "column 'id' has 10001 categories, too many for one_hot"));
  spec = spec_of("id"), spec.classify = true;
  CHECK(has(error_of([&] { read_target(t, spec); }), "the target 'id' has 10001 distinct values: too many for classes"));
}

TEST_CASE("a later table is matched by name, or by place without a header", "[preprocess]") {
  const CsvTable t = table("a,y,b\n1,0,2\n3,1,4\n");
  const Preprocess p = fit(t, spec_of("y"), all(t));
  const CsvTable other = table("b,extra,a\n20,5,10\n");
  CHECK(apply(p, other, false).features[0].f32 == std::vector<float>{10, 20});
  CHECK(has(error_of([&] { apply(p, other); }), "'t.csv' has no column 'y'"));
  CHECK(has(error_of([&] { apply(p, table("b,c\n1,2\n"), false); }, Exit::mismatch), "'t.csv' has no column 'a'"));

  const CsvTable bare = table("1,0,2\n3,1,4\n");
  const Preprocess q = fit(bare, spec_of("1"), all(bare));
  CHECK(apply(q, table("10,9,20\n"), false).features[0].f32 == std::vector<float>{10, 20});
  CHECK(apply(q, table("10,20\n"), false).features[0].f32 == std::vector<float>{10, 20});
  CHECK(has(error_of([&] { apply(q, table("10,20\n")); }, Exit::mismatch), "it has 2 columns, the model was trained on 3"));
  CHECK(has(error_of([&] { apply(q, table("1,2,3,4\n"), false); }, Exit::mismatch), "it has 4 columns, the model was trained on 3 with the target"));
  CHECK(has(error_of([&] { apply(q, table("1,2,3\nx,2,3\n"), false); }, Exit::mismatch), "line 2, column 0: 'x' is not a number"));
}

TEST_CASE("preprocessing is written and read back without loss", "[preprocess][json]") {
  const CsvTable t = table("x,\"ci\"\"ty\n\\\",k,y\n0.1,Ulm \xe2\x82\xac,3,g\n0.7,\"a\tb\",4,b\n?,\xc3\xa4,5,g\n", {"k"});
  TableSpec spec = spec_of("y");
  spec.classify = true, spec.every.impute = Impute::median, spec.every.scale = Scale::standard;
  list(spec, "categorical", {"1", "k"});
  for (const auto encode : {ColumnRule::Encode::one_hot, ColumnRule::Encode::code}) {
    spec.every.encode = encode;
    spec.inputs = {{"a", {"x"}}, {"b \"c\"", {"1", "k"}}};
    const Preprocess p = fit(t, spec, all(t));
    const Preprocess back = Preprocess::parse(p.json());
    CHECK(back == p);
    CHECK(back.json() == p.json());
    CHECK(apply(back, t).features[1].f32 == apply(p, t).features[1].f32);
  }
}

TEST_CASE("damaged preprocessing is refused", "[preprocess][json]") {
  const CsvTable t = table("x,city,y\n1,Ulm,g\n2,Bonn,b\n");
  TableSpec spec = spec_of("y");
  spec.classify = true, list(spec, "categorical", {"city"}), spec.every.impute = Impute::mean;
  const std::string good = fit(t, spec, all(t)).json();
  for (std::size_t size = 0; size + 2 < good.size(); ++size) CHECK_THROWS_AS(Preprocess::parse(good.substr(0, size)), Error);
  struct Row { const char *from, *to, *part; };
  for (const Row& row : {Row{"lehr-preprocess/2", "lehr-preprocess/9", "the format is 'lehr-preprocess/9'"},
                         {"\"number\"", "\"numbr\"", "unknown kind of column 'numbr'"},
                         {"\"fill\": \"Bonn\"", "\"fill\": \"Bremen\"", "is filled with 'Bremen'"},
                         {"[\"Bonn\", \"Ulm\"]", "[]", "column 'city' has no categories"},
                         {"\"table_columns\": 3", "\"table_columns\": 1", "the target 2 is not one of 1 columns"},
                         {"\"index\": 1", "\"index\": 7", "column 7 cannot be a feature"},
                         {"\"index\": 1", "\"index\": 0.5", "0.5 is not an integer"},
                         {"\"header\": true", "\"header\": 1", "a value is not true or false"},
                         {"\"missing\"", "\"mising\"", "the member 'missing' is missing"},
                         {"\"one_hot\"", "\"code\"", "mixes category codes and numbers"}}) {
    std::string bad = good;
    REQUIRE(bad.find(row.from) != std::string::npos);
    bad.replace(bad.find(row.from), std::string(row.from).size(), row.to);
    const std::string text = error_of([&] { Preprocess::parse(bad); });
    INFO(text);
    CHECK(has(text, row.part));
    CHECK(has(text, "in the saved preprocessing"));
  }
}

TEST_CASE("rows are the same whether cells are kept or become them", "[preprocess]") {
  std::string content = "a,b,city,when,c,y\n";
  for (int i = 0; i < 50'000; ++i)
    content += cat(static_cast<double>(i * 7919 % 100'003) / 1000, ",", i % 13 ? cat(i % 97) : "", ",city ", i % 5, ",2024-0", 1 + i % 9, "-1", i % 10, ",",
                   i / 3.0, ",", i % 2 ? "yes" : "no", "\n");
  TableSpec spec = spec_of("y");
  spec.classify = true, spec.every.scale = Scale::standard;
  ColumnRule city, when, b;
  city.pattern = "city", city.key = "columns", city.as = ColumnRule::As::category;
  when.pattern = "when", when.key = "columns", when.as = ColumnRule::As::date;
  b.pattern = "b", b.key = "columns", b.impute = Impute::mean, b.indicator = true;
  spec.rules = {city, when, b};
  SplitOptions options;
  options.validation = 0.1, options.test = 0.1;
  CsvTable t = table(content, text_columns(spec));
  const PreparedData kept = prepare_data(t, spec, options);
  FittedData fitted = fit_data(t, spec, options);
  const Dataset data = consume(fitted, t);
  CHECK(fitted.preprocess == kept.preprocess);
  CHECK(data.features[0].row == Shape{1 + 2 + 5 + 3 + 1});
  CHECK(data.features[0].f32 == kept.data.features[0].f32);
  CHECK(data.target.i64 == kept.data.target.i64);
  CHECK(data.feature_names == kept.data.feature_names);
  CHECK(t.columns[0].numbers.empty());
  CHECK(t.lines.size() == 1);
  CHECK(t.place(0, 0) == "line 2, column 'a'");
  CHECK(t.place(49'999, 5) == "line 50001, column 'y'");

  // By hand, row by row.
  const auto& plans = kept.preprocess.inputs[0].columns;
  const CsvTable again = table(content, text_columns(spec));
  for (std::size_t p = 0; p < plans.size(); ++p)
    if (plans[p].name == "a" || plans[p].name == "c")
      for (const std::int64_t row : {0, 4095, 4096, 30'000, 49'999}) {
        const std::size_t offset = plans[p].name == "a" ? 0 : 11;
        CHECK(data.features[0].f32[static_cast<std::size_t>(row) * 12 + offset] ==
              static_cast<float>(plans[p].number(*again.value(row, static_cast<std::size_t>(plans[p].index)))));
      }
}

TEST_CASE("cells that do not fit are told in the order of columns, then rows", "[preprocess]") {
  std::string content = "a,b,y\n";
  for (int i = 0; i < 20'000; ++i) content += cat(i == 15'000 ? "" : "1", ",", i == 3 || i == 9'000 ? "" : "2", ",", i % 2, "\n");
  TableSpec spec = spec_of("y");
  const CsvTable whole = table("a,b,y\n1,2,0\n1,2,1\n");
  const Preprocess fitted = fit(whole, spec, all(whole));
  UnfitRows unfit;
  apply(fitted, table(content), true, &unfit);
  CHECK(unfit.count == 3);
  CHECK(unfit.text == "line 15002, column 'a': the value is missing\nline 5, column 'b': the value is missing\nline 9002, column 'b': the value is missing");
  CHECK_THROWS_WITH(apply(fitted, table(content)), unfit.text + "\n  in 't.csv'");
}
