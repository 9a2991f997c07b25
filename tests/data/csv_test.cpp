#include <sched.h>

#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "base/error.h"
#include "base/file.h"
#include "engine/data/csv.h"
#include "tests/support/catch.h"

using namespace lehr;
using Texts = std::vector<std::string>;

namespace {
double i_of(int column) { return column % 7 == 0 ? 1 : 0; }

std::string error_of(const std::string& content, const CsvOptions& options = {}) {
  try {
    parse_csv(content, "t.csv", options);
  } catch (const Error& error) {
    CHECK(error.code() == Exit::usage);
    return error.what();
  }
  return "no error";
}

// All cells, row by row, columns parted by | and rows by /.
std::string cells(const CsvTable& table) {
  std::string out;
  for (std::int64_t row = 0; row < table.rows; ++row) {
    if (row > 0) out += '/';
    for (std::size_t c = 0; c < table.columns.size(); ++c) out += (c > 0 ? "|" : "") + table.cell(row, c);
  }
  return out;
}
}  // namespace

TEST_CASE("delimiters, line ends, quotes, headers", "[csv]") {
  struct Row { const char *content, *cells; char delimiter; bool header; };
  for (const Row& row : {
           Row{"1,2\n3,4\n", "1|2/3|4", ',', false},
           {"1,2\n3,4", "1|2/3|4", ',', false},
           {"1\t2\r\n3\t4\r\n", "1|2/3|4", '\t', false},
           {"1;2\r3;4\r", "1|2/3|4", ';', false},
           {"1,5;2\n2,5;3\n", "1.5|2/2.5|3", ';', false},
           {"\xef\xbb\xbf" "a,b\n1,2\n", "1|2", ',', true},
           {"a,b\n\n1,2\n   \n3,4\n\n", "1|2/3|4", ',', true},
           {"\"a,1\",b\n\"x \"\"y\"\"\",1\n\"two\nlines\",2\n", "x \"y\"|1/two\nlines|2", ',', true},
           {" 1 , 2\t\n 3, 4 \n", "1|2/3|4", ',', false},
           {"1,\" a \"\n2, b \n", "1| a /2|b", ',', false},
           {"a\tb c\tg\n1\tx, y\tu\n", "1|x, y|u", '\t', true},
           {"7\n8\n", "7/8", ',', false},
           {"5.1,3.5,setosa\n4.9,3,setosa\n", "5.1|3.5|setosa/4.9|3|setosa", ',', false},
           {"red,small\nblue,large\n", "blue|large", ',', true},
           {"red,small\nred,large\nblue,small\n", "red|small/red|large/blue|small", ',', false},
           {"x,x\ny,x\n", "x|x/y|x", ',', false},
           {"?,2\n1,3\n", "|2/1|3", ',', false},
           {",x\n0,7\n", "0|7", ',', true},
           {"'a',b#\n1,2\n", "1|2", ',', true},
       }) {
    INFO(row.content);
    const CsvTable table = parse_csv(row.content, "t.csv");
    CHECK(cells(table) == row.cells);
    CHECK(table.delimiter == row.delimiter);
    CHECK(table.header == row.header);
  }
}

TEST_CASE("what is told is not guessed", "[csv]") {
  CsvOptions options;
  options.header = true;
  CHECK(cells(parse_csv("1,2\n3,4\n", "t", options)) == "3|4");
  CHECK(parse_csv("1,2\n3,4\n", "t", options).names() == Texts{"1", "2"});
  options.header = false;
  CHECK(cells(parse_csv("a,b\n3,4\n", "t", options)) == "a|b/3|4");
  options.delimiter = '|';
  CHECK(cells(parse_csv("1,5|2\n3,5|4\n", "t", options)) == "1.5|2/3.5|4");
  options.decimal = '.';
  CHECK(cells(parse_csv("1,5|2\n3,5|4\n", "t", options)) == "1,5|2/3,5|4");
  options.decimal.reset();
  options.delimiter = ' ';
  CHECK(cells(parse_csv("1 2\n3 4\n", "t", options)) == "1|2/3|4");
}

