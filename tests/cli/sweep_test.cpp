#include <nlohmann/json.hpp>

#include "base/text.h"
#include "experiments/cli/print.h"
#include "tests/cli/program.h"
#include "tests/support/catch.h"

using namespace lehr;
using nlohmann::json;
using test::experiment;
using test::Workplace;

namespace {
std::string with_test() { return experiment("33%, take: tail", "20%, test: 20%, take: stratified"); }
constexpr const char* sweep =
    "variants: {plain: {lr: 0.1}, falling: {lr: 0.1 / (1 + step)}}\nsweep: {lr_scale: [0.001, 1, 2], optimizer.momentum: [0.5, 0.8]}\n";
}  // namespace

TEST_CASE("a sweep runs, chooses and leaves every point", "[cli]") {
  Workplace place;
  place.write("short.yaml", with_test() + sweep);
  const auto checked = place.lehr("validate short.yaml");
  CHECK(checked.out.find("2 variants x 6 points x 2 seeds = 24 runs x 16 steps") != std::string::npos);
  const auto ran = place.lehr("run short.yaml");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  for (const char* part : {"variant  lr_scale  optimizer.momentum  runs  val ", "test_accuracy", "paired vs plain, 95% CI", "the test rows had no say"})
    CHECK(ran.out.find(part) != std::string::npos);
  CHECK(std::ranges::count(place.metrics("runs/short/falling/lr_scale=0.001/optimizer.momentum=0.5/seed-1"), '\n') == 1 + 2);
  const auto summary = split(place.read("runs/short/summary.csv"), '\n');
  CHECK(summary[0] == "trial,variant,lr_scale,optimizer.momentum,seed,chosen,status,epoch,quantity,value,uncertainty,count");
  int chosen = 0;
  for (const auto& line : summary) chosen += line.find(",yes,done,2,test_accuracy,") != std::string::npos;
  CHECK(chosen == 2 * 2);
  CHECK(place.read("runs/short/summary.md").find("## Every point: val_accuracy") != std::string::npos);
  const std::string own = place.config("runs/short/falling/lr_scale=2/optimizer.momentum=0.5/seed-1");
  for (const char* part : {"lr_scale: 2\n", "momentum: 0.5\n", "seed: 1\n"}) CHECK(own.find(part) != std::string::npos);
  // The rate of the run is the scaled one.
  CHECK(place.metrics("runs/short/plain/lr_scale=2/optimizer.momentum=0.5/seed-1").find("\n1,8,210,0.2,0.2,") != std::string::npos);
}

TEST_CASE("one point of a sweep alone gives what it gave among the others", "[cli]") {
  Workplace place;
  place.write("short.yaml", with_test() + sweep);
  REQUIRE(place.lehr("run short.yaml --out all --set keep.models=all").code == 0);
  const auto ran = place.lehr("run short.yaml --only falling/lr_scale=2/optimizer.momentum=0.8 --out one");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  CHECK(ran.out.find("1 variant x 1 point x 2 seeds = 2 runs") != std::string::npos);
  CHECK(ran.out.find("no say") == std::string::npos);
  const std::string weights = "models/falling/lr_scale=2/optimizer.momentum=0.8/seed-1.onnx";
  CHECK(place.read("one/" + weights) == place.read("all/" + weights));
  CHECK(place.lehr("resolve short.yaml --only falling/lr_scale=2").out.find("lr_scale: 2\n") != std::string::npos);
  CHECK(place.lehr("run short.yaml --only falling/lr_scale=3").code == 2);
  CHECK(place.lehr("run short.yaml --only ''").code == 2);
  CHECK(place.lehr("schedule short.yaml --only plain --set sweep=null --csv --steps 0:1").out == "step,epoch,plain.lr\n0,0,0.1\n");
  CHECK(place.lehr("schedule short.yaml --only plain/lr_scale=2/optimizer.momentum=0.5 --at 3").out.ends_with("\n3,0,0.2\n"));
  CHECK(place.lehr("plan short.yaml --only plain").out.find("1 variant x 6 points x 2 seeds = 12 runs") != std::string::npos);
}

TEST_CASE("what shows only with the data is told at the swept value", "[cli]") {
  Workplace place;
  place.write("short.yaml", with_test() + "sweep: {batch: [28, {size: 2800, last: drop}]}\n");
  const auto ran = place.lehr("run short.yaml");
  INFO(ran.both());
  CHECK(ran.code == 3);
  CHECK(ran.err.find("short.yaml:13:") != std::string::npos);
  CHECK(ran.err.find("batch 2800 is larger than the 210 training rows: with last: drop no row would train") != std::string::npos);
}

