#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "tests/cli/raw_cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::contains;
using test::experiment;
using test::Workplace;

namespace {
using Json = nlohmann::json;
const std::string last = "run/models/seed-0.onnx";

Json evaluated(const Workplace& place, const std::string& arguments) {
  const auto ran = place.lehr("evaluate " + arguments + " --json");
  INFO(arguments << "\n" << ran.both());
  REQUIRE(ran.code == 0);
  return Json::parse(ran.out);
}
// The last line of metrics.csv by its names.
double reported(const Workplace& place, const std::string& folder, const std::string& column) {
  const auto lines = split(trim(place.metrics(folder + "/seed-0")), '\n');
  const auto names = split(lines.front(), ','), values = split(lines.back(), ',');
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == column) return std::stod(std::string(values[i]));
  FAIL("no column " << column);
  return 0;
}
bool near(double a, double b) { return std::fabs(a - b) <= 1e-5 * std::max(std::fabs(a), 1e-3); }
}  // namespace

TEST_CASE("evaluate gives what the run reports, of its own rows", "[cli][evaluate]") {
  const Workplace place;
  place.write("short.yaml", experiment());
  REQUIRE(place.lehr("run short.yaml --seeds 1 --out run").code == 0);
  const Json score = evaluated(place, last + " short.yaml");
  CHECK(score["rows"] == 116);
  CHECK(score["part"] == "validation");
  CHECK(score["counts"] == std::vector<int>{9, 107});
  CHECK(score["prepared_by"] == "run/models/preprocess.json");
  CHECK(score["baseline"]["answer"] == "g");
  CHECK(near(score["baseline"]["value"], 107.0 / 116));
  CHECK(score["loss"]["type"] == "binary_crossentropy");
  CHECK(near(score["loss"]["value"], reported(place, "run", "val_loss")));
  CHECK(near(score["metrics"]["accuracy"]["value"], reported(place, "run", "val_accuracy")));
  CHECK(near(score["metrics"]["auc"]["value"], reported(place, "run", "val_auc")));
  CHECK(score["metrics"]["accuracy"]["uncertainty"] > 0);
  CHECK(evaluated(place, "run/seed-0 short.yaml") == score);  // a trial's folder: its last model
  CHECK(evaluated(place, last + " short.yaml --split train")["rows"] == 235);
  CHECK(evaluated(place, last + " short.yaml --split all --metrics confusion")["metrics"].contains("confusion"));
}

TEST_CASE("evaluate takes a table, with what the run learnt or with nothing beside the model", "[cli][evaluate]") {
  const Workplace place;
  place.write("short.yaml", experiment());
  REQUIRE(place.lehr("run short.yaml --seeds 1 --out run").code == 0);
  const Json all = evaluated(place, last + " short.yaml --split all"), table = evaluated(place, last + " ionosphere.csv --metrics accuracy,auc");
  CHECK(table["rows"] == 351);
  CHECK(table["loss"] == all["loss"]);  // the file ends in a Sigmoid
  CHECK(table["metrics"] == all["metrics"]);
  place.write("alone.onnx", place.read(last));
  const Json alone = evaluated(place, "alone.onnx ionosphere.csv --metrics accuracy,auc");
  CHECK(alone["prepared_by"].is_null());
  CHECK(alone["metrics"] == all["metrics"]);
  const auto text = place.lehr("evaluate alone.onnx ionosphere.csv");
  INFO(text.both());
  CHECK_THAT(text.out, contains("data   ionosphere.csv  all 351 (225 g / 126 b)   always answering g scores 64.10 %"));
  CHECK_THAT(text.out, contains("binary_crossentropy  0."));
  CHECK_THAT(text.out, contains(" ± "));
}

