#include "experiments/report/compare.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "experiments/report/run_json.h"
#include "experiments/report/table.h"
#include "tests/support/axes.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::report;

namespace {
// A study of two seeds: the variants at the points 0.1, 1 and 10 of lr_scale.
struct Sample {
  RunInfo info;
  std::vector<TrialResult> results;

  explicit Sample(std::vector<std::string> variants) {
    info.axes = test::axes_of(variants, "lr_scale", {"0.1", "1", "10"}, 2);
    info.against = variants.front();
    info.metrics = {"accuracy"};
    info.metric_percent = {true}, info.metric_higher = {true};
    info.select = "val_accuracy";
    info.validation_rows = 100, info.validation_share = 0.5, info.test_share = 0.25;
    for (const auto& variant : variants)
      for (const char* point : {"0.1", "1", "10"})
        for (std::uint64_t seed = 0; seed < 2; ++seed) {
          const std::size_t i = info.trials.size();
          info.trials.push_back({i, cat(variant, "/lr_scale=", point, "/seed-", seed), test::levels_at(info.axes, i), seed, nullptr, ""});
          TrialResult r;
          r.id = info.trials.back().id, r.seed = seed, r.test_rows = 50;
          r.epochs.emplace_back();
          r.epochs.back().evaluated = true;
          r.epochs.back().val.push_back({0.5, 0, 100});
          r.test.push_back({0.5, 0, 50});
          results.push_back(r);
        }
  }
  TrialResult& at(std::size_t variant, std::size_t point, std::size_t seed) { return results[6 * variant + 2 * point + seed]; }
  void set(std::size_t variant, std::size_t point, std::vector<double> validation, std::vector<double> test, double loss = 1) {
    for (std::size_t seed = 0; seed < 2; ++seed) {
      TrialResult& r = at(variant, point, seed);
      r.epochs.back().val[0].value = validation[seed], r.epochs.back().val_loss = loss, r.test[0].value = test[seed];
    }
  }
  std::string chosen(std::size_t variant = 0) const {
    const auto all = cells(info, results);
    return choose(info, all).at(variant).cells.front().first->point.front();
  }
};
using Texts = std::vector<std::string>;
}  // namespace

TEST_CASE("the best point is the one of the validation rows, averaged over seeds", "[report]") {
  Sample s({"a"});
  s.set(0, 0, {0.60, 0.80}, {0.99, 0.99});  // mean 0.70, the best on test
  s.set(0, 1, {0.75, 0.75}, {0.10, 0.12});
  s.set(0, 2, {0.90, 0.50}, {0.95, 0.95});  // the best of seed 0
  CHECK(s.chosen() == "1");
  const auto table = tables(s.info, s.results);
  REQUIRE(table.size() == 1);
  CHECK(table[0].quantity == "test_accuracy");
  CHECK(table[0].find("lr_scale")->cells == Texts{"1"});
  CHECK(table[0].find("val")->cells == Texts{"75.00 %"});
  CHECK(table[0].find("test_accuracy")->cells == Texts{"11.00 ± 1.41 %"});
  for (auto& r : s.results) r.test[0].value = 1 - r.test[0].value;
  CHECK(s.chosen() == "1");
}

TEST_CASE("what decides between points that are level", "[report]") {
  Sample s({"a"});
  CHECK(s.chosen() == "0.1");  // the first
  s.set(0, 1, {0.5, 0.5}, {0, 0}, 0.9), s.set(0, 2, {0.5, 0.5}, {0, 0}, 0.8);
  s.set(0, 0, {0.5, 0.5}, {0, 0}, 0.95);
  CHECK(s.chosen() == "10");  // the lower loss
  s.set(0, 1, {0.9, 0.9}, {0, 0});
  CHECK(s.chosen() == "1");
  s.at(0, 1, 1).outcome = Outcome::diverged;
  CHECK(s.chosen() == "10");  // a point that trains for one seed of two is no choice
  for (std::size_t i = 0; i < 6; ++i) s.results[i].outcome = Outcome::diverged;
  CHECK(s.chosen() == "0.1");
  s.info.select = "val_loss";
  for (auto& r : s.results) r.outcome = Outcome::done;
  CHECK(s.chosen() == "10");  // lower is better
}

TEST_CASE("the averaged weights may choose", "[report]") {
  Sample s({"a"});
  s.info.averages = true;
  s.info.select = "avg_val_accuracy";
  for (auto& r : s.results) r.epochs.back().average = {{0.5, 0, 100}}, r.epochs.back().average_loss = 1;
  s.set(0, 2, {0.9, 0.9}, {0, 0});
  for (std::size_t seed = 0; seed < 2; ++seed) s.at(0, 1, seed).epochs.back().average[0].value = 0.8;
  CHECK(s.chosen() == "1");
  for (std::size_t seed = 0; seed < 2; ++seed) s.at(0, 1, seed).epochs.back().average[0].value = 0.5, s.at(0, 2, seed).epochs.back().average_loss = 0.9;
  CHECK(s.chosen() == "10");  // level: the lower loss of the averaged weights
}

