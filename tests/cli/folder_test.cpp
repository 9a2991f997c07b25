#include <nlohmann/json.hpp>

#include "base/text.h"
#include "experiments/store/run_folder.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using nlohmann::json;
using test::experiment;
using test::Workplace;

namespace {
std::vector<std::string> lines(const std::string& text) {
  auto out = split(text, '\n');
  if (!out.empty() && out.back().empty()) out.pop_back();
  return out;
}
std::vector<std::string> keys(const json& j) {
  std::vector<std::string> out;
  for (const auto& item : j.items()) out.push_back(item.key());
  return out;
}
constexpr const char* variants = "variants: {plain: {lr: 0.1}, small: {lr: 0.01}}\n";
}  // namespace

TEST_CASE("the lists of a run: summary.csv, summary.md", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment("33%, take: tail", "20%, test: 20%, take: random") + variants);
  const auto ran = place.lehr("run short.yaml");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const auto summary = lines(place.read("runs/short/summary.csv"));
  CHECK(summary[0] == "trial,variant,seed,status,epoch,quantity,value,uncertainty,count");
  CHECK(summary.size() == 1 + 4 * 7);  // loss, val_ and test_ of loss, accuracy and auc
  for (const char* quantity : {"loss", "val_loss", "val_accuracy", "val_auc", "test_loss", "test_accuracy", "test_auc"}) {
    INFO(quantity);
    int count = 0;
    for (const auto& line : summary) count += split(line, ',')[5] == quantity;
    CHECK(count == 4);
  }
  const std::string page = place.read("runs/short/summary.md");
  for (const char* part : {"## val_accuracy", "## test_auc", "| small | 2 |", "paired vs plain"}) CHECK(page.find(part) != std::string::npos);
  CHECK(ran.out.find("test_accuracy @last") != std::string::npos);
}

TEST_CASE("what a run leaves in its store: trials, events, environment, each trial's own experiment", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment() + variants);
  REQUIRE(place.lehr("run short.yaml --jobs 2 --threads 1 --quiet").code == 0);
  const auto status = json::parse(place.status("runs/short/small/seed-1"));
  CHECK(status.at("status") == "done");
  CHECK(status.at("epochs") == 2);
  CHECK((status.at("best_epoch") == 1 || status.at("best_epoch") == 2));
  CHECK_FALSE(status.contains("message"));
  const auto settings = store::read_run(place.path("runs/short")).settings();
  const auto environment = json::parse(settings.at("environment"));
  CHECK(keys(environment) == std::vector<std::string>{"compiler", "cores", "cpu", "jobs", "lehr", "memory_mib", "onednn", "system", "threads"});
  CHECK(settings.at("command") == "lehr run short.yaml --jobs 2 --threads 1 --quiet");
  CHECK(settings.at("ended") >= settings.at("started"));
  CHECK(settings.at("status") == "finished");
  CHECK(environment.at("threads") == 1);
  const std::string own = place.config("runs/short/small/seed-1");
  for (const char* part : {"lr: 0.01\n", "seed: 1\n", "momentum: 0.8\n", "take: tail"}) CHECK(own.find(part) != std::string::npos);
}

TEST_CASE("a repeat writes the same bytes", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment());
  REQUIRE(place.lehr("run short.yaml --out a").code == 0);
  REQUIRE(place.lehr("run short.yaml --out b").code == 0);
  for (const char* file : {"experiment.yaml", "metrics.csv", "summary.csv", "summary.md", "models/preprocess.json", "models/seed-0.onnx", "models/seed-1.best.onnx"}) {
    INFO(file);
    CHECK(place.read(cat("a/", file)) == place.read(cat("b/", file)));
  }
  CHECK(place.read("a/models/seed-0.onnx") != place.read("a/models/seed-1.onnx"));
}

TEST_CASE("--force replaces a run's folder, whole", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment());
  REQUIRE(place.lehr("run short.yaml").code == 0);
  // A mistake in the file leaves the old run alone.
  place.write("short.yaml", experiment("epochs: 2", "epoch: 2"));
  const std::string before = place.snapshot();
  CHECK(place.lehr("run short.yaml --force").code == 2);
  place.write("short.yaml", experiment("batch: 28", "batch: {size: 2800, last: drop}"));
  CHECK(place.lehr("run short.yaml --force").code == 3);
  place.write("short.yaml", experiment("epochs: 2", "epoch: 2"));
  CHECK(place.snapshot() == before);
  place.write("short.yaml", experiment());
  REQUIRE(place.lehr("run short.yaml --force --seeds 1").code == 0);
  CHECK(place.exists("runs/short/models/seed-0.onnx"));
  CHECK_FALSE(place.exists("runs/short/models/seed-1.onnx"));
}
