// What a row counts for: in losses, in accumulated gradients, in evaluations.
#include <algorithm>

#include "tests/support/catch.h"
#include "tests/support/errors.h"
#include "tests/train/allocations.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {
// Every third row weighs 0, the others 0.25 to 2.
void weigh(Training& t) {
  for (std::int64_t i = 0; i < t.data.rows; ++i) t.data.row_weights.push_back(i % 3 == 0 ? 0.0f : 0.25f * static_cast<float>(i % 8 + 1));
}
void ignore(Training& t) {
  for (std::size_t i = 0; i < t.data.target.i64.size(); ++i)
    if (i % 5 < 3 || i / 8 == 1) t.data.target.i64[i] = -1;
}
}  // namespace

TEST_CASE("accumulated batches of rows that do not all count are one big batch", "[train][counts]") {
  for (const bool classes : {false, true})
    for (const bool weighted : {false, true}) {
      if (!classes && !weighted) continue;
      INFO((classes ? "classes" : "values") << (weighted ? ", weighted" : ", ignored"));
      Training split({.rows = 37, .batch = 4, .accumulate = 2, .classes = classes, .weighted = weighted});
      Training whole({.rows = 37, .batch = 8, .classes = classes, .weighted = weighted});
      std::vector<Counts> counts;
      for (Training* t : {&split, &whole}) {
        if (weighted) weigh(*t);
        if (classes) ignore(*t);
        counts.emplace_back(t->data);
      }
      split.job.counts = &counts[0], whole.job.counts = &counts[1];
      const TrialResult a = split.run(), b = whole.run();
      REQUIRE(a.outcome == Outcome::done);
      for (std::size_t e = 0; e < 3; ++e) CHECK(a.epochs[e].loss == Approx(b.epochs[e].loss).epsilon(1e-6));
      CHECK(distance(split.weights(), whole.weights()) < 1e-6);
      CHECK(distance(whole.of("fc2.weight"), whole.start("fc2.weight")) > 1e-3);
    }
}

TEST_CASE("a weight of 2 is a row twice, of 0 none", "[train][counts]") {
  for (const bool classes : {false, true}) {
    Training weighted({.rows = 12, .validation = 6, .batch = 12, .classes = classes, .weighted = true});
    Training copied({.rows = 12, .validation = 6, .batch = 12, .classes = classes});
    for (std::int64_t i = 0; i < weighted.data.rows; ++i) weighted.data.row_weights.push_back(static_cast<float>((i + i / 12) % 3));
    Split rows;
    for (const auto& [from, to] : {std::pair(&weighted.split.train, &rows.train), {&weighted.split.validation, &rows.validation}})
      for (const std::int32_t row : *from) to->insert(to->end(), static_cast<std::size_t>(weighted.data.row_weights[static_cast<std::size_t>(row)]), row);
    copied.split = rows;
    const auto size = [](const auto& v) { return static_cast<std::int64_t>(v.size()); };
    copied.sizes.train_rows = size(rows.train), copied.sizes.validation_rows = size(rows.validation), copied.sizes.batch = size(rows.train);
    const Counts counts(weighted.data);
    weighted.job.counts = &counts;
    const TrialResult a = weighted.run(), b = copied.run();
    for (std::size_t e = 0; e < 3; ++e) {
      CHECK(a.epochs[e].loss == Approx(b.epochs[e].loss).epsilon(1e-6));
      CHECK(a.epochs[e].val_loss == Approx(b.epochs[e].val_loss).epsilon(1e-6));
    }
    CHECK(distance(weighted.weights(), copied.weights()) < 1e-6);
  }
}

