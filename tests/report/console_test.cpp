#include "experiments/report/console.h"

#include "base/text.h"
#include "experiments/report/lines.h"
#include "experiments/report/table.h"
#include "tests/support/axes.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::report;

TEST_CASE("lines break at blanks where the terminal ends", "[report]") {
  const std::string text = "data   a.csv  351 rows -> train 235 (118 g / 117 b)   always answering g scores 50.21 %";
  CHECK(wrapped(text, 0, 7) == text);
  CHECK(wrapped(text, 200, 7) == text);
  for (const std::size_t columns : {std::size_t{24}, std::size_t{40}, std::size_t{60}}) {
    const std::string out = wrapped(text, columns, 7);
    INFO(out);
    const auto lines = split(out, '\n');
    CHECK(lines.size() > 1);
    for (std::size_t i = 0; i < lines.size(); ++i) {
      CHECK(width(lines[i]) <= columns);
      if (i > 0) CHECK(lines[i].starts_with("       "));
    }
    std::string words, again;
    for (const char c : text) words += c == ' ' ? "" : std::string(1, c);
    for (const char c : out) again += c == ' ' || c == '\n' ? "" : std::string(1, c);
    CHECK(again == words);
  }
  CHECK(wrapped("a word_that_is_longer_than_the_terminal_is_wide b", 20, 2) == "a\n  word_that_is_longer_than_the_terminal_is_wide\n  b");
  CHECK(wrapped("± ± ± ± ± ± ± ± ± ±", 19, 0) == "± ± ± ± ± ± ± ± ± ±");  // columns, not bytes
}

TEST_CASE("test rows have tables of their own", "[report]") {
  RunInfo info;
  info.axes = test::axes_of({""}, "", {}, 1);
  info.trials.emplace_back().levels = {0, 0};
  info.metrics = {"accuracy"};
  info.metric_percent = {true};
  TrialResult r;
  r.epochs.emplace_back();
  r.epochs.back().evaluated = true;
  r.epochs.back().val.push_back({0.9, 0.01, 100});
  r.test.push_back({0.8, 0.02, 50});
  r.test_rows = 50;
  const auto only_test = tables(info, {r});
  REQUIRE(only_test.size() == 1);
  CHECK(only_test[0].quantity == "test_accuracy");
  CHECK(only_test[0].find("test_accuracy")->cells[0] == "80.00 %");
  CHECK(only_test[0].notes == std::vector<std::string>{"1 row = 2.00 %"});
  info.validation_rows = 100;
  const auto both = tables(info, {r});
  REQUIRE(both.size() == 2);
  CHECK(both[0].find("val_accuracy")->cells[0] == "90.00 %");
  CHECK(both[1].quantity == "test_accuracy");
  r.test_rows = 0;
  CHECK(tables(info, {r}).size() == 1);
}
