#include <filesystem>

#include "base/text.h"
#include "experiments/run/vocabulary.h"
#include "experiments/spec/experiment.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
// Sixty rows that train and validate, twenty others that test, their columns in another order, with another delimiter.
struct TwoFiles : Workplace {
  TwoFiles() {
    std::string train = "x,z,city,y\n", tested = "y;city;z;x\n";
    for (int i = 0; i < 60; ++i) train += cat(i * 37 % 60, ",", i % 7, ",", i % 3 ? "rome" : "oslo", ",", i * 37 % 60 > 30 ? "yes" : "no", "\n");
    for (int i = 0; i < 20; ++i) tested += cat(i % 2 ? "yes" : "no", ";", i == 5 ? "paris" : "rome", ";", i % 7, ";", i % 2 ? 40 + i : i, "\n");
    std::filesystem::create_directory(path("data"));
    write("data/train.csv", train), write("data/test.csv", tested);
    write("data.yaml", data("train.csv", "test.csv"));
    std::filesystem::rename(path("data.yaml"), path("data/both.yaml"));
    write("e.yaml", "extends: data/both.yaml\n");
  }
  static std::string data(const std::string& train, const std::string& tested, const std::string& split = "validation: 25%") {
    return cat("data: {file: ", train, ", test_file: ", tested, ", target: y, categorical: [city], scale: standard, split: {", split,
               "}}\nmodel: {mlp: {hidden: [4]}}\nloss: binary_crossentropy\nmetrics: [accuracy]\nlr: 0.1\nepochs: 3\nbatch: 8\n");
  }
  void check(const std::string& command, const std::string& part) const {
    const auto ran = lehr(command);
    INFO(command << "\n" << ran.both());
    CHECK(ran.code == 0);
    CHECK(ran.both().find(part) != std::string::npos);
  }
  void refuses(const std::string& command, int code, const std::string& part) const {
    const auto ran = lehr(command);
    INFO(command << "\n" << ran.both());
    CHECK(ran.code == code);
    CHECK(ran.both().find(part) != std::string::npos);
  }
};
}  // namespace

TEST_CASE("a separate test file is split, trained, told and evaluated", "[cli][test_table]") {
  const TwoFiles place;
  place.check("data e.yaml", "train.csv (60 rows) + test.csv (20 rows)  fingerprint");
  place.check("data e.yaml", "test       20 (10 ");
  place.check("run e.yaml --out a", "train.csv (60 rows) + test.csv (20 rows) -> train 45");
  CHECK(place.read("a/summary.csv").find("test_accuracy") != std::string::npos);
  CHECK(place.config("a/seed-0").find(cat("test_file: ", place.path("data/test.csv").string())) != std::string::npos);
  place.check("evaluate a e.yaml --split test", "20");
  place.check("evaluate a data/test.csv", "20");
  place.check("predict a/models/seed-0.onnx data/test.csv", "yes");
  // the same experiment from where the run wrote it
  std::filesystem::copy_file(place.path("a/experiment.yaml"), place.path("again.yaml"));
  place.check("run again.yaml --out b", "test");
  CHECK(place.metrics("a/seed-0") == place.metrics("b/seed-0"));
  // moved as a whole it is the same trial
  std::filesystem::create_directory(place.path("elsewhere"));
  std::filesystem::copy(place.path("data"), place.path("elsewhere/data"));
  std::filesystem::copy_file(place.path("e.yaml"), place.path("elsewhere/e.yaml"));
  const auto hash = [&](const char* file) { return spec::read_study(place.path(file), run::vocabulary()).trials.front().hash; };
  CHECK(hash("e.yaml") == hash("elsewhere/e.yaml"));
  place.check("run e.yaml --out raw --set model.export.inputs=raw", "test");
}

TEST_CASE("a test file that does not fit is refused before training", "[cli][test_table]") {
  const TwoFiles place;
  place.write("t.yaml", TwoFiles::data("data/train.csv", "data/test.csv", "validation: 25%, test: 10%"));
  place.refuses("validate t.yaml", 2, "data.test_file and data.split.test exclude each other");
  place.write("t.yaml", TwoFiles::data("data/train.csv", "data/train.csv"));
  place.refuses("validate t.yaml", 2, "data.test_file is data.file");
  place.write("t.yaml", TwoFiles::data("data/train.csv", "data/tset.csv"));
  place.refuses("run t.yaml --dry-run", 2, "did you mean 'test.csv'?");
  place.write("data/test.csv", "x,z,city,y\n1,2,rome,yes\n1,2,rome,maybe\n");
  place.write("t.yaml", TwoFiles::data("data/train.csv", "data/test.csv"));
  place.refuses("run t.yaml --dry-run", 3, "line 3 of 'test.csv': class 'maybe' has no row in 'train.csv'");
  place.write("data/test.csv", "x,z,city\n1,2,rome\n");
  place.refuses("run t.yaml --dry-run", 3, "it lacks 'y'; test rows are scored");
  place.write("data/test.csv", "x,z,city,y\n1,2,rome,yes\n1,2,rome,\n3,1,oslo,no\n");
  place.refuses("run t.yaml --dry-run", 3, "line 3 of 'test.csv', column 'y': the target is missing");
  place.check("run t.yaml --dry-run --set data.target.missing=drop", "'test.csv': 1 row without a target is left out (line 3)");
}