TEST_CASE("numbers are read to the last bit, missing cells as NaN", "[csv]") {
  const CsvTable t = parse_csv("x,y,z\n0.1,+2,\n-0,1e-3,?\n12345678901234567890,1E5,NA\n.5,5.,nan\n9007199254740993,1.7976931348623157e308,\"\"\n", "t.csv");
  CHECK(t.columns[0].numbers == CompactNumbers{0.1, -0.0, 12345678901234567890.0, 0.5, 9007199254740992.0});
  CHECK(std::signbit(t.columns[0].numbers[1]));
  CHECK(t.columns[1].numbers == CompactNumbers{2, 1e-3, 1e5, 5, 1.7976931348623157e308});
  CHECK(t.columns[2].numeric);
  CHECK(t.columns[2].missing == 5);
  for (const double value : t.columns[2].numbers) CHECK(std::isnan(value));
}

TEST_CASE("numbers agree with strtod in any spelling", "[csv]") {
  std::mt19937_64 random(7);
  std::string content;
  std::vector<double> expected;
  for (int i = 0; i < 20000; ++i) {
    char text[64];
    double value = 0;
    const std::uint64_t bits = random();
    std::memcpy(&value, &bits, sizeof value);
    if (i % 4 == 0) std::snprintf(text, sizeof text, "%.17g", std::isfinite(value) ? value : 1.0);
    else
      std::snprintf(text, sizeof text, "%.*f", static_cast<int>(random() % 19),
                    static_cast<double>(static_cast<std::int64_t>(random() >> (random() % 60))) / 1e6);
    content += text + std::string("\n");
    expected.push_back(std::strtod(text, nullptr));
  }
  CHECK(parse_csv(content, "t.csv").columns[0].numbers.all() == expected);
}

TEST_CASE("a column with one text cell is text throughout", "[csv]") {
  const CsvTable t = parse_csv("1,a\n2,b\nthree,a\n2,\n", "t.csv");
  REQUIRE_FALSE(t.columns[0].numeric);
  CHECK(t.columns[0].texts == Texts{"1", "2", "three"});
  CHECK(t.columns[0].codes == std::vector<std::int32_t>{0, 1, 2, 1});
  CHECK(t.columns[1].texts == Texts{"a", "b"});
  CHECK(t.columns[1].codes == std::vector<std::int32_t>{0, 1, 0, -1});
  CHECK(t.columns[1].missing == 1);
  CHECK(t.value(1, 0) == 2);
  CHECK_FALSE(t.value(2, 0));
  CHECK(std::isnan(*t.value(3, 1)));
}

TEST_CASE("a cell is no number for a reason", "[csv]") {
  CHECK(not_a_number("1,5") == "'1,5' is not a number (decimals take a point)");
  CHECK(not_a_number("inf") == "'inf' is not a finite number");
  CHECK(not_a_number("NaN") == "'NaN' is not a finite number");
  CHECK(not_a_number("1e999") == "'1e999' is beyond the range of a double");
  CHECK(not_a_number("0x10") == "'0x10' is not a number");
  CHECK(not_a_number("") == "'' is not a number");
  for (const char* text : {"", "+", "+-1", "-", ".", "1.2.3", "1 2", "inf", "nan", "0x1p3", "1e", "1_000", "١"}) {
    INFO(text);
    CHECK_FALSE(parse_number(text));
  }
}

TEST_CASE("missing spellings can be told", "[csv]") {
  CsvOptions options;
  options.missing = {"-999", "none"};
  const CsvTable t = parse_csv("a,b\n1,none\n-999,2\n-999.0,2\n", "t.csv", options);
  CHECK(t.columns[0].numeric);
  CHECK(t.columns[1].numeric);
  CHECK(t.columns[0].numbers[0] == 1);
  CHECK(std::isnan(t.columns[1].numbers[0]));
  CHECK(std::isnan(t.columns[0].numbers[2]));
  CHECK(t.columns[0].missing == 2);  // -999 and -999.0
}

