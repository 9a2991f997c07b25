#include "experiments/report/table.h"

#include "experiments/report/folder.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::report;

namespace {
RunInfo info() {
  RunInfo i;
  i.variants = {"constant", "drop"};
  i.metrics = {"accuracy"};
  i.metric_percent = {true};
  i.metric_higher = {true};
  i.against = "constant";
  i.validation_rows = 100;
  return i;
}
TrialResult result(const std::string& variant, std::uint64_t seed, double accuracy, Outcome outcome = Outcome::done) {
  TrialResult r;
  r.variant = variant, r.seed = seed, r.outcome = outcome;
  EpochRecord e;
  e.evaluated = true;
  e.val.push_back({accuracy, 0.01, 100});
  r.epochs.push_back(e);
  return r;
}
}  // namespace

TEST_CASE("the table pairs by seed, counts wins and marks what is not significant", "[report]") {
  const std::vector<TrialResult> results{result("constant", 0, 0.90), result("constant", 1, 0.92), result("constant", 2, 0.94),
                                         result("drop", 0, 0.91), result("drop", 1, 0.92), result("drop", 2, 0.93)};
  const auto all = tables(info(), results);
  REQUIRE(all.size() == 1);
  const auto& rows = all[0].header_and_rows;
  REQUIRE(rows.size() == 3);
  CHECK(rows[1].value == "92.00 ± 2.00 %");
  CHECK(rows[1].difference == "-");
  CHECK(rows[2].range == "91.00..93.00");
  CHECK(rows[2].difference == "+0.00  [-2.48, +2.48]  n.s.");
  CHECK(rows[2].wins == "1/1");
  CHECK(all[0].footnote.find("1 row = 1.00 %") != std::string::npos);
}

TEST_CASE("a trial that did not finish is counted out of its row and its pair", "[report]") {
  const std::vector<TrialResult> results{result("constant", 0, 0.90), result("constant", 1, 0.92), result("drop", 0, 0.95), result("drop", 1, 0.10, Outcome::diverged)};
  const auto& rows = tables(info(), results)[0].header_and_rows;
  CHECK(rows[2].runs == "1/2");
  CHECK(rows[2].value == "95.00 %");
  CHECK(rows[2].difference == "+5.00");
}

TEST_CASE("narrow terminals get fewer columns, logs get all", "[report]") {
  const std::vector<TrialResult> results{result("constant", 0, 0.90), result("constant", 1, 0.92), result("drop", 0, 0.91), result("drop", 1, 0.95)};
  const auto view = tables(info(), results)[0];
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
