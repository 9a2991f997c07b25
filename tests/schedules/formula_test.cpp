#include "schedules/formula.h"

#include <cmath>

#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::tutorial_clock;

TEST_CASE("A formula knows the moment", "[schedules]") {
  struct Row {
    const char* text;
    std::int64_t step;
    double value;
  };
  const Row rows[] = {
      {"step", 100, 100},
      {"epoch", 100, 11},
      {"t", 99, 11},
      {"t", 100, 100.0 / 9},
      {"progress", 45, 0.1},
      {"steps", 7, 450},
      {"epochs", 7, 50},
      {"steps_per_epoch", 7, 9},
      {"samples", 10, 263},
      {"pi", 0, std::acos(-1.0)},
      {"2 ^ 3 ^ 2", 0, 512},
      {"-2 ^ 2", 0, -4},
      {"floor(-1.5)", 0, -2},
      {"ceil(1.2)", 0, 2},
      {"round(2.5)", 0, 3},
      {"min(3, 1, 2)", 0, 1},
      {"max(3, 1, 2)", 0, 3},
      {"abs(-2)", 0, 2},
      {"exp(1)", 0, std::exp(1.0)},
      {"log(exp(2))", 0, 2},
      {"log2(8)", 0, 3},
      {"log10(1000)", 0, 3},
      {"sqrt(9)", 0, 3},
      {"sin(pi / 2)", 0, 1},
      {"cos(pi)", 0, -1},
      {"tan(0)", 0, 0},
      {"tanh(0)", 0, 0},
      {"pow(2, 10)", 0, 1024},
      {"if(step > 4, 1, 2)", 5, 1},
      {"where(step > 4, 1, 2)", 4, 2},
      {"step > 4 ? 1 : 2", 5, 1},
      {"clip(step, 2, 4)", 9, 4},
      {"mod(7, 4)", 0, 3},
      {"7 % 4", 0, 3},
      {"sign(-3)", 0, -1},
      {"1e-4 * 2", 0, 2e-4},
      {".5 + 5.", 0, 5.5},
      {"step == 3 && epoch == 0", 3, 1},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const Schedule schedule = parse_schedule(row.text);
    CHECK(schedule.at(tutorial_clock(row.step)) == Approx(row.value).epsilon(1e-15));
    CHECK(schedule.text() == row.text);
  }
  CHECK(parse_schedule("0.1 / 50").constant());
  CHECK_FALSE(parse_schedule("0.1 / step").constant());
}

TEST_CASE("An error in a formula names the column", "[schedules]") {
  struct Row {
    std::string text;
    int column;
    const char* says;
  };
  const Row rows[] = {
      {"0.1 * stepp", 7, "did you mean 'step'"},
      {"0.1 * flor(step)", 7, "did you mean 'floor'"},
      {"0.1 / lr0", 7, "unknown name 'lr0'"},
      {"step(3)", 1, "a value, not a function"},
      {"floor + 1", 1, "is a function"},
      {"(1 + 2", 1, "never closed"},
      {"1 + 2)", 6, "closes nothing"},
      {"2 ** 3", 3, "a ^ b"},
      {"7 // 2", 3, "floor(a / b)"},
      {"step = 3", 6, "compare with =="},
      {"1, 2", 2, "comma outside"},
      {"0.1 $ 2", 5, "unexpected '$'"},
      {"1.2.3", 4, "operator is missing"},
      {"2step", 2, "operator is missing"},
      {"1e999", 1, "beyond"},
      {"0.1 *", 6, "ends where a value is expected"},
      {"* 0.1", 1, "operator without a value"},
      {"step epoch", 6, "value where an operator is expected"},
      {"pow(1)", 6, "too few arguments"},
      {"floor(1, 2)", 11, "too many arguments"},
      {"if(1, 2)", 8, "too few arguments"},
      {"()", 2, "bracket"},
      {std::string(3000, '1'), 2001, "2000 characters"},
  };
  for (const Row& row : rows) {
    INFO(row.text.substr(0, 40));
    try {
      parse_schedule("{type: formula, formula: \"" + row.text + "\"}");
      FAIL("was accepted");
    } catch (const TermError& error) {
      INFO(error.what());
      CHECK(std::string(error.what()).find(cat("column ", row.column)) != std::string::npos);
      CHECK(std::string(error.what()).find(row.says) != std::string::npos);
      CHECK(error.line == 1);
    }
  }
  for (const char* text : {"nan", ".inf", "inf", "010", "\"\""}) {
    INFO(text);
    CHECK_THROWS_AS(parse_schedule(text), Error);
  }
}

TEST_CASE("A formula deep in a schedule says where it stands", "[schedules]") {
  try {
    parse_schedule("{product: [0.1, {type: formula, formula: 2 * stp}]}");
    FAIL("was accepted");
  } catch (const TermError& error) {
    CHECK(error.column == 46);
    CHECK(std::string(error.what()).find("did you mean 'step'") != std::string::npos);
  }
}

TEST_CASE("Clones of a formula are independent", "[schedules]") {
  const Schedule one = parse_schedule("{product: [0.1, \"step + epoch\", {type: warmup, of: \"t\", for: 1 step}]}");
  const Schedule two = one.clone();
  for (std::int64_t step = 0; step < 50; ++step) {
    CHECK(two.at(tutorial_clock(449 - step)) == one.at(tutorial_clock(449 - step)));
    CHECK(one.at(tutorial_clock(step)) == two.at(tutorial_clock(step)));
  }
  CHECK(one == two);
}