TEST_CASE("lines are counted through quoted ones and blanks", "[csv]") {
  const CsvTable t = parse_csv("a,b\n\n1,\"x\n\ny\"\r\n2,z\r3,w\n", "t.csv");
  CHECK(t.lines == std::vector<std::uint32_t>{3, 6, 7});
  CHECK(t.place(1, 1) == "line 6, column 'b'");
  CHECK(parse_csv("1,2\n3,4\n", "t").place(1, 1) == "line 2, column 1");
}

TEST_CASE("columns are found by name, then by index", "[csv]") {
  const CsvTable t = parse_csv("age,income,1\n1,2,3\n", "t.csv", {.header = true});
  CHECK(t.find("income") == 1);
  CHECK(t.find("-1") == 2);
  CHECK(t.find("0") == 0);
  CHECK(t.find("1") == 2);  // the name wins
  const auto failure = [](const CsvTable& table, const char* name) {
    try {
      table.find(name);
    } catch (const Error& error) { return std::string(error.what()); }
    return std::string("found");
  };
  CHECK(failure(t, "incom") == "'t.csv' has no column 'incom', did you mean 'income'?\n  columns: age, income, 1");
  CHECK(failure(t, "3") == "column 3 is out of range: 't.csv' has 3 columns, 0..2 or -3..-1");
  CHECK(failure(t, "-4").find("column -4 is out of range") == 0);
  CHECK(failure(t, "99999999999999999999").find("no column") != std::string::npos);
  CHECK(failure(parse_csv("1,2\n", "t.csv"), "age") == "'t.csv' has no header, so there is no column 'age'; columns are 0..1");
}

TEST_CASE("a broken file says where and what", "[csv]") {
  struct Row { const char *content, *part; };
  for (const Row& row : {
           Row{"", "it is empty\n  in 't.csv'"},
           {"\xef\xbb\xbf\r\n\n", "it is empty"},
           {"1,2\n3,4,5\n6\n7,8\n", "line 2 has 3 cells, the first row has 2\nline 3 has 1 cell, the first row has 2"},
           {"a,b\n1,\"x\n", "line 2: a double quote is never closed"},
           {"a,b\n1,\"x\"y\n", "line 2: the quoted cell 'x' is followed by 'y'"},
           {"a,b\n1,x\"y\n", "line 2: a double quote stands inside the unquoted cell 'x\"y'"},
           {"\xff\xfe\x31", "it is UTF-16; save it as UTF-8"},
       }) {
    INFO(row.content);
    CHECK(error_of(row.content).find(row.part) != std::string::npos);
  }
  CHECK(error_of("a,b\n", {.header = true}).find("it has a header (a, b) but no rows") == 0);
  CHECK(error_of("1,2\n", {.delimiter = '"'}).find("cannot be a delimiter") != std::string::npos);
  CHECK(error_of(std::string("1,2\n3,\0 4\n", 11)).find("line 2 has a NUL byte") == 0);
  CHECK(error_of("1,2\n3,4\n", {.limit = 5}).find("it has 8 bytes, the limit is 5") == 0);
}

TEST_CASE("twenty problems are shown, all are counted", "[csv]") {
  std::string content = "1,2\n";
  for (int i = 0; i < 1234; ++i) content += "1\n";
  const std::string text = error_of(content);
  CHECK(text.find("\nline 21 has 1 cell") != std::string::npos);
  CHECK(text.find("line 22 ") == std::string::npos);
  CHECK(text.find("… and 1,214 more") != std::string::npos);
}

