#include "experiments/report/table.h"

#include "experiments/report/summary.h"
#include "tests/support/axes.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::report;

namespace {
using Cells = std::vector<std::string>;
const Cells& cells_of(const TableView& table, const char* column) {
  const Column* found = table.find(column);
  REQUIRE(found != nullptr);
  return found->cells;
}

RunInfo info(const std::vector<TrialResult>& results) {
  RunInfo i;
  i.axes = test::axes_of({"constant", "drop"}, "", {}, results.size() / 2);
  for (const auto& r : results) i.trials.push_back({i.trials.size(), "", test::levels_at(i.axes, i.trials.size()), r.seed, nullptr, ""});
  i.metrics = {"accuracy"};
  i.metric_percent = {true};
  i.metric_higher = {true};
  i.against = "constant";
  i.validation_rows = 100;
  return i;
}
TrialResult result(std::uint64_t seed, double accuracy, Outcome outcome = Outcome::done) {
  TrialResult r;
  r.seed = seed, r.outcome = outcome;
  EpochRecord e;
  e.evaluated = true;
  e.val.push_back({accuracy, 0.01, 100});
  r.epochs.push_back(e);
  return r;
}
}  // namespace

TEST_CASE("the table pairs by seed, counts wins and marks what is not significant", "[report]") {
  const std::vector<TrialResult> results{result(0, 0.90), result(1, 0.92), result(2, 0.94),
                                         result(0, 0.91), result(1, 0.92), result(2, 0.93)};
  const auto all = tables(info(results), results);
  REQUIRE(all.size() == 1);
  REQUIRE(all[0].columns.size() == 6);
  CHECK(cells_of(all[0], "variant") == Cells{"constant", "drop"});
  CHECK(cells_of(all[0], "val_accuracy @last") == Cells{"92.00 ± 2.00 %", "92.00 ± 1.00 %"});
  CHECK(cells_of(all[0], "min..max") == Cells{"90.00..94.00", "91.00..93.00"});
  CHECK(cells_of(all[0], "paired vs constant") == Cells{"-", "+0.00  [-2.48, +2.48]  n.s."});
  CHECK(cells_of(all[0], "win/loss") == Cells{"-", "1/1"});
  CHECK(all[0].notes == Cells{"± is the sample standard deviation over seeds (n-1); 1 row = 1.00 %"});
}

TEST_CASE("a trial that did not finish is counted out of its row and its pair", "[report]") {
  const std::vector<TrialResult> results{result(0, 0.90), result(1, 0.92), result(0, 0.95),
                                         result(1, 0.10, Outcome::diverged)};
  const auto table = tables(info(results), results)[0];
  CHECK(cells_of(table, "runs")[1] == "1/2");
  CHECK(cells_of(table, "val_accuracy")[1] == "95.00 %");
  CHECK(cells_of(table, "paired")[1] == "+5.00");
}

TEST_CASE("narrow terminals get fewer columns, logs get all", "[report]") {
  const std::vector<TrialResult> results{result(0, 0.90), result(1, 0.92), result(0, 0.91), result(1, 0.95)};
  const auto view = tables(info(results), results)[0];
  CHECK(render(view, 0).find("min..max") != std::string::npos);
  const std::string narrow = render(view, 60);
  CHECK(narrow.find("min..max") == std::string::npos);
  CHECK(narrow.find("paired vs constant") != std::string::npos);
  CHECK(render_markdown(view).find("| drop |") != std::string::npos);
}

TEST_CASE("CSV cells are quoted where they must be", "[report]") {
  CHECK(csv_cell("a") == "a");
  CHECK(csv_cell("a,b") == "\"a,b\"");
  CHECK(csv_cell("say \"x\"") == "\"say \"\"x\"\"\"");
}
