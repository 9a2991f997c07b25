#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("columns are characters, not bytes", "[base]") {
  CHECK(width("") == 0);
  CHECK(width("abc") == 3);
  CHECK(width("äöü") == 3);
  CHECK(width("98.5 ± 0.7 %…") == 13);
  CHECK(pad_right("±", 3) == "±  ");
  CHECK(pad_left("±", 3) == "  ±");
  CHECK(pad_left("long", 2) == "long");
  CHECK(pad_right("", 2) == "  ");
}

TEST_CASE("digits in groups of three", "[base]") {
  struct Row { long long value; const char* text; };
  for (const Row& row : {Row{0, "0"},
                         {999, "999"},
                         {1000, "1,000"},
                         {-999, "-999"},
                         {-1000, "-1,000"},
                         {123456, "123,456"},
                         {1234567, "1,234,567"},
                         {-123456, "-123,456"},
                         {std::numeric_limits<long long>::min(), "-9,223,372,036,854,775,808"}})
    CHECK(grouped(row.value) == row.text);
}

TEST_CASE("numbers without digits", "[base]") {
  const double inf = std::numeric_limits<double>::infinity();
  CHECK(number(inf) == "inf");
  CHECK(number(-inf) == "-inf");
  CHECK(number(std::nan("")) == "nan");
  CHECK(number(-std::nan("")) == "nan");
  CHECK(fixed(2.0 / 3, 3) == "0.667");
  CHECK(fixed(-inf, 2) == "-inf");
  CHECK(fixed(1e20, 0) == "100000000000000000000");
  for (const double v : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -0.0, 1e22}) CHECK(std::strtod(number(v).c_str(), nullptr) == v);
}

TEST_CASE("splitting and trimming", "[base]") {
  using Parts = std::vector<std::string>;
  CHECK(split("a,b,,c", ',') == Parts{"a", "b", "", "c"});
  CHECK(split("", ',') == Parts{""});
  CHECK(split(",", ',') == Parts{"", ""});
  CHECK(trim(" \t a b\r\n") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(lower("ReLU-Ä") == "relu-Ä");
  CHECK(join(Parts{"a", "b"}, ", ") == "a, b");
  CHECK(join(Parts{}, ", ").empty());
}

TEST_CASE("patterns match whole names", "[base]") {
  struct Row { const char *pattern, *name; bool match; };
  for (const Row& row : {Row{"", "", true},
                         {"", "a", false},
                         {"*", "", true},
                         {"*", "anything", true},
                         {"?", "", false},
                         {"a", "A", false},
                         {"a*b*c", "aXbYbZc", true},
                         {"a*b*c", "aXbYbZ", false},
                         {"*.bias", ".bias", true},
                         {"**", "x", true},
                         {"?*", "x", true},
                         {"fc?.w", "fc12.w", false},
                         {"[a]", "a", false},
                         {"*a", "aaab", false}}) {
    INFO(row.pattern << " " << row.name);
    CHECK(matches(row.pattern, row.name) == row.match);
  }
  // The worst case of careless backtracking.
  CHECK_FALSE(matches("*a*a*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST_CASE("only text that is safe to print gets through", "[base]") {
  CHECK(printable("ä €😀 tab\t") == "ä €😀 tab\\x09");
  CHECK(printable(std::string(1, '\0')) == "\\x00");
  CHECK(printable("\x7f") == "\\x7f");
  CHECK(printable("\xc2\x9b") == "\\xc2\\x9b");               // CSI as one character
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");               // overlong
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");      // half of a surrogate pair
  CHECK(printable("\xf4\x90\x80\x80") == "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  CHECK(printable("a\xe2\x82") == "a\\xe2\\x82");             // cut off
  CHECK(printable(std::string(200, 'x')) == std::string(200, 'x'));
  const std::string cut = printable(std::string(1000000, 'x'));
  CHECK(cut.size() < 240);
  CHECK(cut.find("… (1000000 bytes)") != std::string::npos);
  const std::string wide = printable(std::string(1000, '\x01'));
  CHECK(wide.size() < 240);
}

TEST_CASE("only near names are suggested", "[base]") {
  const std::vector<std::string> known{"lr", "momentum", "weight_decay"};
  CHECK(nearest("rl", known) == "lr");
  CHECK(nearest("MOMENTUM", known) == "momentum");
  CHECK(nearest("weigth_decay", known) == "weight_decay");
  CHECK(nearest("decay", known).empty());
  CHECK(nearest(std::string(10000, 'm'), known).empty());
  CHECK(did_you_mean("lt", known) == ", did you mean 'lr'?");
  CHECK(did_you_mean("beta1", known).empty());
  CHECK(nearest("lr", std::vector<std::string>{}).empty());
}

TEST_CASE("an error keeps its sentence apart from its frames", "[base]") {
  Error error("a ", 1);
  error.in("b");
  CHECK(error.sentence() == "a 1");
  CHECK(std::string(error.what()) == "a 1\n  in b");
  CHECK(error.code() == Exit::usage);
  CHECK(Error("x").code(Exit::diverged).code() == Exit::diverged);
  int made = 0;
  CHECK(within([&] { return ++made, "frame"; }, [] { return 7; }) == 7);
  CHECK(made == 0);  // a frame costs nothing where all is well
}
