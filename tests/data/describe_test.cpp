#include <cmath>

#include "base/text.h"
#include "engine/data/describe.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("ranges, missing cells and frequent texts", "[describe]") {
  const CsvTable t = parse_csv("x,city,none\n1,Ulm,?\n5,Bonn,?\n?,Ulm,?\n3,,?\n", "t.csv");
  const auto d = describe(t);
  REQUIRE(d.size() == 3);
  CHECK(d[0].min == 1);
  CHECK(d[0].max == 5);
  CHECK(d[0].mean == 3);
  CHECK(d[0].deviation == 2);
  CHECK(d[0].missing == 1);
  CHECK(d[0].distinct == 3);
  CHECK_FALSE(d[1].numeric);
  CHECK(d[1].missing == 1);
  CHECK(d[1].frequent == std::vector<std::pair<std::string, std::int64_t>>{{"Ulm", 2}, {"Bonn", 1}});
  CHECK(std::isnan(d[2].min));
  CHECK(d[2].missing == 4);
  CHECK(describe_text(t) ==
        "t.csv  4 rows, 3 columns, delimiter comma, header\n"
        "column  kind    missing  distinct  min  max  mean  sd\n"
        "x       number        1         3    1    5     3   2\n"
        "city    text          1         2  Ulm 2, Bonn 1\n"
        "none    number        4         0    -    -     -   -\n");
  CHECK(describe_text(t, 1).find("… 2 more columns\n") != std::string::npos);
}

TEST_CASE("small and large numbers stay readable", "[describe]") {
  const std::string text = describe_text(parse_csv("0.000123456\n-1234567.8\n1e20\n", "t.csv"));
  CHECK(text.find("-1234567.8") != std::string::npos);
  CHECK(text.find("1e+20") != std::string::npos);
}

TEST_CASE("large_numbers_shown: whole numbers with all their digits", "[describe][field]") {
  std::string content = "stamp,half\n";
  for (int i = 0; i < 20; ++i) content += cat(1550083467346370 + 1000LL * i, ",", i, ".5\n");
  const std::string text = describe_text(parse_csv(content, "t.csv"));
  INFO(text);
  CHECK(text.find("1550083467346370  1550083467365370  1550083467355870") != std::string::npos);
  CHECK(text.find("0.5000") != std::string::npos);
  CHECK(describe_text(parse_csv("x\n12345678.75\n9007199254740993\n", "t")).find("12345678.8") != std::string::npos);
}
