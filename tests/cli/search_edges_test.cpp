// Folds and searches where something differs between trials, and going on with them.
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "experiments/store/run_folder.h"
#include "tests/cli/program.h"
#include "tests/cli/run_figures.h"
#include "tests/support/catch.h"

using namespace lehr;
using nlohmann::json;
using test::experiment;
using test::Workplace;

namespace {
std::string without_model(const std::string& model, const std::string& more) {
  std::string text = experiment("33%, take: tail", "20%, test: 20%");
  return text.replace(0, text.find('\n'), "model: " + model) + more;
}
bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }
// The lines of summary.csv that speak of chosen trials.
std::string chosen(const std::string& summary) {
  std::string out;
  for (const auto& line : split(summary, '\n'))
    if (has(line, ",yes,done,")) out += line + "\n";
  return out;
}
// short.yaml trained, then resumed with a key that adds trials (runs/short), and trained with it from the start (whole): the same epochs.
void goes_on_with(const Workplace& place, const std::string& set) {
  CHECK(place.lehr("run short.yaml --quiet").code == 0);
  const auto more = place.lehr("resume runs/short --set " + set);
  INFO(more.both());
  CHECK(more.code == 0);
  CHECK(place.lehr("run short.yaml --quiet --out whole --set " + set).code == 0);
  CHECK(place.read("runs/short/metrics.csv") == place.read("whole/metrics.csv"));
}
}  // namespace

TEST_CASE("a run of several networks is resumed: each is compared with its own", "[cli][search]") {
  Workplace place;
  place.write("short.yaml", without_model("{mlp: {hidden: [4]}}", "sweep: {model.mlp.hidden: {choice: [[4], [5], [6, 3]]}, lr_scale: {log_uniform: [0.1, 10]}}\n"
                                                                  "search: {method: random, trials: 4}\nvariants: {relu: {}, tanh: {model.mlp.activation: tanh}}\n"));
  goes_on_with(place, "search.trials=7");
  CHECK(chosen(place.read("runs/short/summary.csv")) == chosen(place.read("whole/summary.csv")));
  // Another table is found all the same.
  std::string table = place.read("ionosphere.csv");
  place.write("ionosphere.csv", table.substr(table.find('\n') + 1));
  const auto other = place.lehr("resume runs/short");
  INFO(other.both());
  CHECK(other.code != 0);
  CHECK(has(other.err, "data ionosphere.csv  other content"));
}

TEST_CASE("a halving that is over, or has more points, goes on from what its looks left", "[cli][search]") {
  Workplace place;
  place.write("short.yaml", without_model("{mlp: {hidden: [4]}}", "sweep: {lr_scale: {log_uniform: [0.01, 10]}}\nsearch: {method: halving, trials: 9}\n--- epochs"));
  std::string text = place.read("short.yaml");
  text.replace(text.find("epochs: 2"), 9, "epochs: 9");
  place.write("short.yaml", text.substr(0, text.find("--- epochs")));
  CHECK(place.lehr("run short.yaml --quiet").code == 0);
  const std::string summary = place.read("runs/short/summary.csv"), metrics = place.read("runs/short/metrics.csv");
  const auto again = place.lehr("resume runs/short --events events");
  INFO(again.both());
  CHECK(again.code == 0);
  CHECK(place.read("runs/short/summary.csv") == summary);
  CHECK(place.read("runs/short/metrics.csv") == metrics);
  CHECK_FALSE(has(place.read("events"), "\"trial_started\""));  // nothing is trained
  CHECK(place.lehr("resume runs/short --set search.factor=2").code == 0);
  CHECK(place.lehr("run short.yaml --set search.factor=2 --quiet --out whole").code == 0);
  CHECK(chosen(place.read("runs/short/summary.csv")) == chosen(place.read("whole/summary.csv")));
}

TEST_CASE("a halving without a look says so", "[cli][search]") {
  Workplace place;
  const std::string ranges = "sweep: {lr_scale: {log_uniform: [0.01, 10]}}\n";
  place.write("short.yaml", experiment() + ranges + "search: {method: halving, trials: 9, from: 5 epochs}\n");
  const auto late = place.lehr("validate short.yaml");
  INFO(late.both());
  CHECK(late.code == 2);
  CHECK(has(late.both(), "search.from: all 2 epochs are over when halving would look first"));
  place.write("short.yaml", experiment() + "sweep: {lr_scale: [1, 2]}\nsearch: {method: halving}\n");
  const auto few = place.lehr("run short.yaml");
  INFO(few.both());
  CHECK(few.code == 0);
  CHECK(has(few.both(), "search: halving ends no point early: 2 points, factor 3 and 2 epochs leave no look before the end"));
  place.write("short.yaml", experiment() + ranges + "search: {method: halving}\n");
  CHECK(has(place.lehr("run short.yaml").err, "a search draws points from it, and search.trials says how many"));
}

TEST_CASE("with folds rows are kept apart in all variants or in none", "[cli][folds]") {
  Workplace place;
  place.write("short.yaml", experiment("33%, take: tail", "20%") + "folds: 3\nvariants: {a: {}, b: {data.split.validation: 0 rows}}\n");
  const auto ran = place.lehr("run short.yaml");
  INFO(ran.both());
  CHECK(ran.code == 2);
  CHECK(has(ran.err, "data.split.validation keeps rows apart in 'a' and none in 'b'"));
}