TEST_CASE("a hopeless file is not read to its end", "[csv]") {
  std::string content = "1,2\n";
  for (int i = 0; i < 10'500; ++i) content += "x\"y,1\n";
  CHECK(error_of(content).find("… and 9,981 more") != std::string::npos);
}

TEST_CASE("huge cells and rows are refused", "[csv]") {
  CHECK(error_of("1,2\n3," + std::string((1 << 20) + 1, 'x') + "\n").find("line 2 has a cell of 1048577 bytes, the limit is 1048576") == 0);
  CHECK(error_of("1,2\n3,\"" + std::string((1 << 20) + 1, 'x') + "\"\n").find("line 2 has a quoted cell of more than 1048576 bytes") == 0);
  CHECK(error_of(std::string(2'100'000, ',')).find("line 1 has more than 2000000 cells, the limit") == 0);
  CHECK(error_of("1,2\n" + std::string(2'100'000, ',')).find("line 2 has more than 2000000 cells, the limit") == 0);
}

TEST_CASE("a row may have two million cells", "[csv]") {
  std::string row;
  for (int i = 0; i < 2'000'000; ++i) row += i % 7 == 0 ? "1," : "0,";
  row.back() = '\n';
  const CsvTable t = parse_csv(row + row, "t.csv");
  CHECK(t.columns.size() == 2'000'000);
  CHECK(t.rows == 2);
  CHECK(t.columns[1'999'998].numbers.all() == std::vector<double>{i_of(1'999'998), i_of(1'999'998)});
}

TEST_CASE("a header is found by evidence, with its reason", "[csv][header]") {
  struct Row { const char* content; bool header; const char* reason; };
  for (const Row& row : {
           Row{"0,1,2,label\n0.5,1.5,2.25,dog\n-0.5,1,3.5,cat\n0.25,2,1,dog\n", true, "0, 1, … count the columns, and 'label' occurs nowhere below it"},
           {"0,1,2\n0.5,1.5,2\n0.25,-1,3\n", true, "0, 1, … count the columns and stand over fractions"},
           {",0,1,y\n0,0.5,1.5,1\n1,0.25,-1,0\n", true, "0, 1 count the columns, and 'y' stands over numbers"},
           {"2019,2020,2021\n0.5,1.5,2\n0.25,-1,3\n", true, "2019, 2020, … are years and stand over fractions"},
           {"country,2019,2020\nFrance,3,4\nItaly,5,6\n", true, "2019, 2020 are years, and none stands below"},
           {"Ann,1960,2020\nBob,1950,1999\n", false, "1960, 2020 in it are numbers as those below"},
           {"2019,2020,total\n3,4,7\n5,6,11\n", true, "2019, 2020 are years, and 'total' stands over numbers"},
           {"0,1\n0.5,1.5\n1,2\n", false, "0, 1 in it are numbers as those below"},
           {"1,2,3\n4,5,6\n7,8,9\n", false, "1, 2, … in it are numbers as those below"},
           {"5.1,3.5,setosa\n4.9,3,virginica\n4.7,3.2,virginica\n", false, "'5.1' in it is a number"},
           {"0,1,2,3,4,5,6,7\n0,0,9,0,0,0,1,0\n", true, "0, 1, … count the columns"},
           {"0,1,2,3,4,5,6,7\n", false, "0, 1, … in it are numbers as those below"},
           {"NA,x\n1,red\n2,red\n", true, "none of its names occurs below it"},
           {"red,x\nblue,red\nred,y\n", false, "'red' occurs below it, too"},
           {"x,x\nu,v\n", false, "'x' stands in it twice"},
           {"name,score,name\n1,2,3\n", true, "'name' stands over numbers"},
           {",,\n1,2,3\n", false, "its cells name nothing"},
       }) {
    INFO(row.content);
    const CsvTable t = parse_csv(row.content, "t.csv");
    CHECK(t.header == row.header);
    CHECK(t.header_reason == row.reason);
    REQUIRE(t.notes.size() == 1);
    CHECK(t.notes[0].find(row.reason) != std::string::npos);
  }
  const CsvTable told = parse_csv("0,1,2\n0.5,1.5,2\n", "t.csv", {.header = false});
  CHECK(told.rows == 2);
  CHECK(told.notes.empty());
}

TEST_CASE("a decimal comma is understood where nothing speaks against it", "[csv][decimal]") {
  struct Row { const char *content, *cells; char decimal; };
  for (const Row& row : {
           Row{"x;y\n1,5;2\n-0,25;3e-2\n", "1.5|2/-0.25|0.03", ','},
           {"x\ty\n7\t1\n1,5\t2\n", "7|1/1.5|2", ','},
           {"x;y\n1,5;2\n1.5;3\n", "1,5|2/1.5|3", '.'},        // both: the comma is no decimal mark
           {"x;y\n1,500;2\n2,250;3\n", "1,500|2/2,250|3", '.'},  // or thousands: not decided
           {"x;y\n0,500;2\n2,250;3\n", "0.5|2/2.25|3", ','},
           {"x;y\n1,234,567;2\n1,5;3\n", "1,234,567|2/1,5|3", ','},
           {"x,y\n\"1,5\",2\n\"2,5\",3\n", "1,5|2/2,5|3", '.'},
           {"x;y\n;2\n\"1,5\";3\nNA;+1,5\n", "|2/1.5|3/|1.5", ','},
       }) {
    INFO(row.content);
    const CsvTable t = parse_csv(row.content, "t.csv");
    CHECK(cells(t) == row.cells);
    CHECK(t.decimal == row.decimal);
    CHECK((t.notes.size() == 2) == (row.decimal == ','));
  }
  std::string late = "x;y\n";  // behind the rows that are looked at first
  for (int i = 0; i < 500; ++i) late += "1;2\n";
  CHECK(parse_csv(late + "1,5;2\n", "t").columns[0].numbers[500] == 1.5);
  CHECK_FALSE(parse_csv(late + "1,5;2\n1.5;2\n", "t").columns[0].numeric);
  CHECK(parse_csv("x;y\n1,500;2\n", "t", {.decimal = ','}).columns[0].numbers[0] == 1.5);
  CHECK(parse_csv("1,5\n2,5\n", "t", {.decimal = ','}).columns.size() == 1);
  CHECK(not_a_number("1,500") == "'1,500' is not a number (thousands take no mark; for a decimal comma say data.decimal: \",\")");
  CHECK(error_of("1,2\n", {.delimiter = ',', .decimal = ','}).find("',' cannot be delimiter and decimal mark") == 0);
}

TEST_CASE("what is no UTF-8 is refused with its place", "[csv][utf8]") {
  struct Row { const char *content, *part; };
  for (const Row& row : {
           Row{"gr\xf6\xdf" "e,y\n1,2\n", "line 1, character 3: '\\xf6' is not UTF-8; save the table as UTF-8"},
           {"x,y\n1,a\n2,\xc3\xbc\xe9\n", "line 3, character 4: '\\xe9' is not UTF-8"},
           {"x,y\r1,\xc0\x80\r", "line 2, character 3"},      // overlong
           {"x,y\n1,\xed\xa0\x80\n", "line 2, character 3"},   // a surrogate
           {"x,y\n1,\xf4\x90\x80\x80\n", "line 2, character 3"},
           {"x,y\n1,\xe2\x82", "line 2, character 3"},          // cut off
       }) {
    INFO(row.content);
    CHECK(error_of(row.content).find(row.part) == 0);
  }
  CHECK(parse_csv("\xef\xbb\xbf" "gr\xc3\xb6\xc3\x9f" "e,\xf0\x9f\x8c\xb3\n1,2\n", "t").find("\xf0\x9f\x8c\xb3") == 1);
}

TEST_CASE("columns may be told to be text; missing cells are then empty ones", "[csv][text]") {
  const char* content = "zip,id,x\n01067,9007199254740993,NA\n1067,9007199254740992,1\n1067.0,9007199254740993,\n";
  const CsvTable t = parse_csv(content, "t", {.text = {"zip", "1"}});
  CHECK(t.columns[0].texts == Texts{"01067", "1067", "1067.0"});
  CHECK(t.columns[1].texts == Texts{"9007199254740993", "9007199254740992"});
  CHECK(t.columns[2].missing == 2);
  CHECK(parse_csv(content, "t", {.text = {"z*", "-1"}}).columns[2].texts == Texts{"NA", "1"});
  CHECK(parse_csv(content, "t", {.missing = {"NA"}, .text = {"*"}}).columns[2].texts == Texts{"1"});
  CHECK(parse_csv("1,2\n", "t", {.text = {"*"}}).columns[1].texts == Texts{"2"});
  CHECK(parse_csv("x,y\nN/A,a\nnull,NULL\nNone,b\nNULL,\n?,c\nNaN,d\n1,e\n", "t").columns[0].missing == 6);
  CHECK(parse_csv("x,y\n1,a\n2,NULL\n3,\n", "t").columns[1].texts == Texts{"a", "NULL"});
}

TEST_CASE("names that several columns have do not block the others", "[csv][names]") {
  const CsvTable t = parse_csv("name,score,name,\n1,2,3,\n", "t.csv");
  CHECK(t.find("score") == 1);
  CHECK(t.find("2") == 2);
  CHECK(t.find("3") == 3);  // without a name
  CHECK(t.find("name", 2) == 2);
  CHECK_THROWS_WITH(t.find("name"), "2 columns are called 'name': give the index of the one that is meant, 0 and 2");
  const CsvTable numbered = parse_csv("1,1,y\n3,4,5\n", "t.csv", {.header = true});
  CHECK_THROWS_WITH(numbered.find("1"), "2 columns are called '1': give the index of the one that is meant, -3 and -2");
  CHECK(numbered.find("-2") == 1);
}

TEST_CASE("rows are the same wherever a text is cut", "[csv][stream]") {
  std::mt19937 random(11);
  for (const char* end : {"\n", "\r\n", "\r"}) {
    std::string content = cat("n,t", end);
    std::vector<std::string> texts;
    for (int i = 0; i < 60'000; ++i) {  // some three stretches
      std::string text(random() % 30, 'x');
      for (char& c : text) c = "ab,\n\r\"\xc3"[random() % 6];
      texts.push_back(text);
      std::string quoted;
      for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
      content += cat(i, ",\"", quoted, "\"", end);
    }
    const CsvTable t = parse_csv(content, "t.csv");
    REQUIRE(t.rows == 60'000);
    bool same = true;
    for (std::int64_t row = 0; row < t.rows; ++row)
      same = same && t.columns[0].numbers[static_cast<std::size_t>(row)] == static_cast<double>(row) && t.cell(row, 1) == texts[static_cast<std::size_t>(row)];
    CHECK(same);
    CHECK(t.bytes == content.size());
    CHECK(t.fingerprint == fingerprint(content));
  }
  std::string open = "a,b\n";  // a quote that is never closed
  for (int i = 0; i < 300'000; ++i) open += i == 100 ? "1,\"x\n" : "1,2\n";
  CHECK(error_of(open).find("line 102") == 0);
}

namespace {
// What `read` does where this process may use one core alone.
template <class Read>
auto on_one_core(const Read& read) {
  cpu_set_t all, one;
  REQUIRE(::sched_getaffinity(0, sizeof all, &all) == 0);
  CPU_ZERO(&one);
  for (int cpu = 0; cpu < CPU_SETSIZE && CPU_COUNT(&one) == 0; ++cpu)
    if (CPU_ISSET(cpu, &all)) CPU_SET(cpu, &one);
  REQUIRE(::sched_setaffinity(0, sizeof one, &one) == 0);
  auto out = read();
  REQUIRE(::sched_setaffinity(0, sizeof all, &all) == 0);
  return out;
}
}  // namespace

TEST_CASE("a table is the same whatever the number of threads", "[csv][stream]") {
  std::mt19937 random(23);
  std::string content = "n,decimal,name,sparse,few\n";
  for (int i = 0; i < 60'000; ++i)  // some ten stretches
    content += cat(i, ",", static_cast<double>(random() % 100'000) / 1000, ",name ", random() % 20'000, ",", i % 7 ? "" : "NA", ",\"", i % 3, "\n\"\n");
  const CsvTable many = parse_csv(content, "t.csv"), one = on_one_core([&] { return parse_csv(content, "t.csv"); });
  REQUIRE(many.rows == 60'000);
  CHECK(many.lines == one.lines);
  CHECK(many.fingerprint == one.fingerprint);
  for (std::size_t c = 0; c < many.columns.size(); ++c) {
    CHECK(many.columns[c].numeric == (c != 2 && c != 4));
    CHECK(many.columns[c].numbers == one.columns[c].numbers);
    CHECK(many.columns[c].codes == one.columns[c].codes);
    CHECK(many.columns[c].texts == one.columns[c].texts);
    CHECK(many.columns[c].missing == one.columns[c].missing);
  }
  CHECK(many.columns[3].missing == 60'000);
  CHECK(many.columns[4].texts == Texts{"0\n", "1\n", "2\n"});

  std::string faulty = content;  // many faults, and behind them what ends the reading
  for (int i = 0; i < 15; ++i) faulty += "1,2\n\"x\"y,1\n" + content.substr(content.find('\n') + 1);
  const std::string said = error_of(faulty);
  CHECK(said == on_one_core([&] { return error_of(faulty); }));
  CHECK(said.find("… and 10 more") != std::string::npos);
  const std::string cut = error_of(faulty + "\xff,1,1,1,1\n" + content);
  CHECK(cut == on_one_core([&] { return error_of(faulty + "\xff,1,1,1,1\n" + content); }));
  CHECK(cut.find("is not UTF-8") != std::string::npos);
}

TEST_CASE("digits are read eight at a time, wherever a number ends", "[csv]") {
  for (int whole = 0; whole < 12; ++whole)
    for (int decimals = 0; decimals < 20; ++decimals) {
      const std::string digits = "73951862409517386240951";
      const std::string cell = cat("-", digits.substr(0, static_cast<std::size_t>(whole)), ".", digits.substr(2, static_cast<std::size_t>(decimals)));
      if (whole + decimals == 0) continue;
      for (const std::string& content : {cat(cell, ",1\n", cell, ",2"), cat("1;", cell, "\n2;", cell), cat("7\r\n", cell)}) {
        const CsvTable t = parse_csv(content, "t", {.header = false});
        const std::size_t row = t.columns.size() == 1 ? 1 : 0;
        CHECK(t.columns[t.delimiter == ';' ? 1 : 0].numbers[row] == std::strtod(cell.c_str(), nullptr));
      }
    }
}

TEST_CASE("arbitrary bytes are read or refused, never worse", "[csv]") {
  std::mt19937 random(3);
  constexpr std::string_view likely = "\",;\t\n\r 01.-eax?\xef\xff\x1f";
  for (int i = 0; i < 3000; ++i) {
    std::string content(random() % 200, ' ');
    for (char& c : content) c = i % 3 == 0 ? static_cast<char>(random()) : likely[random() % likely.size()];
    try {
      const CsvTable t = parse_csv(content, "t.csv");
      for (const Column& c : t.columns) CHECK((c.numeric ? c.numbers.size() : c.codes.size()) == static_cast<std::size_t>(t.rows));
      CHECK(t.lines.size() == static_cast<std::size_t>(t.rows));
    } catch (const Error&) {
    }
  }
}

TEST_CASE("files: a folder and what does not exist", "[csv]") {
  for (const char* path : {LEHR_SOURCE_DIR "/tests", LEHR_SOURCE_DIR "/no-such.csv"}) CHECK_THROWS_AS(read_csv(path), Error);
  const CsvTable iris = read_csv(LEHR_SOURCE_DIR "/tests/golden/data/iris.csv");
  CHECK(iris.rows == 150);
  CHECK(iris.columns.size() == 5);
  CHECK(iris.source == "iris.csv");
  CHECK(read_csv(LEHR_SOURCE_DIR "/tests/golden/data/digits.csv").columns.size() == 65);
}
