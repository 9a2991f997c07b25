#include "engine/data/test_table.h"

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "engine/data/preprocess.h"
#include "tests/support/catch.h"

using namespace lehr;
using Rows = std::vector<std::int32_t>;

namespace {
struct Two {
  Two() {
    std::string form = (std::filesystem::temp_directory_path() / "lehr-two-XXXXXX").string();
    REQUIRE(::mkdtemp(form.data()) != nullptr);
    folder = form;
  }
  ~Two() {
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  Two(const Two&) = delete;
  Two& operator=(const Two&) = delete;
  std::filesystem::path folder;
  std::filesystem::path write(const char* name, const std::string& text) const {
    write_file_lazily(folder / name, text);
    return folder / name;
  }
  CsvTable joined(const std::string& train, const std::string& tested, const TableSpec& spec = {}, CsvOptions options = {}) const {
    options.text = text_columns(spec);
    CsvTable table = read_csv(write("train.csv", train), options);
    join_test(table, read_test_table(write("test.csv", tested), options, table, {table.columns.size() - 1}));
    return table;
  }
  std::string refused(const std::string& train, const std::string& tested, const TableSpec& spec = {}, const SplitOptions& split = {},
                      Exit code = Exit::mismatch) const {
    try {
      prepare_data(joined(train, tested, spec), spec, split);
    } catch (const Error& error) {
      CHECK(error.code() == code);
      return error.what();
    }
    return "no error";
  }
};
void says(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
}
TableSpec classes() {
  TableSpec spec;
  spec.classify = true;
  return spec;
}
}  // namespace

TEST_CASE("the rows of a second file are the test rows, all of them", "[test_table]") {
  const Two two;
  TableSpec spec = classes();
  spec.rules = {{.key = "categorical", .pattern = "city", .as = ColumnRule::As::category}};
  spec.every.scale = ColumnRule::Scale::standard;
  SplitOptions split;
  split.validation_rows = 1, split.take = SplitOptions::Take::tail;
  const CsvTable table = two.joined("x,city,y\n1,rome,a\n3,oslo,b\n50,rome,a\n", "city,y,x\nparis,b,9\nrome,a,7\n", spec);
  CHECK(table.source == "train.csv + test.csv");
  CHECK(table.rows == 5);
  const PreparedData p = prepare_data(table, spec, split);
  CHECK(p.split.train == Rows{0, 1});
  CHECK(p.split.validation == Rows{2});
  CHECK(p.split.test == Rows{3, 4});
  CHECK(p.data.target.i64 == std::vector<std::int64_t>{0, 1, 0, 1, 0});
  // x by mean 2 and deviation 1 of the training rows; the names of both files
  CHECK(p.data.feature_names == std::vector<std::string>{"x", "city=oslo", "city=paris", "city=rome"});
  CHECK(p.data.features[0].f32 == std::vector<float>{-1, 0, 0, 1, 1, 1, 0, 0, 48, 0, 0, 1, 7, 0, 1, 0, 5, 0, 0, 1});
}

TEST_CASE("the training rows of a table do not depend on its test file", "[test_table]") {
  const Two two;
  std::string train = "x,y\n", tested = "x,y\n";
  for (int i = 0; i < 40; ++i) train += cat(i, ",", i % 3, "\n");
  for (int i = 0; i < 9; ++i) tested += cat(1000 + i, ",", i, "\n");
  for (const auto take : {SplitOptions::Take::random, SplitOptions::Take::tail})
    for (const char* group : {"", "y"}) {
      SplitOptions split;
      split.validation = 0.25, split.take = take, split.group = group;
      const PreparedData both = prepare_data(two.joined(train, tested), {}, split), alone = prepare_data(parse_csv(train, "train.csv"), {}, split);
      CHECK(both.split.train == alone.split.train);
      CHECK(both.split.validation == alone.split.validation);
      CHECK(both.preprocess == alone.preprocess);
      CHECK(both.split.test.size() == 9);
    }
}

TEST_CASE("each of two files is read by its own delimiter and decimal mark", "[test_table]") {
  const Two two;
  const CsvTable table = two.joined("x;n;y\n1,5;1;2\n2,5;2;3,5\n", "x,n,y\n3.25,3,4\n");
  CHECK(table.columns[0].numbers.all() == std::vector<double>{1.5, 2.5, 3.25});
  CHECK(table.columns[2].numbers.all() == std::vector<double>{2, 3.5, 4});
  CHECK(table.notes.size() == 3);  // two headers, a decimal comma
  CHECK(table.line(1) == "3 of 'train.csv'");
  CHECK(table.place(2, 0) == "line 2 of 'test.csv', column 'x'");
  const CsvTable bare = two.joined("1,2,3\n4,5,6\n", "7;8;9,5\n");
  CHECK(!bare.header);
  CHECK(bare.columns[2].numbers.all() == std::vector<double>{3, 6, 9.5});
  CHECK(two.joined("x,y\n1,2\n", "x,y\n3,4\n").fingerprint != two.joined("x,y\n1,2\n", "x,y\n3,5\n").fingerprint);
}

TEST_CASE("a header of the test file is known by the other's", "[test_table]") {
  const Two two;
  TableSpec spec = classes();
  spec.rules = {{.key = "categorical", .pattern = "*", .as = ColumnRule::As::category}};
  spec.rules[0].key = "columns";
  // two lines of names over names: alone, nothing tells that the first is a header where it occurs below, too
  const CsvTable table = two.joined("a,b\nx,u\ny,v\nx,v\n", "b,a\nb,a\nu,x\n", spec);
  CHECK(table.header);
  CHECK(table.rows == 5);
}

TEST_CASE("what does not fit in a test file is told with its line", "[test_table]") {
  const Two two;
  const std::string train = "x,age,price\n1,2,3\n4,5,6\n";
  says(two.refused(train, "x,price\n1,2\n"), "data.test_file: 'test.csv' must have the columns of 'train.csv'; it lacks 'age'");
  says(two.refused(train, "x,Age,price\n1,2,3\n"), "it lacks 'age' and has 'Age' beside them");
  says(two.refused(train, "id,x,age,price\n7,1,2,3\n"), "it has 'id' beside them");
  says(two.refused(train, "x,age\n1,2\n"), "it lacks 'price'; test rows are scored, so they need their target (`lehr predict` answers rows without)");
  says(two.refused("1,2,3\n4,5,6\n", "1,2\n"), "'test.csv' has 2 columns, 'train.csv' has 3: they must have the same; test rows are scored");
  says(two.refused("1,2,3\n4,5,6\n", "x,y,z\n1,2,3\n"), "one of the two files has a header line, the other not: 'train.csv' has none (");
  says(two.refused("a,a,y\n1,2,3\n", "y,a,a\n1,2,3\n"), "several columns of 'test.csv' are called 'a': they must stand in the order of 'train.csv'");
  says(two.refused(train, "x,age,price\n1,2,3\n1,old,3\n", {}, {}, Exit::usage), "line 3 of 'test.csv', column 'age': 'old'");
  says(two.refused(train, "x,age,price\n1,2,3\n1,,3\n", {}, {}, Exit::usage), "line 3 of 'test.csv', column 'age'");
  says(two.refused(train, "x,age,price\n1,2,3\n1,2,\n"), "line 3 of 'test.csv', column 'price': the target is missing");
  says(two.refused("x,y\n1,a\n2,b\n", "x,y\n1,a\n\n2,c\n3,c\n4,d\n", classes()), "line 4 of 'test.csv': class 'c' has no row in 'train.csv'");
  says(two.refused("x,y\n1,a\n2,b\n", "x,y\n1,a\n\n2,c\n3,c\n4,d\n", classes()), "line 6 of 'test.csv': class 'd'");
  TableSpec listed = classes();
  listed.classes = {"a", "b", "c"};
  says(two.refused("x,y\n1,a\n2,b\n", "x,y\n1,c\n", listed), "line 2 of 'test.csv': class 'c' has no row in 'train.csv'");
  SplitOptions split;
  split.test = 0.2;
  says(two.refused(train, train, {}, split), "data.test_file and data.split.test exclude each other");
  split = {}, split.fold = FoldOptions{.k = 2};
  says(two.refused(train, train, {}, split), "data.test_file and folds exclude each other");
}

TEST_CASE("what does not count, and columns that only one file has as text", "[test_table]") {
  const Two two;
  TableSpec spec = classes();
  spec.ignore = {"?"};
  spec.rules = {{.key = "drop", .pattern = "note", .drop = true}};
  const CsvTable table = two.joined("x,note,y\n1,1.5,a\n2,,b\n3,7,a\n", "x,note,y\n1,lost,?\n2,7,b\n", spec);
  CHECK(table.columns[1].texts == std::vector<std::string>{"1.5", "7", "lost"});
  CHECK(table.columns[1].codes == std::vector<std::int32_t>{0, -1, 1, 2, 1});
  CHECK(prepare_data(table, spec, {}).data.target.i64 == std::vector<std::int64_t>{0, 1, 0, -1, 1});
  // a column to split by need be whole in the file that is split
  SplitOptions split;
  split.validation_rows = 1, split.order = "day";
  TableSpec x;
  x.columns = {"x"};
  const Split s = prepare_data(two.joined("day,x,y\n3,1,1\n1,1,2\n2,1,3\n", "day,x,y\n,1,5\n"), x, split).split;
  CHECK(s.validation == Rows{0});
  CHECK(s.test == Rows{3});
  says(two.refused("day,x,y\n3,1,1\n,1,2\n2,1,3\n", "day,x,y\n,1,5\n", x, split), "has 1 missing cell, the first in line 3 of 'train.csv', column 'day'");
}