TEST_CASE("--json: one document on standard output, the rest on standard error", "[cli]") {
  Workplace place;
  place.write("short.yaml", with_test() + sweep);
  const auto ran = place.lehr("run short.yaml --json");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  CHECK(j.at("name") == "short");
  CHECK(j.at("folder") == "runs/short");
  CHECK(j.at("trials").at("done") == 24);
  CHECK(j.at("select") == "val_accuracy");
  CHECK(j.at("against") == "plain");
  CHECK(j.at("variants").size() == 2);
  CHECK(j.at("variants").at(1).at("points").size() == 6);
  CHECK(j.at("variants").at(1).at("quantities").at("test_auc").at("difference").at("pairs") == 2);
  CHECK(ran.err.find("data   ionosphere.csv") != std::string::npos);
  CHECK(ran.err.find("24 runs in ") != std::string::npos);
  place.write("plain.yaml", experiment());
  const json plain = json::parse(place.lehr("run plain.yaml --json --quiet").out);
  CHECK_FALSE(plain.contains("swept"));
  CHECK(plain.at("variants").at(0).at("quantities").at("val_accuracy").at("values").size() == 2);
  const auto refused = place.lehr("run plain.yaml --json --dry-run");
  CHECK(refused.code == 2);
  CHECK(refused.out.empty());
  place.write("wild.yaml", experiment("lr: 0.1", "lr: 1e38"));
  const auto wild = place.lehr("run wild.yaml --json");
  CHECK(wild.code == 4);
  CHECK(json::parse(wild.out).at("trials").at("diverged") == 2);
}

TEST_CASE("a sweep beside what follows a metric and averages of the weights", "[cli]") {
  Workplace place;
  place.write("short.yaml", experiment("lr: 0.1", "lr: {type: plateau, initial: 0.1, factor: 0.5, on: val_loss, patience: 1 epochs}") +
                                "average: ema\nsweep: {lr_scale: [0.5, 2]}\ncompare: {select: avg_val_loss}\n");
  const auto ran = place.lehr("run short.yaml --json");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  CHECK(j.at("select") == "avg_val_loss");
  CHECK(j.at("variants").at(0).at("quantities").contains("avg_val_auc"));
  CHECK(place.metrics("runs/short/lr_scale=2/seed-1").find("\n1,9,235,0.2,0.2,") != std::string::npos);
  place.write("plain.yaml", experiment() + "sweep: {lr_scale: [0.5, 2]}\ncompare: {select: avg_val_loss}\n");
  CHECK(place.lehr("run plain.yaml").err.find("'avg_val_loss' is not measured") != std::string::npos);
}

TEST_CASE("splits of their own: each seed's parts, choice and preprocessing", "[cli]") {
  Workplace place;
  place.write("short.yaml",
              experiment("33%, take: tail", "20%, test: 20%, take: stratified, seed: 9") + "sweep: {lr_scale: [0.1, 1]}\ncompare: {select: val_loss}\n");
  const auto ran = place.lehr("run short.yaml --set repeat.vary=[split] --json");
  INFO(ran.both());
  REQUIRE(ran.code == 0);
  const json j = json::parse(ran.out);
  CHECK(j.at("split_varies") == true);
  CHECK(j.at("select") == "val_loss");
  CHECK(j.at("plan").get<std::string>().find("x 2 splits = 4 runs") != std::string::npos);
  CHECK(j.at("data").get<std::string>().find("(split of seed 0)") != std::string::npos);
  CHECK(place.config("runs/short/lr_scale=1/seed-1").find("seed: 1}") != std::string::npos);
}

TEST_CASE("the experiments that come along are fine", "[cli]") {
  const Workplace place;
  const auto checked =
      place.lehr(cat("validate ", LEHR_SOURCE_DIR, "/experiments/ionosphere/ionosphere.yaml ", LEHR_SOURCE_DIR, "/experiments/ionosphere/ten_schedules.yaml"));
  INFO(checked.both());
  CHECK(checked.code == 0);
  CHECK(checked.out.find("warning") == std::string::npos);
  CHECK(checked.out.find("10 variants x 5 points x 30 splits = 1,500 runs x 300 steps") != std::string::npos);
}

TEST_CASE("tables end where the terminal does", "[cli]") {
  const std::vector<std::vector<std::string>> rows{{"a", "name"}, {"10", "a long name of a node"}};
  CHECK(cli::aligned(rows, {true}) == " a  name\n10  a long name of a node\n");
  CHECK(cli::aligned(rows, {true}, 12) == " a  name\n10  a long …\n");
  CHECK(cli::aligned(rows, {true}, 25) == cli::aligned(rows, {true}));
}
