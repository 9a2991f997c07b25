#include <limits>

#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {
// Weights and states at the end of each epoch.
struct Trace {
  std::vector<std::vector<float>> values, states;
  void watch(Training& t) {
    t.job.on_epoch = [this, &t](const EpochRecord&) {
      const Weights& w = t.bench->weights();
      values.emplace_back(w.values().begin(), w.values().end());
      states.emplace_back(w.state().begin(), w.state().end());
    };
  }
};
std::vector<float> state(const Training& t) { return {t.bench->weights().state().begin(), t.bench->weights().state().end()}; }
}  // namespace

TEST_CASE("divergence stops the trial with the weights of the last good epoch", "[train]") {
  Training t({.validation = 9, .norm = true});
  t.job.epochs = 9;
  t.job.hypers["lr"] = parse_schedule("0.01 + 1e30 * (step >= 12)");  // 5 updates an epoch: the third of epoch 3 blows up
  Trace trace;
  trace.watch(t);
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::diverged);
  CHECK(r.epochs.size() == 2);
  CHECK(says(r.message, "at step 13 (epoch 3, lr 1e+30)"));
  CHECK(says(r.message, "the first tensor that is not finite is '"));
  CHECK(t.weights() == trace.values.at(1));
  CHECK(state(t) == trace.states.at(1));
  CHECK(trace.states[0] != trace.states[1]);
  CHECK(std::string(name(r.outcome)) == "diverged");
}

TEST_CASE("divergence in the first epoch leaves the initial weights", "[train]") {
  Training t;
  t.job.hypers["lr"] = Schedule(1e38);
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::diverged);
  CHECK(r.epochs.empty());
  for (const char* name : {"fc1.weight", "fc2.bias"}) CHECK(t.of(name) == t.start(name));
}

TEST_CASE("weights that the last update broke are found though the loss was finite", "[train]") {
  Training t({.validation = 9, .batch = 37});
  t.job.epochs = 1;
  t.job.hypers["lr"] = Schedule(1e300);
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::diverged);
  CHECK(says(r.message, "the first tensor that is not finite is 'fc1.weight'"));
  CHECK(says(r.message, "after step 0"));
  CHECK(t.of("fc1.weight") == t.start("fc1.weight"));
}

TEST_CASE("a bad number in the data is traced to the input", "[train]") {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const std::int64_t accumulate : {1, 2}) {
      INFO("accumulate " << accumulate);
      Training t({.accumulate = accumulate});
      t.job.shuffle = false;
      t.data.features[0].f32[4 * 20] = bad;  // row 20: the third batch
      const TrialResult r = t.run();
      CHECK(r.outcome == Outcome::diverged);
      const bool nan_loss = says(r.message, cat("loss nan at step ", accumulate == 1 ? 2 : 1));
      if (std::isnan(bad)) {
        CHECK(nan_loss);
        CHECK(says(r.message, "the first tensor that is not finite is 'x'"));
      }
    }
  }
  Training t;
  t.data.target.f32[0] = std::numeric_limits<float>::infinity();
  CHECK(says(t.run().message, "is 'target'"));
}

TEST_CASE("a flag ends the trial after the epoch", "[train]") {
  Training t({.validation = 9});
  std::atomic<bool> stop{false};
  t.job.stop = &stop;
  t.job.epochs = 9;
  t.job.on_epoch = [&](const EpochRecord& e) { stop = e.epoch == 2; };
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::interrupted);
  CHECK(r.epochs.size() == 2);
  CHECK(r.message == "interrupted after epoch 2");
  CHECK(r.best_epoch >= 1);
}

TEST_CASE("the best epoch's weights are kept", "[train]") {
  for (const char* metric : {"", "rmse", "r2"}) {  // by the loss; lower is better; higher is better
    INFO(metric);
    Training t({.validation = 15});
    if (*metric) t.job.metrics = {metric, "mae"};
    t.job.epochs = 7;
    t.job.hypers["lr"] = parse_schedule("epoch < 4 ? 0.05 : -0.05");  // downhill, then up again
    Trace trace;
    trace.watch(t);
    Job::Snapshot best;
    t.job.best = &best;
    const TrialResult r = t.run();
    CHECK(r.best_epoch == 4);
    CHECK(best.values == trace.values.at(3));
    CHECK(best.values != trace.values.back());
  }
  Training none;
  Job::Snapshot best;
  none.job.best = &best;
  CHECK(none.run().best_epoch == 0);
  CHECK(best.values.empty());
}

TEST_CASE("only evaluated epochs can be the best, the first of equals is", "[train]") {
  Training t({.validation = 15});
  t.job.epochs = 7, t.job.evaluate_every = 3;
  t.job.hypers["lr"] = Schedule(0.0);
  CHECK(t.run().best_epoch == 3);
}

TEST_CASE("the best epoch keeps the states of a norm as well", "[train]") {
  Training t({.validation = 15, .norm = true});
  t.job.epochs = 4;
  t.job.hypers["lr"] = parse_schedule("epoch < 2 ? 0.05 : -0.2");
  Trace trace;
  trace.watch(t);
  Job::Snapshot best;
  t.job.best = &best;
  const TrialResult r = t.run();
  REQUIRE(r.best_epoch < 4);
  CHECK(best.state == trace.states.at(static_cast<std::size_t>(r.best_epoch) - 1));
  CHECK(best.state != trace.states.back());
}
