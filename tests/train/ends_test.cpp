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
    t.hooks.on_epoch = [this, &t](const EpochRecord&) {
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

namespace {
// One update of all rows at once whose weights are finite, but far too large: the squares of the next scores overflow.
struct Overflow : Training {
  explicit Overflow(Shape4 shape = {}) : Training([&] { return shape.batch = 37, shape; }()) {
    job.epochs = 1;
    job.hypers["lr"] = Schedule(1e25);
  }
  void check(const char* says_what, const TrialResult& r) const {
    INFO(r.message);
    CHECK(r.outcome == Outcome::diverged);
    CHECK(says(r.message, cat(says_what, " inf after step 0 (epoch 1, lr 1e+25): the first tensor that is not finite is '")));
    CHECK(r.epochs.empty());
    CHECK(r.best_epoch == 0);
    for (const char* name : {"fc1.weight", "fc2.bias"}) CHECK(of(name) == start(name));
  }
};
}  // namespace

TEST_CASE("what the last update broke is found by whatever is evaluated after it", "[train]") {
  Overflow validation({.validation = 9});
  validation.job.metrics = {"mae"};
  validation.check("validation loss", validation.run());

  Overflow test({.validation = 9});
  test.split.test.swap(test.split.validation);
  std::swap(test.sizes.test_rows, test.sizes.validation_rows);
  test.check("test loss", test.run());

  Training late({.validation = 9});  // only the test rows are too large
  late.split.test = {36}, late.sizes.test_rows = 1;
  late.split.train.pop_back(), late.sizes.train_rows = 36;
  for (int k = 0; k < 4; ++k) late.data.features[0].f32[4 * 36 + static_cast<std::size_t>(k)] = 1e30f;
  late.data.target.f32[36] = 1e30f;
  const TrialResult r = late.run();
  CHECK(r.outcome == Outcome::diverged);
  CHECK(says(r.message, "test loss inf after step"));
  CHECK(r.epochs.size() == 3);
  CHECK(r.best_epoch >= 1);
  CHECK(late.of("fc1.weight") != late.start("fc1.weight"));

  Overflow neither;  // the next loss would not have been finite
  neither.check("loss of the last batch", neither.run());

  Overflow unevaluated({.validation = 9, .norm = true});
  unevaluated.sizes.validation_rows = 0, unevaluated.split.validation.clear();
  unevaluated.check("loss of the last batch", unevaluated.run());
  const Weights fresh(unevaluated.model.graph);
  CHECK(std::ranges::equal(state(unevaluated), fresh.state()));
}

TEST_CASE("an average that is not finite is no result either", "[train]") {
  for (const std::int64_t validation : {9, 0}) {
    Overflow t({.validation = validation});
    t.job.average = AverageRule{"swa", {}, {}};
    t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes);
    const std::vector<float> start = t.weights();
    t.hooks.on_step = [&](std::int64_t, double) { std::ranges::copy(start, t.bench->weights().values().begin()); };  // the average keeps what it has seen
    t.check(validation > 0 ? "validation loss of the averaged weights" : "the averaged weights' loss of the last batch", t.run());
  }
}

TEST_CASE("running statistics that overflow are found though the loss is finite", "[train]") {
  Training t({.validation = 9, .norm = true});
  t.job.epochs = 1;
  for (float& x : t.data.features[0].f32) x *= 1e25f;  // the batch's variance is 1e50 in double, and infinite as a float
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::diverged);
  CHECK(says(r.message, "statistics of a norm are not finite after step 4"));
}

TEST_CASE("a score that is not finite is found though its row does not count in the loss", "[train]") {
  Training t({.validation = 9, .classes = true});
  Net net;
  const ValueId y = net.node("Gemm", {net.rows("x", 4), net.parameter("w", {4, 3}, ramp({4, 3}, 1, 0.5f))}, "y");
  net.graph.outputs = {y};
  LossSpec loss;
  loss.kind = LossKind::cross_entropy, loss.ignore_index = 2;
  const Attached attached = attach_losses(net.graph, {loss});
  t.model = {std::move(net.graph), attached.loss, attached.heads.front().value, true, "target"};
  t.job.metrics = {"accuracy"};
  CHECK(t.run().outcome == Outcome::done);
  t.data.features[0].f32[4 * 40] = 3e38f, t.data.target.i64[40] = 2;
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::diverged);
  CHECK(says(r.message, "from scores that are not finite"));
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

TEST_CASE("a flag ends the trial after the update, or the epoch", "[train]") {
  Training t({.validation = 9});
  bool stop = false;
  t.hooks.stop = [&] { return stop; };
  t.job.epochs = 9;
  t.hooks.on_epoch = [&](const EpochRecord& e) { stop = e.epoch == 2; };
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::interrupted);
  CHECK(r.epochs.size() == 2);
  CHECK(r.message == "interrupted after epoch 2");
  CHECK(r.best_epoch >= 1);
  stop = false;
  t.hooks.on_epoch = {};
  t.hooks.on_step = [&](std::int64_t step, double) { stop = step == 6; };
  CHECK(t.run().message == "interrupted in epoch 2 after step 7");
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
    t.hooks.keeps = t.job.keep_best = true;
    const TrialResult r = t.run();
    CHECK(r.best_epoch == 4);
    CHECK(r.best_val_loss == r.epochs[3].val_loss);
    CHECK(t.read(t.hooks.saved.best) == trace.values.at(3));
    CHECK(t.read(t.hooks.saved.best) != trace.values.back());
  }
  Training none;
  none.hooks.keeps = none.job.keep_best = true;
  CHECK(none.run().best_epoch == 0);
  CHECK(none.hooks.saved.best.empty());
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
  t.hooks.keeps = t.job.keep_best = true;
  const TrialResult r = t.run();
  REQUIRE(r.best_epoch < 4);
  CHECK(t.read(t.hooks.saved.best, true) == trace.states.at(static_cast<std::size_t>(r.best_epoch) - 1));
  CHECK(t.read(t.hooks.saved.best, true) != trace.states.back());
}