TEST_CASE("folds of different sizes are told as they are, and what all rows say is in the store", "[cli][folds]") {
  Workplace place;
  std::string table = "x,y,site\n";
  for (int i = 0; i < 100; ++i) table += cat(i % 7, ",", i % 7 < 3 || i % 11 == 0 ? "yes" : "no", ",", i < 10 ? "a" : i < 40 ? "b" : "c", "\n");
  place.write("sites.csv", table);
  place.write("sites.yaml", "model: {mlp: {hidden: [4]}}\ndata: {file: sites.csv, target: y, drop: [site]}\nloss: binary_crossentropy\nmetrics: [accuracy]\nepochs: 3\n"
                            "folds: {column: site}\nvariants: {a: {lr: 0.01}, b: {lr: 1}}\n");
  const auto ran = place.lehr("run sites.yaml --json");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  CHECK(has(place.read("runs/sites/summary.md"), "1 row = 1.67 to 10.00 %"));
  // 10, 30 and 60 of 100 rows are scored, so 100 by 200 that train: t(2) * sd * sqrt(1/3 + 1/2), whatever order the folds are in
  const json& difference = j.at(json::json_pointer("/variants/1/quantities/val_accuracy/difference"));
  const double width = test::corrected_width(j, "val_accuracy", 3, 1, 4.302653, 0.5);
  REQUIRE(width > 0);
  CHECK(difference.at("high").get<double>() - difference.at("low").get<double>() == Approx(width).epsilon(1e-5));
  const auto settings = store::read_run(place.path("runs/sites")).settings();
  REQUIRE(settings.contains("out_of_fold"));
  const json all = json::parse(settings.at("out_of_fold"));
  REQUIRE(all.size() == 2);
  CHECK(all[1].at("variant") == "b");
  CHECK(all[1].at("samples") == j.at(json::json_pointer("/variants/1/out_of_fold")));
}

TEST_CASE("a fold's model is evaluated on the rows of its fold", "[cli][folds]") {
  Workplace place;
  place.write("short.yaml", experiment("33%, take: tail", "20%") + "folds: 3\nvariants: {a: {}, b: {lr: 0.01}}\n");
  const auto ran = place.lehr("run short.yaml --quiet --json");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  const double stored = j.at(json::json_pointer("/variants/1/quantities/test_accuracy/values/3")).get<double>();  // fold 2, seed 1
  CHECK(place.lehr("export runs/short --trial b/fold-2/seed-1 --out runs/short/models/b/fold-2/seed-1.onnx --force").code == 0);
  {
    const auto asked = place.lehr("evaluate runs/short/models/b/fold-2/seed-1.onnx short.yaml --split test");
    INFO(asked.both());
    CHECK(asked.code == 0);
    CHECK(has(asked.both(), "this is the one of fold 2, as the model's"));
    CHECK(has(asked.out, fixed(100 * stored, 2) + " ±"));
  }
  CHECK(place.lehr("export runs/short --trial b/fold-2/seed-1 --out x.onnx").code == 0);
  const auto other = place.lehr("evaluate x.onnx short.yaml --split test");
  CHECK(has(other.both(), "this is the one of fold 1: the model's name does not say"));
  const auto only = place.lehr("evaluate x.onnx short.yaml --split test --only fold-2");
  INFO(only.both());
  CHECK(only.code == 0);
  CHECK_FALSE(has(only.both(), "several splits"));
}

TEST_CASE("out of fold a threshold of the fold's own rows has no say", "[cli][folds]") {
  Workplace place;
  for (const bool apart : {false, true}) {
    place.write("short.yaml", experiment("33%, take: tail", apart ? "20%" : "0%") + "threshold: {metric: f1}\nfolds: 3\n");
    const auto ran = place.lehr("run short.yaml --quiet --force --json");
    INFO(ran.both());
    REQUIRE(ran.code == 0);
    const json j = json::parse(ran.out);
    const json& values = j.at(json::json_pointer(apart ? "/variants/0/quantities/test_accuracy/values" : "/variants/0/quantities/val_accuracy/values"));
    // 351 rows in folds of 117: the accuracy of all rows is the mean of those of the folds.
    for (std::size_t seed = 0; seed < 2; ++seed) {
      const double mean = (values[seed].get<double>() + values[2 + seed].get<double>() + values[4 + seed].get<double>()) / 3;
      CHECK(j.at(json::json_pointer(cat("/variants/0/out_of_fold/", seed, "/values/accuracy"))).get<double>() == Approx(mean));
    }
  }
}

TEST_CASE("a run of folds goes on with more dealings", "[cli][folds]") {
  Workplace place;
  place.write("short.yaml", experiment("33%, take: tail", "20%") + "folds: {k: 3, repeat: 2}\n");
  goes_on_with(place, "folds.repeat=3");
  CHECK(place.read("runs/short/summary.csv") == place.read("whole/summary.csv"));
  CHECK(place.lehr("resume runs/short --set folds.k=4").code == 2);
}