TEST_CASE("an update without a row that counts changes nothing but the clock", "[train][counts]") {
  Training t({.rows = 24, .batch = 8, .classes = true});
  for (std::size_t i = 8; i < 24; ++i) t.data.target.i64[i] = -1;
  t.job.shuffle = false, t.job.epochs = 1, t.job.metrics = {"accuracy"};
  t.job.hypers["momentum"] = Schedule(0.9), t.job.hypers["weight_decay"] = Schedule(0.1);
  const Counts counts(t.data);
  t.job.counts = &counts;
  std::vector<std::vector<float>> after;
  t.hooks.on_step = [&](std::int64_t, double) { after.push_back(t.weights()); };
  const TrialResult r = t.run();
  REQUIRE(after.size() == 3);
  CHECK(after[0] == after[1]);
  CHECK(after[0] == after[2]);
  CHECK(r.epochs[0].step == 3);
  CHECK(std::isfinite(r.epochs[0].loss));
  CHECK(r.epochs[0].train[0].count == 8);
}

TEST_CASE("without a row that counts there is no validation loss, and no epoch is best", "[train][counts]") {
  Training t({.validation = 9, .classes = true});
  for (std::size_t i = 37; i < 46; ++i) t.data.target.i64[i] = -1;
  t.job.metrics = {"accuracy"};
  const Counts counts(t.data);
  t.job.counts = &counts;
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::done);
  CHECK(r.best_epoch == 0);
  for (const auto& epoch : r.epochs) {
    CHECK(std::isnan(epoch.val_loss));
    CHECK(std::isnan(epoch.val[0].value));
    CHECK(std::string(epoch.val[0].undefined) == "no row counts");
  }
}

TEST_CASE("what rows count for, and balanced weights", "[train][counts]") {
  Training t({.rows = 6, .classes = true});
  t.data.target.i64 = {0, 1, 1, -1, 2, 1}, t.data.row_weights = {1, 2, 0.5f, 9, 1, 1};
  const std::vector<float> classes = {1, 10, 100};
  const std::vector<std::int32_t> all = {0, 1, 2, 3, 4, 5};
  CHECK(Counts().sum(all) == 6);
  CHECK(Counts(t.data).sum(all) == 5.5);
  CHECK(Counts(t.data, classes).sum(all) == 1 + 20 + 5 + 100 + 10);
  const Counts by_loss(t.data, classes, true), fed(t.data, classes);
  CHECK(by_loss.sum(all) == 136);
  CHECK(by_loss.fed()[1] == 2);
  CHECK(fed.fed()[1] == 20);
  CHECK(fed.fed()[3] == 0);
  CHECK(balanced_weights(t.data, all) == std::vector<float>{5.0f / 3, 5.0f / 9, 5.0f / 3});  // compute_class_weight of scikit-learn on the five
  CHECK(error_of([&] { balanced_weights(t.data, std::span(all).first(3)); }).find("class 'c' has no training row") != std::string::npos);
}

TEST_CASE("metrics are in the unit of a scaled target", "[train][counts]") {
  Training plain({.validation = 9}), scaled({.validation = 9});
  for (Training* t : {&plain, &scaled}) t->job.metrics = {"rmse", "r2"}, t->job.epochs = 1, t->job.hypers["lr"] = Schedule(0);
  scaled.data.target_scaling = {{100}, {0.5}};  // y = t / 0.5 + 100
  const TrialResult a = plain.run(), b = scaled.run();
  CHECK(b.epochs[0].val[0].value == Approx(2 * a.epochs[0].val[0].value).epsilon(1e-4));
  CHECK(b.epochs[0].val[1].value == Approx(a.epochs[0].val[1].value).epsilon(1e-4));
  CHECK(b.epochs[0].val_loss == a.epochs[0].val_loss);
}

TEST_CASE("a weighted step allocates nothing", "[train][counts]") {
  Training t({.rows = 32, .batch = 8, .accumulate = 2, .weighted = true});
  weigh(t);
  const Counts counts(t.data);
  t.job.counts = &counts;
  long before = 0, counted = 0;
  t.hooks.on_step = [&](std::int64_t step, double) {
    if (step % 2 == 1) counted += allocations() - before;
    before = allocations();
  };
  REQUIRE(t.run().outcome == Outcome::done);
  CHECK(counted == 0);
}
