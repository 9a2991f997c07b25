#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using test::experiment;
using test::Workplace;
namespace fs = std::filesystem;

namespace {
std::map<std::string, std::string> results(const fs::path& folder) {
  std::map<std::string, std::string> out;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.path().filename() == "metrics.csv" || entry.path().extension() == ".onnx") out[fs::relative(entry.path(), folder).string()] = read_file(entry.path());
  return out;
}
}  // namespace

TEST_CASE("a run leaves its folder", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment() + "variants: {plain: {lr: 0.1}, small: {lr: 0.01}}\n");
  const auto ran = place.lehr("run short.yaml");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  CHECK(ran.out.find("train 235 (118 g / 117 b), validation 116 (107 g / 9 b)   always answering g scores 92.24 %") != std::string::npos);
  CHECK(ran.out.find("paired vs plain, 95% CI") != std::string::npos);
  CHECK(ran.out.find('\r') == std::string::npos);
  CHECK(place.read("runs/short/experiment.yaml") == place.read("short.yaml"));
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(place.path("runs/short")))
    if (entry.is_regular_file()) files.insert(fs::relative(entry.path(), place.path("runs/short")).string());
  CHECK(files == std::set<std::string>{"experiment.yaml", "metrics.csv", "models/plain/seed-0.best.onnx", "models/plain/seed-0.onnx", "models/plain/seed-1.best.onnx",
                                       "models/plain/seed-1.onnx", "models/preprocess.json", "models/small/seed-0.best.onnx", "models/small/seed-0.onnx",
                                       "models/small/seed-1.best.onnx", "models/small/seed-1.onnx", "run.db", "summary.csv", "summary.md"});
  CHECK(place.read("runs/short/metrics.csv").starts_with("trial,epoch,step,samples,lr_first,lr_last,loss,accuracy,auc,val_loss,val_accuracy,val_auc\nplain/seed-0,1,9,235,0.1,0.1,"));
  const std::string trial = "runs/short/small/seed-0", csv = place.metrics(trial);
  CHECK(std::ranges::count(csv, '\n') == 3);
  CHECK(place.status(trial).find("\"done\"") != std::string::npos);
  // The trial's own file runs alone and gives the same numbers.
  place.write("alone.yaml", place.config(trial));
  const auto again = place.lehr("run alone.yaml --out again");
  INFO(again.both());
  REQUIRE(again.code == 0);
  CHECK(csv.size() > 100);
  CHECK(place.metrics("again/seed-0") == csv);
}

TEST_CASE("results repeat bit by bit and do not depend on --jobs", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment("seeds: 2", "seeds: 5"));
  REQUIRE(place.lehr("run short.yaml --jobs 1 --out one").code == 0);
  REQUIRE(place.lehr("run short.yaml --jobs 2 --out two").code == 0);
  REQUIRE(place.lehr("run short.yaml --jobs 5 --out five").code == 0);
  const auto one = results(place.path("one"));
  CHECK(one.size() == 11);
  CHECK(one == results(place.path("two")));
  CHECK(one == results(place.path("five")));
}

TEST_CASE("options of run", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment());
  CHECK(place.lehr("run short.yaml --dry-run").code == 0);
  CHECK_FALSE(place.exists("runs"));
  const auto set = place.lehr("run short.yaml --set epochs=1 --seeds 3 --quiet --out x");
  INFO(set.both());
  CHECK(set.code == 0);
  CHECK(set.out.find("3 runs x 9 steps") != std::string::npos);
  CHECK(place.lehr("run short.yaml --out x").code == 2);
  CHECK(place.lehr("run short.yaml --out x --force").code == 0);
}

