#include "schedules/span.h"

#include "base/error.h"
#include "tests/schedules/examples.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::tutorial_clock;

TEST_CASE("A span is read, printed and counted in updates", "[schedules]") {
  struct Row {
    const char* text;
    const char* printed;
    double steps;
  };
  const Row rows[] = {
      {"5 epochs", "5 epochs", 45},
      {"1 epoch", "1 epoch", 9},
      {"2.5 epochs", "2.5 epochs", 22.5},
      {"300 steps", "300 steps", 300},
      {" 1 step ", "1 step", 1},
      {"10%", "10%", 45},
      {"33 %", "33%", 148.5},
      {"50k samples", "50000 samples", 50000.0 * 9 / 235},
      {"2M samples", "2000000 samples", 2e6 * 9 / 235},
      {"235 samples", "235 samples", 9},
      {"1e2 steps", "100 steps", 100},
      {"5epochs", "5 epochs", 45},
      {"0 steps", "0 steps", 0},
      {"1k steps", "1000 steps", 1000},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    const Span span = parse_span(row.text);
    CHECK(span.text() == row.printed);
    CHECK(parse_span(span.text()) == span);
    CHECK(span.steps(tutorial_clock()) == Approx(row.steps).epsilon(1e-14));
  }
  // Whole updates come out whole, whatever the unit's rounding.
  CHECK(parse_span("0.3 epochs").steps(test::clock_of(0, 100, 10)) == 3);
  CHECK(parse_span("70%").steps(test::clock_of(0, 10, 10)) == 7);
}

TEST_CASE("A span without a unit, or a strange one, is refused and the message shows the spellings", "[schedules]") {
  struct Row {
    const char* text;
    const char* says;
  };
  const Row rows[] = {
      {"5", "write `5 epochs`, `5 steps`, `5%`"},
      {"", "no length of training"},
      {"five epochs", "no length of training"},
      {"5 epoches", "did you mean 'epochs'"},
      {"5 fortnights", "unknown unit 'fortnights'"},
      {"-1 epochs", "negative"},
      {"nan epochs", "no length"},
      {"inf steps", "no length"},
      {"120%", "more than the whole run"},
      {"5k", "has no unit"},
      {"1e999 steps", "no length"},
  };
  for (const Row& row : rows) {
    INFO(row.text);
    try {
      parse_span(row.text);
      FAIL("was accepted");
    } catch (const Error& error) {
      INFO(error.what());
      CHECK(std::string(error.what()).find(row.says) != std::string::npos);
    }
  }
}
