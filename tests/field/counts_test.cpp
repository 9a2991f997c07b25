// Cases of what counts and what is undefined: README.md has their right values.
#include <algorithm>

#include "base/text.h"
#include "graph/onnx/proto.h"
#include "experiments/store/run_folder.h"
#include "tests/field/field.h"
#include "tests/support/catch.h"

using namespace lehr;
using field::Case;
using field::contains;

namespace {
// The first row of the written W.
std::vector<float> first_weights(const Case& place, const std::string& file) {
  lehr::onnx::ModelProto m;
  REQUIRE(m.ParseFromString(place.read(file)));
  for (const auto& t : m.graph().initializer()) {
    if (t.name() != "W") continue;
    std::vector<float> out(t.float_data().begin(), t.float_data().end());
    if (out.empty()) out.resize(t.raw_data().size() / sizeof(float)), std::ranges::copy(t.raw_data(), reinterpret_cast<char*>(out.data()));
    return out;
  }
  return {};
}

std::string summary_of(const Case& place, const std::string& quantity, const std::string& out = "out") {
  for (const auto& line : split(place.read(out + "/summary.csv"), '\n'))
    if (contains(line, "," + quantity + ",")) return line;
  return {};
}
}  // namespace

TEST_CASE("accumulated batches with ignored rows", "[field]") {
  const Case place("accumulate_ignored_rows");
  place.run("exp.yaml", "parts");
  place.run("exp_whole.yaml", "whole");
  CHECK(place.epochs("loss", "parts/seed-0").front() == Approx(place.epochs("loss", "whole/seed-0").front()).epsilon(1e-6));
  for (const char* trial : {"parts", "whole"}) {
    const auto m = first_weights(place, cat(trial, "/models/seed-0.onnx"));
    REQUIRE(m.size() >= 3);
    CHECK(m[0] == Approx(0.77121).margin(1e-5));
    CHECK(m[1] == Approx(0.68791).margin(1e-5));
    CHECK(m[2] == Approx(-1.16693).margin(1e-5));
  }
}

TEST_CASE("ignored rows in what is measured", "[field]") {
  const Case place("ignored_rows_in_accuracy");
  const auto ran = place.run("exp.yaml");
  CHECK(place.epochs("val_accuracy").back() == Approx(0.7));
  CHECK(place.epochs("val_auc").back() == Approx(0.7083).margin(5e-5));
  CHECK(place.epochs("val_loss").back() == Approx(1.129038).margin(2e-6));
  CHECK(contains(ran.out, "1 row = 10.00 %"));
  CHECK_FALSE(contains(ran.out, "always answering unsure"));
  CHECK(contains(summary_of(place, "val_accuracy"), ",10"));
}

TEST_CASE("ignored rows in what is reported", "[field]") {
  const Case place("ignored_rows_reported");
  place.run("exp_lr0.yaml", "lr0");
  CHECK(place.epochs("loss", "lr0/seed-0").back() == Approx(0.971858).margin(2e-6));
  CHECK(place.epochs("accuracy", "lr0/seed-0").back() == Approx(0.375));
  const auto ran = place.run("exp_val.yaml", "val");
  CHECK(contains(ran.out, "undefined"));
  CHECK(contains(ran.out, "no row counts"));
  CHECK(contains(summary_of(place, "val_loss", "val"), "val_loss,,"));
  CHECK_FALSE(place.exists("val/models/seed-0.best.onnx"));
  CHECK(contains(place.status("val/seed-0"), "\"best_epoch\": 0"));
}

TEST_CASE("an ignored class that is none", "[field]") {
  const Case place("ignored_rows_reported");
  const auto ran = place.lehr("run exp_lr0.yaml --set loss.ignore_index=7");
  CHECK(ran.code == 2);
  CHECK(contains(ran.err, "ignore_index is a position in the classes (a, b, unsure, counted from 0): no row is of class 7"));
}

TEST_CASE("an area under the curve of one class", "[field]") {
  const Case place("undefined_auc");
  const auto ran = place.run("exp.yaml");
  CHECK(contains(ran.out, "undefined"));
  CHECK(contains(ran.out, "val_auc is undefined: the rows have one class only"));
  CHECK_FALSE(contains(ran.out, "none finished"));
  CHECK(contains(summary_of(place, "val_auc"), "val_auc,,,5"));
  const auto json = place.lehr("run exp.yaml --json --out json");
  CHECK(contains(json.out, "\"undefined\": \"the rows have one class only\""));
  CHECK(contains(json.out, "\"done\": 1"));
}

