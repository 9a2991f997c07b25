// Averages of the weights, and evaluation at weights that are not the trained ones.
#include "engine/optim/optimizer.h"
#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

TEST_CASE("an average that keeps nothing is the weights", "[train]") {
  Training t({.validation = 9});
  t.job.metrics = {"mae"};
  t.job.average = AverageRule{"ema", {}, {{"decay", 0}}};
  t.hooks.keeps = true;
  const TrialResult r = t.run();
  for (const auto& e : r.epochs) {
    CHECK(e.average_loss == e.val_loss);
    REQUIRE(e.average.size() == 1);
    CHECK(e.average[0].value == e.val[0].value);
  }
  CHECK(t.read(t.hooks.saved.average) == t.weights());
}

TEST_CASE("an average leaves the training alone and has an evaluation of its own", "[train]") {
  Training plain({.validation = 9, .norm = true}), with({.validation = 9, .norm = true});
  with.job.average = AverageRule{"ema", {}, {{"decay", 0.9}}};
  with.hooks.keeps = true;
  const TrialResult a = plain.run(), b = with.run();
  CHECK(plain.weights() == with.weights());
  CHECK(a.epochs.back().val_loss == b.epochs.back().val_loss);
  CHECK_FALSE(a.epochs.back().average_loss.has_value());
  REQUIRE(b.epochs.back().average_loss.has_value());
  CHECK(*b.epochs.back().average_loss != b.epochs.back().val_loss);
  CHECK(with.read(with.hooks.saved.average) != with.weights());
}

TEST_CASE("the mean over the last updates starts when told", "[train]") {
  Training t;  // 5 updates an epoch
  t.job.epochs = 2;
  t.job.average = AverageRule{"swa", {}, {{"start", 9}}};
  t.hooks.keeps = true;
  std::vector<std::vector<float>> after;
  t.bench = std::make_unique<Workbench>(t.model, standard_ops(), t.sizes);
  t.hooks.on_step = [&](std::int64_t step, double) {
    if (step >= 8) after.push_back(t.weights());
  };
  const TrialResult r = t.run();
  REQUIRE(after.size() == 2);
  std::vector<float> mean(after[0].size());
  for (std::size_t i = 0; i < mean.size(); ++i) mean[i] = (after[0][i] + after[1][i]) / 2;
  CHECK(distance(t.read(t.hooks.saved.average), mean) < 1e-7);
  CHECK(r.epochs.size() == 2);
}

TEST_CASE("an average may overwrite the weights", "[train]") {
  Training t;
  t.job.epochs = 1;
  t.job.average = AverageRule{"ema", {}, {{"decay", 0.9}, {"overwrite_every", 5}}};
  t.hooks.keeps = true;
  t.run();
  CHECK(t.read(t.hooks.saved.average) == t.weights());
}

TEST_CASE("statistics of other weights are taken from the training rows", "[train]") {
  // One batch holds all rows, the validation rows are the training rows and the rate is 0: the training loss uses the statistics of all
  // rows, and so must the evaluation of the average, whatever the running ones have come to.
  Training t({.rows = 24, .batch = 24, .norm = true});
  t.split.validation = t.split.train;
  t.sizes.validation_rows = 24;
  t.job.hypers["lr"] = Schedule(0.0);
  t.job.average = AverageRule{"ema", {}, {}};
  const TrialResult r = t.run();
  CHECK(*r.epochs.back().average_loss == Approx(r.epochs.back().loss).epsilon(1e-5));
  CHECK(std::fabs(r.epochs.back().val_loss - r.epochs.back().loss) > 1e-3);
}

TEST_CASE("Schedule-Free is evaluated and exported at its mean, and goes on from what it trains", "[train]") {
  Training t({.validation = 9});
  t.optimizer = standard_optimizers().find("schedule_free_sgd").make({});
  t.job.optimizer = t.optimizer.get();
  t.hooks.keeps = t.job.keep_best = true;
  const TrialResult r = t.run();
  const auto last = t.read(t.hooks.saved.point);
  CHECK(last.size() == t.weights().size());
  CHECK(distance(last, t.weights()) > 1e-4);
  REQUIRE(r.best_epoch == 3);
  CHECK(t.read(t.hooks.saved.best) == last);
  // The validation loss is that of the exported weights.
  Training again({.validation = 9});
  again.job.hypers["lr"] = Schedule(0.0), again.job.epochs = 1;
  again.bench = std::make_unique<Workbench>(again.model, standard_ops(), again.sizes);
  std::ranges::copy(last, again.bench->weights().values().begin());
  CHECK(train(*again.bench, again.job).epochs[0].val_loss == Approx(r.epochs.back().val_loss).epsilon(1e-6));
}

TEST_CASE("the state of a trial holds its average and what follows a metric", "[train]") {
  Training t({.validation = 9});
  t.job.hypers["lr"] = parse_controlled("{type: plateau, initial: 0.05, factor: 0.5, on: val_loss, threshold: 10, threshold_mode: abs, patience: 1 epoch}");
  t.job.average = AverageRule{"ema", {}, {{"decay", 0.5}}};
  t.hooks.keeps = true;
  t.run();
  const TrialState back = read_safetensors(t.hooks.saved.state, t.bench->weights());
  const auto averaged = t.read(t.hooks.saved.average);
  CHECK(back.counters.at("averages") == 15);
  auto feedback =
      parse_controlled("{type: plateau, initial: 0.05, factor: 0.5, on: val_loss, threshold: 10, threshold_mode: abs, patience: 1 epoch}").feedback()[0];
  feedback.load(back.notes.at("follow.lr.0"));
  CHECK(feedback.factor() == 0.25);
  bool found = false;
  for (const auto& slot : back.slots)
    if (slot.name == "average.fc2.weight") {
      found = true;
      for (const Parameter& p : t.bench->weights().parameters())
        if (p.name == "fc2.weight") CHECK(std::equal(slot.values.begin(), slot.values.end(), averaged.begin() + static_cast<std::ptrdiff_t>(p.offset)));
    }
  CHECK(found);
}