TEST_CASE("init, run, predict: nothing else is needed to start", "[cli]") {
  Workplace place;
  const std::string data = std::string(LEHR_SOURCE_DIR) + "/tests/golden/data/";
  for (const std::string name : {"iris", "digits"}) {
    fs::copy_file(data + name + ".csv", place.path(name + ".csv"));
    const auto made = place.lehr("init --data " + name + ".csv --hidden 16,8 --out " + name);
    INFO(made.both());
    REQUIRE(made.code == 0);
    const auto ran = place.lehr("run " + name + "/" + name + ".yaml --seeds 2 --set epochs=10 --out " + name + "-run");
    INFO(ran.both());
    REQUIRE(ran.code == 0);
    const auto predicted = place.lehr("predict " + name + "-run/models/seed-0.onnx " + name + ".csv");
    INFO(predicted.err);
    CHECK(predicted.code == 0);
    CHECK(predicted.out.starts_with("class,p_"));
    CHECK(std::ranges::count(predicted.out, '\n') == (name == "iris" ? 151 : 1798));
  }
  CHECK(place.lehr("init --data iris.csv --out iris").out.find("iris-2.yaml") != std::string::npos);  // what exists stays
  std::string csv = "x,y,z\n";
  for (int i = 0; i < 200; ++i) csv += cat(i % 17, ",", i % 5, ",", 0.5 * (i % 17) - 1.25 * (i % 5) + 0.001 * (i % 3), "\n");
  place.write("line.csv", csv);
  REQUIRE(place.lehr("init --data line.csv --target z --out line").code == 0);
  const auto ran = place.lehr("run line/line.yaml --seeds 1");
  INFO(ran.both());
  CHECK(ran.code == 0);
  CHECK(ran.out.find("val_r2") != std::string::npos);
}

TEST_CASE("the commands that only tell", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment("lr: 0.1", "lr: 0.1 / (1 + 0.002 * step)"));
  const auto says = [&](const std::string& arguments, const std::string& part) {
    const auto ran = place.lehr(arguments);
    INFO(arguments << "\n" << ran.both());
    CHECK(ran.code == 0);
    CHECK(ran.out.find(part) != std::string::npos);
  };
  says("validate short.yaml", "fine");
  says("plan short.yaml", "fc1.weight");
  says("schedule short.yaml --at 17", "17,1,0.0967117988394584");
  says("schedule short.yaml --csv --steps 0:2", "step,epoch,lr\n0,0,0.1\n1,0,");
  says("schedule short.yaml --steps-per-epoch 9", "lr");
  says("resolve short.yaml", "momentum: 0.8");
  says("resolve short.yaml --origin", "short.yaml:8");
  says("schema", "\"$schema\"");
  says("explain data.split", "validation");
  says("explain lr.cosine", "cos");
  says("data short.yaml", "92.24 %");
  says("inspect mlp-34-34-1.onnx", "1,225 trained values");
  says("ops", "Gemm");
  says("doctor", "oneDNN");
  says("--version", "lehr ");
  says("--help", "inspect");
  // A preview needs neither data nor model.
  fs::remove(place.path("ionosphere.csv"));
  fs::remove(place.path("mlp-34-34-1.onnx"));
  says("schedule short.yaml --steps-per-epoch 9 --at 17", "17,1,0.0967117988394584");
}

TEST_CASE("rows are split by a group, or by what comes last", "[cli][split]") {
  Workplace place;
  std::string table = "patient,day,x,y\n";
  for (int i = 0; i < 60; ++i) table += cat("p", i % 12, ",2024-0", 1 + (i * 7) % 9, "-1", i % 10, ",", (i * 37) % 60, ",", (i * 37) % 60 > 30 ? "yes" : "no", "\n");
  place.write("t.csv", table);
  const std::string rest = "}\nmodel: {mlp: {hidden: [4]}}\nloss: binary_crossentropy\nmetrics: [accuracy]\nlr: 0.1\nepochs: 2\nbatch: 8\n";
  const std::string data = "data: {file: t.csv, target: y, columns: [x], scale: standard, ";
  place.write("group.yaml", data + "split: {validation: 25%, group: patient}" + rest);
  place.write("order.yaml", data + "split: {validation: 25%, test: 10%, order: day}" + rest);
  for (const char* file : {"group", "order"}) {
    const auto ran = place.lehr(cat("run ", file, ".yaml"));
    INFO(ran.both());
    CHECK(ran.code == 0);
  }
  place.write("leak.yaml", "data: {file: t.csv, target: y, split: {validation: 25%, group: patient}, drop: [day], categorical: [patient]" + rest);
  CHECK(place.lehr("run leak.yaml --dry-run").err.find("column 'patient' of data.split.group is a feature, too: data.drop leaves it out") != std::string::npos);
  place.write("bad.yaml", data + "split: {validation: 25%, take: random, order: day}" + rest);
  CHECK(place.lehr("validate bad.yaml").both().find("data.split.take has no say beside it") != std::string::npos);
  place.write("bad.yaml", data + "split: {validation: 25%, group: patent}" + rest);
  const auto ran = place.lehr("validate bad.yaml");
  CHECK(ran.code != 0);
  CHECK(ran.both().find("patient") != std::string::npos);
}
