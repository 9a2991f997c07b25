#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;

namespace {
Clock at_epoch(std::int64_t epoch) { return {.step = epoch * 9, .steps_per_epoch = 9, .steps = 450, .epochs = 50}; }
double hyper(const Trial& trial, const char* name, std::int64_t epoch = 0) { return trial.experiment().optimizer.hypers.at(name).at(at_epoch(epoch)); }
}  // namespace

TEST_CASE("the tutorial's file is 4 variants x 30 seeds") {
  const Study study = read_study(data_file("tutorial.yaml"), test_vocabulary());
  CHECK(study.name == "tutorial");
  CHECK(study.text == read_file(data_file("tutorial.yaml")));
  CHECK(study.axes.variants() == std::vector<std::string>{"baseline", "constant", "time", "drop"});
  CHECK(study.axes.count(Axis::Role::seed) == 30);
  CHECK(study.against == "constant");
  CHECK(study.warnings.empty());
  REQUIRE(study.trials.size() == 120);
  CHECK(study.trials[0].id == "baseline/seed-00");
  CHECK(study.trials[67].id == "time/seed-07");
  CHECK(study.trials[67].seed == 7);
  CHECK(study.trials[67].seed == 7);
  std::set<std::string> hashes;
  for (const Trial& trial : study.trials) hashes.insert(trial.hash);
  CHECK(hashes.size() == 120);
}

TEST_CASE("each variant of the tutorial has its own hyperparameters") {
  const Study study = read_study(data_file("tutorial.yaml"), test_vocabulary());
  const Trial &baseline = study.trials[0], &constant = study.trials[30], &time = study.trials[60], &drop = study.trials[90];
  CHECK(hyper(baseline, "lr") == 0.1);
  CHECK(hyper(baseline, "momentum") == 0);
  CHECK(hyper(constant, "lr", 49) == 0.1);
  CHECK(hyper(constant, "momentum") == 0.8);
  CHECK(hyper(time, "lr") == 0.1);
  CHECK(hyper(time, "lr", 49) == Approx(0.1 / (1 + 0.002 * 441)).epsilon(1e-14));
  CHECK(hyper(time, "momentum") == 0.8);
  CHECK(hyper(drop, "lr", 8) == 0.1);
  CHECK(hyper(drop, "lr", 9) == 0.05);
  CHECK(hyper(drop, "momentum") == 0.9);
  CHECK(hyper(drop, "weight_decay") == 0);
}

TEST_CASE("the rest of the tutorial's settings") {
  const Experiment e = read_study(data_file("tutorial.yaml"), test_vocabulary()).trials[0].experiment();
  CHECK(e.model.file == data_file("mlp-34-34-1.onnx"));
  CHECK(e.model.file_as_written == "mlp-34-34-1.onnx");
  CHECK(e.model.init == std::vector<std::pair<std::string, std::string>>{{"*", "glorot_uniform"}});
  CHECK(e.data.file == data_file("ionosphere.csv"));
  CHECK(e.data.table.targets == std::vector<std::string>{"-1"});
  CHECK(e.data.table.classes == std::vector<std::string>{"b", "g"});
  CHECK(e.data.split.validation == 0.33);
  CHECK(e.data.split.take == SplitOptions::Take::tail);
  CHECK(e.data.csv.missing == std::vector<std::string>{});
  CHECK_FALSE(e.data.csv.header.has_value());
  CHECK(e.loss.kind == LossKind::binary_cross_entropy);
  CHECK(e.metrics == std::vector<std::string>{"accuracy"});
  CHECK(e.optimizer.type == "sgd");
  CHECK(e.optimizer.options.at("form") == "keras");
  CHECK(e.optimizer.options.at("nesterov") == "false");
  CHECK(e.epochs == 50);
  CHECK(e.batch.size == 28);
  CHECK(e.batch.keep_last);
  CHECK(e.where("optimizer.lr").line == 12);
  CHECK(e.where("lr").column == 18);
  CHECK(e.where("batch.size").line == 10);
  CHECK(e.where("threads").line == 0);
}