TEST_CASE("where the split varies each seed chooses for itself", "[report]") {
  Sample s({"a"});
  s.info.axes.all.back().splits = s.info.axes.all.back().chooses = true;
  s.set(0, 0, {0.90, 0.10}, {0.20, 0.30});
  s.set(0, 1, {0.80, 0.60}, {0.40, 0.50});
  const auto all = cells(s.info, s.results);
  const auto choices = choose(s.info, all);
  REQUIRE(choices.at(0).cells.size() == 2);
  CHECK(choices[0].cells[0].second == 1);
  CHECK(values(choices[0].results, {true, 0}) == std::vector<double>{0.20, 0.50});
  const auto table = tables(s.info, s.results)[0];
  CHECK(table.find("chosen")->cells == Texts{"1/2"});
  CHECK(table.notes.back().find("each split has the lr_scale that is best by its own val_accuracy") == 0);
}

TEST_CASE("where the split varies the runs are compared with always answering one thing", "[report]") {
  Sample s({"a"});
  s.info.axes = test::axes_of({"a"}, "", {}, 2, true);
  s.info.classes = {"x", "y"};
  s.results.resize(2), s.info.trials.resize(2);
  for (std::size_t i = 0; i < 2; ++i) s.info.trials[i].levels = test::levels_at(s.info.axes, i);
  const auto note = [&](double first, double second) {
    s.set(0, 0, {0.8, 0.9}, {0.5, 0.5});
    s.info.trials[0].baseline = Baseline{"accuracy", first, 0.5}, s.info.trials[1].baseline = Baseline{"accuracy", second, 0.5};
    const auto all = tables(s.info, s.results);
    std::string out;
    for (const auto& table : all)
      for (const auto& each : table.notes)
        if (each.starts_with("always")) out += each + "\n";
    return out;
  };
  // Differences 20.0 and 20.2 %: 20.1 -+ 12.7062 x 0.1414 x sqrt(1/2 + 100/200).
  const std::string clear = note(0.6, 0.698);
  INFO(clear);
  CHECK(clear.starts_with("always answering the most frequent class of the training rows has val_accuracy 64.90 %; a is better by 20.10 %, "
                          "95% CI [18.30, 21.90]\n"));
  CHECK(note(0.9, 0.9).find("a is worse by 5.00 %, 95% CI [-84.85, 94.85]: the two are not told apart") != std::string::npos);
  CHECK(note(0.9, 1.0).find("a is worse by 10.00 %, 95% CI [10.00, 10.00]: what it learnt does not hold for other rows") != std::string::npos);
  CHECK(note(0.9, 1.0).find("has test_accuracy 50.00 %; a is better by 0.00 %") != std::string::npos);
  s.info.trials[0].baseline = s.info.trials[1].baseline = {};
  CHECK(tables(s.info, s.results)[0].notes.size() == 1);
}

TEST_CASE("notes: the edge of the grid, rows that chose and tell, several comparisons", "[report]") {
  Sample s({"a", "b", "c"});
  s.set(0, 1, {0.9, 0.9}, {0.9, 0.9}), s.set(1, 0, {0.9, 0.9}, {0.9, 0.9}), s.set(2, 2, {0.9, 0.9}, {0.9, 0.8});
  const auto notes = [&] { return join(tables(s.info, s.results).back().notes, "\n"); };
  const std::string tested = notes();
  INFO(tested);
  CHECK(tested.find("the smallest lr_scale of the sweep, 0.1, was best for b: a better one may lie outside") != std::string::npos);
  CHECK(tested.find("the largest lr_scale of the sweep, 10, was best for c") != std::string::npos);
  CHECK(tested.find("Holm's correction for 2 comparisons") != std::string::npos);
  CHECK(tested.find("the test rows had no say") != std::string::npos);
  CHECK(tested.find("flatter") == std::string::npos);
  for (auto& r : s.results) r.test_rows = 0;
  CHECK(notes().find("chosen and reported on the same rows, so the figures flatter") != std::string::npos);
  CHECK(tables(s.info, s.results).back().quantity == "val_accuracy");
}