TEST_CASE("evaluate prepares columns as the run did, classes and numbers, raw files too", "[cli][evaluate]") {
  const Workplace place;
  for (const test::RawCase& c : test::raw_cases(place)) {
    INFO(c.name);
    place.write("case.yaml", c.yaml);
    place.write("raw.yaml", test::as_raw(c.yaml));
    REQUIRE(place.lehr("run case.yaml --force --out run").code == 0);
    REQUIRE(place.lehr("run raw.yaml --force --out raw").code == 0);
    const Json score = evaluated(place, last + " case.yaml");
    CHECK(near(score["loss"]["value"], reported(place, "run", "val_loss")));
    place.write("alone.onnx", place.read("raw/models/seed-0.onnx"));
    const Json raw = evaluated(place, "alone.onnx case.yaml");
    CHECK(raw["prepared_by"] == "alone.onnx");
    CHECK(raw["loss"] == score["loss"]);
    CHECK(raw["metrics"] == score["metrics"]);
    CHECK(evaluated(place, "alone.onnx people.csv")["rows"] == 60);
  }
  // The last case predicts incomes: answering their mean has their deviation.
  const Json numbers = evaluated(place, last + " case.yaml --metrics mae,rmse,r2");
  CHECK(numbers["baseline"]["metric"] == "rmse");
  const double rmse = numbers["metrics"]["rmse"]["value"], base = numbers["baseline"]["value"], r2 = numbers["metrics"]["r2"]["value"];
  CHECK(std::fabs(r2 - (1 - rmse * rmse / (base * base))) < 1e-6 * std::fabs(r2));
}

TEST_CASE("a scaled target is measured in its own unit, rows without one are left out", "[cli][evaluate]") {
  const Workplace place;
  std::string table = "a,b,y\n";
  for (int i = 0; i < 60; ++i) table += cat(i % 7, ",", i % 5, ",", i % 20 == 3 ? std::string() : cat(500 + 40 * (i % 7) - 25 * (i % 5)), "\n");
  place.write("t.csv", table);
  place.write("t.yaml",
              "model: {mlp: {hidden: [4]}}\ndata: {file: t.csv, target: {column: y, scale: standard, missing: drop}, scale: standard}\n"
              "loss: mse\nmetrics: [rmse, r2]\nlr: 0.05\nepochs: 20\nbatch: 16\n");
  REQUIRE(place.lehr("run t.yaml --out run").code == 0);
  for (const char* rows : {"t.yaml --split all", "t.csv"}) {
    const auto score = evaluated(place, cat("run/models/seed-0.onnx ", rows, " --metrics rmse,r2"));
    INFO(rows << " " << score.dump());
    CHECK(score["rows"] == 57);
    const double rmse = score["metrics"]["rmse"]["value"], base = score["baseline"]["value"], r2 = score["metrics"]["r2"]["value"];
    CHECK(base > 50);
    CHECK(std::fabs(r2 - (1 - rmse * rmse / (base * base))) < 1e-4);
  }
  CHECK_THAT(place.lehr("evaluate run/models/seed-0.onnx t.csv").err, contains("3 rows without a target are left out (lines 5, 25, 45)"));
}

TEST_CASE("what evaluate refuses", "[cli][evaluate][bad]") {
  const Workplace place;
  place.write("short.yaml", experiment());
  place.write("small.csv", "1,2,b\n3,4,g\n");
  struct Row {
    const char* arguments;
    int code;
    const char* says;
  };
  for (const Row& row :
       {Row{"mlp-34-34-1.onnx", 2, "data is required"}, Row{"nothing.onnx short.yaml", 2, "nothing.onnx"},
        Row{". ionosphere.csv", 2, "a folder without a run"}, Row{"mlp-34-34-1.onnx nothing.csv", 2, "nothing.csv"},
        Row{"mlp-34-34-1.onnx short.yaml --metrics acuracy", 2, "did you mean 'accuracy'"},
        Row{"mlp-34-34-1.onnx short.yaml --metrics rmse", 2, "rmse is for regression"},
        Row{"mlp-34-34-1.onnx short.yaml --split test", 3, "keeps no test rows"}, Row{"mlp-34-34-1.onnx short.yaml --split tests", 2, "--split"},
        Row{"mlp-34-34-1.onnx ionosphere.csv --split train", 2, "a table has no splits"},
        Row{"mlp-34-34-1.onnx ionosphere.csv --set lr=1", 2, "speak of an experiment"}, Row{"mlp-34-34-1.onnx short.yaml --target 3", 2, "--set data.target"},
        Row{"mlp-34-34-1.onnx small.csv", 3, "34"}, Row{"mlp-34-34-1.onnx ionosphere.csv --classes b,h", 3, "'g' is not one of the classes"},
        Row{"mlp-34-34-1.onnx ionosphere.csv --classes b,g,h", 3, "score"}}) {
    const auto ran = place.lehr(std::string("evaluate ") + row.arguments);
    INFO(row.arguments << "\n" << ran.both());
    CHECK(ran.code == row.code);
    CHECK_THAT(ran.err, contains(row.says));
    CHECK(ran.out.empty());
  }
}
