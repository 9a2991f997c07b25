// Schedules of a library that move the momentum together with the rate.
#include "tests/spec/support.h"

using namespace lehr;
using namespace lehr::spec;
using lehr::test::contains;

namespace {
const std::string head = "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nepochs: 10\nlr: {type: torch.OneCycleLR, max_lr: 0.1}\n";
Clock clock(std::int64_t step) { return {.step = step, .steps_per_epoch = 10, .steps = 100, .epochs = 10}; }
}  // namespace

TEST_CASE("OneCycleLR drives the momentum, or beta1") {
  const Folder folder;
  for (const auto& [optimizer, name] : {std::pair{"sgd", "momentum"}, {"adam", "beta1"}}) {
    INFO(optimizer);
    const Study study = read_study(folder.write("driven.yaml", head + "optimizer: " + optimizer + "\n"), test_vocabulary());
    CHECK(study.warnings.empty());
    const auto& hypers = study.trials[0].experiment().optimizer.hypers;
    CHECK(hypers.at(name).at(clock(0)) == Approx(0.95).epsilon(1e-14));
    CHECK(hypers.at(name).at(clock(29)) == Approx(0.85).epsilon(1e-14));
    CHECK(hypers.at("lr").at(clock(29)) == Approx(0.1).epsilon(1e-14));
    // The resolved file says so, and reads back as itself.
    const Study again = read_study(folder.write("again.yaml", study.trials[0].resolved()), test_vocabulary());
    CHECK(again.trials[0].resolved() == study.trials[0].resolved());
    CHECK(again.trials[0].experiment().optimizer.hypers.at(name) == hypers.at(name));
  }
}

TEST_CASE("a written momentum yields to the cycle with a warning, a schedule of its own does not") {
  const Folder folder;
  const Study constant = read_study(folder.write("a.yaml", head + "optimizer: {type: sgd, momentum: 0.9}\n"), test_vocabulary());
  REQUIRE(constant.warnings.size() == 1);
  CHECK(constant.warnings[0].find("a.yaml:5:5: warning: this schedule cycles the momentum, too: optimizer.momentum: 0.9 is not used") != std::string::npos);
  CHECK(constant.trials[0].experiment().optimizer.hypers.at("momentum").at(clock(29)) == Approx(0.85).epsilon(1e-14));
  const Study own = read_study(folder.write("b.yaml", head + "optimizer: {type: sgd, momentum: 0.9 - 0.001 * step}\n"), test_vocabulary());
  CHECK(own.warnings.empty());
  CHECK(own.trials[0].experiment().optimizer.hypers.at("momentum").at(clock(100)) == Approx(0.8));
  const Study off = read_study(folder.write("c.yaml", "model: m.onnx\ndata: {file: d.csv}\nloss: mse\nepochs: 10\noptimizer: {type: sgd, momentum: 0.9}\n"
                                                      "lr: {type: torch.OneCycleLR, max_lr: 0.1, cycle_momentum: false}\n"),
                               test_vocabulary());
  CHECK(off.trials[0].experiment().optimizer.hypers.at("momentum").constant());
}

TEST_CASE("an optimizer without momentum cannot be cycled") {
  const Folder folder;
  Vocabulary vocabulary = test_vocabulary();
  vocabulary.optimizers["plain"] = {"Gradient descent.", {}, {{"lr", 0, true, 0, 1, "Learning rate."}}};
  CHECK_THROWS_WITH(read_study(folder.write("d.yaml", head + "optimizer: plain\n"), vocabulary),
                    contains("d.yaml:5:5: the schedule of lr cycles the momentum, too, but the optimizer 'plain' has neither momentum nor beta1"));
}
