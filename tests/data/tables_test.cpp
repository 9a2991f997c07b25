// Tables as people met them, from the file to what is trained on.
#include "base/error.h"
#include "engine/data/preprocess.h"
#include "tests/support/catch.h"

using namespace lehr;
using Texts = std::vector<std::string>;

namespace {
PreparedData prepared(const std::string& content, const TableSpec& spec) {
  const CsvTable table = parse_csv(content, "table.csv", {.text = text_columns(spec)});
  return prepare_data(table, spec, {});
}

TableSpec classified(const std::string& target, const Texts& classes = {}) {
  TableSpec spec;
  spec.targets = {target}, spec.classes = classes, spec.classify = true;
  return spec;
}

std::string error_of(const std::string& content, const TableSpec& spec) {
  try {
    prepared(content, spec);
  } catch (const Error& error) { return error.what(); }
  return "no error";
}

std::vector<std::int64_t> counts(const Dataset& data) {
  std::vector<std::int64_t> out(data.classes.size());
  for (const std::int64_t code : data.target.i64) ++out[static_cast<std::size_t>(code)];
  return out;
}
}  // namespace

TEST_CASE("leading_zero_codes: names that look like numbers stay names", "[tables][field]") {
  std::string content = "zip,a,y\n";
  const char *zips[] = {"01067", "1067", "00123"}, *classes[] = {"01", "1", "1.0"};
  for (int i = 0; i < 12; ++i) content += cat(zips[i % 3], ",", i % 5, ",", classes[i % 3], "\n");
  TableSpec spec = classified("y", {"01", "1", "1.0"});
  spec.rules.push_back({.key = "categorical", .pattern = "zip", .as = ColumnRule::As::category});
  const PreparedData p = prepared(content, spec);
  CHECK(p.preprocess.inputs[0].columns[0].categories == Texts{"00123", "01067", "1067"});
  CHECK(counts(p.data) == std::vector<std::int64_t>{4, 4, 4});
  spec.classes.clear();
  CHECK(prepared(content, spec).data.classes == Texts{"01", "1", "1.0"});
  // Beyond 2^53, and in another spelling.
  CHECK(counts(prepared("x,y\n1,9007199254740992\n2,9007199254740993\n3,9007199254740992\n", classified("y")).data) == std::vector<std::int64_t>{2, 1});
  CHECK(prepared("x,y\n1,1e3\n2,1000\n", classified("y")).data.classes == Texts{"1000", "1e3"});
  CHECK(prepared("x,y\n1,10\n2,9\n3,2\n", classified("y")).data.classes == Texts{"2", "9", "10"});  // as numbers sort
}

TEST_CASE("header_of_integers: 12 rows of 2 classes", "[tables][field]") {
  std::string content = "0,1,2,label\n";
  for (int i = 0; i < 12; ++i) content += cat(0.25 * i - 1, ",", 0.5 * i, ",", 1.0 / 8 * i, i % 2 ? ",cat\n" : ",dog\n");
  const PreparedData p = prepared(content, classified("-1"));
  CHECK(p.data.rows == 12);
  CHECK(p.data.classes == Texts{"cat", "dog"});
  CHECK(prepared(content, classified("label")).data.rows == 12);
}

TEST_CASE("csv_duplicate_headers: columns by their index", "[tables][field]") {
  std::string content = "name,score,name,y\n";
  for (int i = 0; i < 12; ++i) content += cat(i, ",", 2 * i, ",", i * i, i % 2 ? ",u\n" : ",v\n");
  TableSpec spec = classified("y");
  CHECK(prepared(content, spec).data.features[0].width() == 3);
  spec.rules = {{.key = "drop", .pattern = "0", .drop = true}, {.key = "drop", .pattern = "2", .drop = true}};
  CHECK(prepared(content, spec).data.feature_names == Texts{"score"});
  spec.rules = {{.key = "drop", .pattern = "name", .drop = true}};
  CHECK(error_of(content, spec).find("drop: 2 columns are called 'name': give the index of the one that is meant, 0 and 2") == 0);
}

TEST_CASE("csv_trailing_comma: the empty column is named, the way out too", "[tables][field]") {
  std::string content = "a,b,y,\n", bare;
  for (int i = 0; i < 12; ++i) bare += cat(i, ",", i % 3, i % 2 ? ",k,\n" : ",l,\n");
  TableSpec spec = classified("y", {"k", "l"});
  CHECK(error_of(content + bare, spec).find("column 3 has no name and no value in any row: drop: [3] leaves it out") == 0);
  spec.rules = {{.key = "drop", .pattern = "3", .drop = true}};
  CHECK(prepared(content + bare, spec).data.features[0].width() == 2);
  CHECK(error_of(bare, classified("-1")).find("the target, column '3', has no value in any row: every line ends in a delimiter, perhaps") == 0);
}