TEST_CASE("a sweep that was interrupted says whose points were not all tried", "[report]") {
  Sample s({"a", "b", "c"});
  s.set(1, 0, {0.9, 0.9}, {0.9, 0.9});
  s.at(1, 2, 1).outcome = Outcome::interrupted;
  for (std::size_t i = 12; i < 18; ++i) s.results[i].outcome = Outcome::interrupted;
  const auto table = tables(s.info, s.results).back();
  CHECK(table.find("lr_scale")->cells == Texts{"0.1", "0.1", "-"});
  CHECK(table.find("test_accuracy")->cells[2] == "none finished");
  const std::string notes = join(table.notes, "\n");
  INFO(notes);
  CHECK(notes.find("interrupted before every point was tried: b, c") != std::string::npos);
  CHECK(notes.find("was best for a: a better one may lie outside") != std::string::npos);
  const auto j = nlohmann::json::parse(run_json(s.info, s.results, "", 0));
  CHECK(j.at("variants").at(0).at("complete") == true);
  CHECK(j.at("variants").at(1).at("complete") == false);
  CHECK(j.at("variants").at(2).at("chosen").empty());
}

TEST_CASE("a difference must stand among its fellows, and splits that share rows weigh less", "[report]") {
  Sample s({"a", "b", "c"});
  s.info.trials.clear(), s.results.clear();
  const std::vector<double> noise{0, 1, -1, 2, -2, 1, 0, -1};
  const std::vector<std::string> variants{"a", "b", "c"};
  s.info.axes = test::axes_of(variants, "", {}, noise.size());
  for (std::size_t v = 0; v < 3; ++v)
    for (std::uint64_t seed = 0; seed < noise.size(); ++seed) {
      s.info.trials.push_back({s.info.trials.size(), "", test::levels_at(s.info.axes, s.info.trials.size()), seed, nullptr, ""});
      TrialResult r;
      r.seed = seed;
      r.epochs.emplace_back();
      r.epochs.back().evaluated = true;
      r.epochs.back().val.push_back({0.5 + (v == 1 ? 0.011 + 0.01 * noise[seed] : 0), 0, 100});
      s.results.push_back(r);
    }
  const auto differs = [&] {
    const auto all = cells(s.info, s.results);
    return compare(s.info, choose(s.info, all), {false, 0}).standings[1];
  };
  // t = 0.011 / (0.01309 / sqrt 8) = 2.376, p = 0.0492: alone it counts, as one of two it does not.
  CHECK(differs().difference->p == Approx(0.0492).epsilon(0.01));
  CHECK(differs().holm == Approx(2 * differs().difference->p));
  CHECK_FALSE(differs().differs());
  s.info.trials.resize(16), s.results.resize(16);
  s.info.axes.all.front().levels.pop_back();
  CHECK(differs().differs());
  s.info.axes.all.back().splits = s.info.axes.all.back().chooses = true;
  CHECK(differs().difference->high - differs().difference->low == Approx(2 * 2.364624 * 0.0130931 * std::sqrt(0.125 + 0.5)).epsilon(1e-4));
  CHECK_FALSE(differs().differs());
}

TEST_CASE("every point is in the page, and the document has numbers where the table has texts", "[report]") {
  Sample s({"a", "b"});
  s.set(0, 1, {0.9, 0.8}, {0.7, 0.6});
  s.at(1, 2, 0).outcome = Outcome::failed;
  s.at(1, 2, 0).message = "why";
  const auto points = point_tables(s.info, s.results);
  REQUIRE(points.size() == 1);
  CHECK(points[0].find("variant")->cells == Texts{"a", "a", "a", "b", "b", "b"});
  CHECK(points[0].find("lr_scale")->cells == Texts{"0.1", "1", "10", "0.1", "1", "10"});
  CHECK(points[0].find("runs")->cells.back() == "1/2");
  CHECK(points[0].find("val_accuracy")->cells[1] == "85.00 ± 7.07 %");
  CHECK(points[0].find("test_accuracy")->cells[1] == "65.00 ± 7.07 %");
  const auto j = nlohmann::json::parse(run_json(s.info, s.results, "runs/x", 1.5));
  CHECK(j.at("trials").at("done") == 11);
  CHECK(j.at("unfinished").at(0).at("message") == "why");
  CHECK(j.at("seeds") == nlohmann::json{0, 1});
  CHECK(j.at("variants").at(0).at("chosen") == nlohmann::json::parse(R"([{"point": {"lr_scale": 1}, "seeds": 2}])"));
  CHECK(j.at("variants").at(0).at("quantities").at("test_accuracy").at("values") == nlohmann::json{0.7, 0.6});
  CHECK_FALSE(j.at("variants").at(0).at("quantities").at("test_accuracy").contains("difference"));
  const auto difference = j.at("variants").at(1).at("quantities").at("test_accuracy").at("difference");
  CHECK(difference.at("mean").get<double>() == Approx(-0.15));
  CHECK(difference.at("smaller") == 2);
  CHECK(j.at("variants").at(1).at("points").size() == 3);
  CHECK(j.at("variants").at(1).at("points").at(2).at("val_loss").at("runs") == 1);
  CHECK(j.at("variants").at(1).at("points").at(2).at("val_loss").at("sd").is_null());
}