TEST_CASE("splits that do not vary", "[field]") {
  const Case place("splits_that_do_not_vary");
  const auto ran = place.lehr("validate tailvary.yaml");
  INFO(ran.both());
  CHECK(ran.code == 2);
  CHECK(contains(ran.both(), "tailvary.yaml:3:22: repeat.vary: [split] needs a split that varies: take: tail has one split; random or stratified vary"));
  place.write("none.yaml", "extends: base.yaml\nlr: 0.1\ndata: {split: null}\nrepeat: {seeds: 5, vary: [split]}\n");
  CHECK(contains(place.lehr("validate none.yaml").both(), "data.split keeps no rows apart"));
}

TEST_CASE("a threshold chosen on validation rows is tested with and written", "[field]") {
  const Case place("splits_that_do_not_vary");
  std::string table = "x0,x1,y\n";
  for (int i = 0; i < 120; ++i) table += cat(i * 37 % 101, ",", i * 53 % 97, ",", (i * 37 % 101 + i * 53 % 97 + i * 71 % 83) > 190 ? "yes" : "no", "\n");
  place.write("t.csv", table);
  place.write("t.yaml",
              "model: {mlp: {hidden: [4]}}\ndata: {file: t.csv, target: {column: y, classes: [no, yes]}, scale: standard, "
              "split: {validation: 40 rows, test: 20 rows}}\n"
              "loss: {type: binary_crossentropy, class_weights: balanced}\nmetrics: [f1, confusion]\nlr: 0.1\nepochs: 5\nthreshold: {metric: f1}\n");
  const auto ran = place.run("t.yaml");
  INFO(ran.both());
  CHECK(contains(ran.both(), "threshold: yes is answered where its probability lies above 0."));
  CHECK(contains(ran.both(), "class_weights: balanced weighs the classes of the training rows no 0."));
  CHECK(contains(ran.out, "confusion of the test rows"));
  CHECK(store::read_run(place.path("out")).trials().front().result->tallies.size() == 2);
  const auto evaluated = place.lehr("evaluate out/seed-0 t.yaml --split test");
  INFO(evaluated.both());
  REQUIRE(evaluated.code == 0);
  CHECK(contains(evaluated.both(), "(metadata lehr.threshold)"));
  const auto line = split(summary_of(place, "test_f1"), ',');
  const double reported = std::strtod(std::string(line.at(line.size() - 3)).c_str(), nullptr);
  const auto f1 = evaluated.out.find("\nf1 ");
  REQUIRE(f1 != std::string::npos);
  CHECK(std::strtod(evaluated.out.c_str() + f1 + 3, nullptr) == Approx(reported).margin(6e-5));
  // predict answers by it.
  REQUIRE(place.lehr("predict out/models/seed-0.onnx t.csv --out p.csv").code == 0);
  const auto status = place.status("out/seed-0");
  const double threshold = std::strtod(status.c_str() + status.find("\"threshold\": ") + 13, nullptr);
  const auto p = field::column(place.read("p.csv"), "p_yes");
  const auto lines = split(place.read("p.csv"), '\n');
  for (std::size_t i = 0; i < p.size(); ++i) CHECK((lines[i + 1].starts_with("yes,")) == (p[i] > threshold));
}

TEST_CASE("permutation importance", "[field]") {
  const Case place("splits_that_do_not_vary");
  std::string table = "a,b,c,same,y\n";
  for (int i = 0; i < 200; ++i) {
    const double a = i * 37 % 101 / 50.0 - 1, b = i * 53 % 97 / 48.0 - 1, c = i * 71 % 83 / 41.0 - 1;
    table += cat(a, ",", b, ",", c, ",1,", 3 * a + b, "\n");
  }
  place.write("t.csv", table);
  place.write("t.yaml", "model: {mlp: {hidden: []}}\ndata: {file: t.csv, target: {column: y}}\nloss: mse\nmetrics: [r2]\nlr: 0.1\nepochs: 60\n");
  place.run("t.yaml");
  const auto ran = place.lehr("evaluate out/seed-0 t.yaml --importance --repeats 10");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const auto at = ran.out.find("loss of r2 with a column dealt anew among the rows, mean ± deviation of 10 repeats\na ");
  REQUIRE(at != std::string::npos);
  const std::string list = ran.out.substr(ran.out.find("\na ", at));
  // Of a linear model: 2 coefficient^2 var(column) / var(y) on average.
  CHECK(std::strtod(list.c_str() + 3, nullptr) == Approx(1.8).epsilon(0.08));
  CHECK(std::strtod(list.c_str() + list.find("\nb ") + 3, nullptr) == Approx(0.2).epsilon(0.15));
  CHECK(std::strtod(list.c_str() + list.find("\nc ") + 3, nullptr) == Approx(0).margin(0.01));
  CHECK_FALSE(contains(list, "same"));
  CHECK(place.lehr("evaluate out/seed-0 t.yaml --importance --repeats 10").out == ran.out);
  CHECK(contains(place.lehr("evaluate out/seed-0 t.yaml --importance --json").out, "\"column\": \"a\""));
}
