#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>

#include "base/error.h"
#include "engine/data/csv.h"
#include "tests/support/catch.h"

using namespace lehr;
using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;

namespace {
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
           {"1,5;2\n2,5;3\n", "1,5|2/2,5|3", ';', false},
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
  CHECK(cells(parse_csv("1,5|2\n3,5|4\n", "t", options)) == "1,5|2/3,5|4");
  options.delimiter = ' ';
  CHECK(cells(parse_csv("1 2\n3 4\n", "t", options)) == "1|2/3|4");
}

TEST_CASE("numbers are read to the last bit, missing cells as NaN", "[csv]") {
  const CsvTable t = parse_csv("x,y,z\n0.1,+2,\n-0,1e-3,?\n12345678901234567890,1E5,NA\n.5,5.,nan\n9007199254740993,1.7976931348623157e308,\"\"\n", "t.csv");
  CHECK(t.columns[0].numbers == Numbers{0.1, -0.0, 12345678901234567890.0, 0.5, 9007199254740992.0});
  CHECK(std::signbit(t.columns[0].numbers[1]));
  CHECK(t.columns[1].numbers == Numbers{2, 1e-3, 1e5, 5, 1.7976931348623157e308});
  CHECK(t.columns[2].numeric);
  CHECK(t.columns[2].missing == 5);
  for (const double value : t.columns[2].numbers) CHECK(std::isnan(value));
}

TEST_CASE("numbers agree with strtod in any spelling", "[csv]") {
  std::mt19937_64 random(7);
  std::string content;
  Numbers expected;
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
  CHECK(parse_csv(content, "t.csv").columns[0].numbers == expected);
}

TEST_CASE("a column with one text cell is text throughout", "[csv]") {
  const CsvTable t = parse_csv("1,a\n2,b\nthree,a\n2,?\n", "t.csv");
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
  const CsvTable t = parse_csv("age,income,1\n1,2,3\n", "t.csv", {.header = true, .delimiter = {}});
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
           {"a,b,a\n1,2,3\n", "columns 0 and 2 are both called 'a'"},
           {"\xff\xfe\x31", "it is UTF-16; save it as UTF-8"},
       }) {
    INFO(row.content);
    CHECK(error_of(row.content).find(row.part) != std::string::npos);
  }
  CHECK(error_of("a,b\n", {.header = true, .delimiter = {}}).find("it has a header (a, b) but no rows") == 0);
  CHECK(error_of("1,2\n", {.header = {}, .delimiter = '"'}).find("cannot be a delimiter") != std::string::npos);
  CHECK(error_of(std::string("1,2\n3,\0 4\n", 11)).find("line 2 has a NUL byte") == 0);
  CHECK(error_of("1,2\n3,4\n", {.header = {}, .delimiter = {}, .missing = {}, .limit = 5}).find("it has 8 bytes, the limit is 5") == 0);
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
  CHECK(error_of(std::string(200'000, ',')).find("line 1 has more than 100000 cells, the limit") == 0);
  CHECK(error_of("1,2\n" + std::string(200'000, ',')).find("line 2 has more than 100000 cells, the limit") == 0);
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
