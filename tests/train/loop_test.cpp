#include <algorithm>

#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

TEST_CASE("accumulated batches are one big batch", "[train]") {
  struct Row { std::int64_t rows, batch, accumulate; };
  for (const Row row : {Row{36, 4, 3}, {40, 4, 3}, {37, 5, 3}, {37, 4, 5}, {10, 3, 8}})
    for (const bool classes : {false, true}) {
      INFO(row.rows << " rows, " << row.accumulate << " batches of " << row.batch << (classes ? ", classes" : ""));
      Training split({.rows = row.rows, .batch = row.batch, .accumulate = row.accumulate, .classes = classes});
      Training whole({.rows = row.rows, .batch = row.batch * row.accumulate, .classes = classes});
      for (Training* t : {&split, &whole}) t->job.quantities["clip.norm"] = Schedule(0.5), t->job.seed = 5;
      const TrialResult a = split.run(), b = whole.run();
      REQUIRE(a.epochs.size() == 3);
      for (std::size_t e = 0; e < 3; ++e) {
        CHECK(a.epochs[e].step == b.epochs[e].step);
        CHECK(a.epochs[e].samples == b.epochs[e].samples);
        CHECK(a.epochs[e].loss == Approx(b.epochs[e].loss).epsilon(1e-6));
        CHECK(a.epochs[e].grad_norm == Approx(b.epochs[e].grad_norm).epsilon(1e-5));
      }
      CHECK(distance(split.weights(), whole.weights()) < 1e-6);
      CHECK(distance(whole.of("fc2.weight"), whole.start("fc2.weight")) > 1e-3);
    }
}

TEST_CASE("updates and rows of an epoch", "[train]") {
  struct Row { std::int64_t batch, accumulate; bool keep; std::int64_t steps, samples; };
  for (const Row row : {Row{8, 1, true, 5, 37},
                        {8, 1, false, 4, 32},
                        {8, 3, true, 2, 37},
                        {8, 3, false, 2, 32},
                        {8, 4, false, 1, 32},
                        {8, 10, true, 1, 37},
                        {100, 1, true, 1, 37},
                        {100, 1, false, 1, 37},
                        {37, 1, false, 1, 37},
                        {1, 1, true, 37, 37}}) {
    INFO("batch " << row.batch << " x " << row.accumulate << (row.keep ? " keep" : " drop"));
    Training t({.batch = row.batch, .accumulate = row.accumulate, .keep_last = row.keep});
    std::vector<std::int64_t> heard;
    t.hooks.on_step = [&](std::int64_t step, double) { heard.push_back(step); };
    const TrialResult r = t.run();
    for (std::size_t e = 0; e < 3; ++e) {
      const auto n = static_cast<std::int64_t>(e) + 1;
      CHECK(r.epochs[e].epoch == n);
      CHECK(r.epochs[e].step == n * row.steps);
      CHECK(r.epochs[e].samples == n * row.samples);
    }
    REQUIRE(heard.size() == static_cast<std::size_t>(3 * row.steps));
    for (std::size_t i = 0; i < heard.size(); ++i) CHECK(heard[i] == static_cast<std::int64_t>(i));
    const Clock clock = run_clock(t.sizes, 3);
    CHECK(clock.steps_per_epoch == row.steps);
    CHECK(clock.steps == 3 * row.steps);
    CHECK(clock.samples_per_epoch == row.samples);
  }
}

TEST_CASE("dropped rows teach nothing, kept ones do", "[train]") {
  for (const bool keep : {false, true}) {
    INFO(keep);
    const auto weights = [&](float last) {
      Training t({.keep_last = keep});
      t.job.shuffle = false;
      t.data.target.f32[36] = last;
      t.run();
      return t.weights();
    };
    CHECK((weights(0) == weights(5)) == !keep);
  }
}

TEST_CASE("evaluation each so many epochs, and at the end", "[train]") {
  for (const std::int64_t every : {1, 3, 100}) {
    Training t({.validation = 9});
    t.job.epochs = 7, t.job.evaluate_every = every, t.job.metrics = {"rmse", "mae"};
    const TrialResult r = t.run();
    REQUIRE(r.epochs.size() == 7);
    for (const EpochRecord& e : r.epochs) {
      INFO("every " << every << ", epoch " << e.epoch);
      CHECK(e.evaluated == (e.epoch % every == 0 || e.epoch == 7));
      CHECK(e.val.size() == (e.evaluated ? 2u : 0u));
      CHECK(e.train.size() == 2);
      CHECK((e.val_loss > 0) == e.evaluated);
      if (e.evaluated) CHECK(e.val[0].value * e.val[0].value == Approx(e.val_loss).epsilon(1e-5));
    }
  }
  Training none;
  CHECK_FALSE(none.run().epochs.back().evaluated);
}

TEST_CASE("a record holds what happened", "[train]") {
  Training t({.validation = 11});
  t.job.metrics = {"rmse"};
  t.job.hypers["lr"] = parse_schedule("0.1 * 0.9 ^ step");
  std::vector<double> losses;
  t.hooks.on_step = [&](std::int64_t, double loss) { losses.push_back(loss); };
  std::int64_t told = 0;
  t.hooks.on_epoch = [&](const EpochRecord& e) { told += e.epoch; };
  const TrialResult r = t.run();
  CHECK(told == 1 + 2 + 3);
  CHECK(r.outcome == Outcome::done);
  CHECK(r.message.empty());
  CHECK(r.metrics == std::vector<std::string>{"rmse"});
  const double rows[] = {8, 8, 8, 8, 5};
  for (std::size_t e = 0; e < 3; ++e) {
    const EpochRecord& record = r.epochs[e];
    CHECK(record.lr_first == Approx(0.1 * std::pow(0.9, 5 * static_cast<double>(e))));
    CHECK(record.lr_last == Approx(0.1 * std::pow(0.9, 5 * static_cast<double>(e) + 4)));
    double mean = 0;
    for (std::size_t i = 0; i < 5; ++i) mean += losses[5 * e + i] * rows[i] / 37;
    CHECK(record.loss == Approx(mean).epsilon(1e-12));
    CHECK(record.train[0].value * record.train[0].value == Approx(mean).epsilon(1e-5));  // rmse of the scores before each update
    CHECK(record.train[0].count == 37);
    CHECK(record.val[0].count == 11);
    CHECK(record.val[0].uncertainty > 0);
    CHECK(record.grad_norm == 0);
    CHECK(record.seconds >= (e > 0 ? r.epochs[e - 1].seconds : 0));
  }
  CHECK(r.seconds >= r.epochs.back().seconds);
  CHECK(r.epochs.back().val_loss < r.epochs.front().val_loss);
}

TEST_CASE("training and validation are measured the same way", "[train]") {
  for (const bool classes : {false, true}) {
    Training t({.rows = 700, .classes = classes});
    t.split.validation = t.split.train;  // evaluated in batches of 512 and 188
    t.sizes.validation_rows = 700;
    t.job.hypers["lr"] = Schedule(0.0);
    t.job.metrics = {classes ? "accuracy" : "mae"};
    t.split.test.assign(t.split.train.begin(), t.split.train.begin() + 600);
    t.sizes.test_rows = 600;
    t.job.epochs = 1;
    const TrialResult r = t.run();
    const EpochRecord& e = r.epochs.front();
    CHECK(e.val_loss == Approx(e.loss).epsilon(1e-6));
    CHECK(e.val[0].value == Approx(e.train[0].value).epsilon(1e-6));
    CHECK(e.val[0].count == 700);
    CHECK(r.test_rows == 600);
    CHECK(r.test[0].count == 600);
    CHECK(r.test_loss == Approx(e.loss).epsilon(0.1));
    CHECK(r.test_loss != e.val_loss);
  }
}

TEST_CASE("a schedule counts updates, also where batches are accumulated", "[train]") {
  Training t({.batch = 4, .accumulate = 3});  // 10 batches, 4 updates an epoch
  t.job.hypers["lr"] = parse_schedule("0.001 * step");
  const TrialResult steps = t.run();
  for (std::size_t e = 0; e < 3; ++e) {
    CHECK(steps.epochs[e].lr_first == Approx(0.004 * static_cast<double>(e)).margin(1e-12));
    CHECK(steps.epochs[e].lr_last == Approx(0.004 * static_cast<double>(e) + 0.003));
  }
  t.job.hypers["lr"] = parse_schedule("0.1 / (1 + epoch)");
  CHECK(t.run().epochs[2].lr_first == Approx(0.1 / 3));
  t.job.hypers["lr"] = parse_schedule("0.1 * progress");
  CHECK(t.run().epochs[2].lr_last == Approx(0.1 * 11 / 12));
}

TEST_CASE("clipping bounds the update", "[train]") {
  Training t({.batch = 37});
  t.job.epochs = 1;
  t.job.hypers["lr"] = Schedule(1.0);
  const auto change = [&] {
    t.run();
    std::vector<double> out;
    for (const char* name : {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"}) {
      const auto after = t.of(name), before = t.start(name);
      for (std::size_t i = 0; i < after.size(); ++i) out.push_back(double{after[i]} - double{before[i]});
    }
    return out;
  };
  const auto norm = [](const std::vector<double>& v) {
    double sum = 0;
    for (const double x : v) sum += x * x;
    return std::sqrt(sum);
  };
  const auto free = change();
  CHECK(norm(free) > 0.1);
  t.job.quantities["clip.norm"] = Schedule(0.01);
  const auto clipped = change();
  CHECK(norm(clipped) == Approx(0.01).epsilon(1e-4));
  for (std::size_t i = 0; i < free.size(); ++i) CHECK(clipped[i] == Approx(free[i] * 0.01 / norm(free)).margin(1e-6));  // one factor for all
  CHECK(t.run().epochs[0].grad_norm == Approx(norm(free)).epsilon(1e-4));
  t.job.quantities["clip.norm"] = Schedule(1e6);
  CHECK(change() == free);
  t.job.quantities.erase("clip.norm");
  t.job.quantities["clip.value"] = Schedule(0.02);
  const auto cut = change();
  for (std::size_t i = 0; i < free.size(); ++i) CHECK(cut[i] == Approx(std::clamp(free[i], -0.02, 0.02)).margin(1e-6));
  t.job.quantities["clip.norm"] = Schedule(0.01);  // value first, then norm
  CHECK(norm(change()) == Approx(0.01).epsilon(1e-4));
  CHECK(t.run().epochs[0].grad_norm == Approx(norm(cut)).epsilon(1e-4));
}

TEST_CASE("a trial is the same each time, on a fresh bench and on a used one", "[train]") {
  for (const bool dropout : {false, true})
    for (const bool norm : {false, true}) {
      INFO("dropout " << dropout << ", norm " << norm);
      const Shape4 shape{.validation = 9, .dropout = dropout, .norm = norm};
      Training a(shape), b(shape);
      a.job.seed = b.job.seed = 11;
      b.job.seed = 12;
      const TrialResult other = b.run();
      const auto different = b.weights();
      b.job.seed = 11;
      const TrialResult x = a.run(), y = b.run();
      CHECK(a.weights() == b.weights());
      CHECK(a.weights() != different);
      for (std::size_t e = 0; e < 3; ++e) {
        CHECK(x.epochs[e].loss == y.epochs[e].loss);
        CHECK(x.epochs[e].val_loss == y.epochs[e].val_loss);
      }
      CHECK(other.epochs[0].loss != x.epochs[0].loss);
    }
}

TEST_CASE("dropout is drawn from the seed of the trial, anew for each batch", "[train]") {
  Training t({.dropout = true});
  t.job.shuffle = false;
  t.run();
  const auto first = t.weights();
  t.job.seed = 1;
  t.run();
  CHECK(t.weights() != first);
  t.job.hypers["lr"] = Schedule(0.0);  // the same rows and weights: what differs between epochs is dropout
  const TrialResult r = t.run();
  CHECK(r.epochs[0].loss != r.epochs[1].loss);
}

TEST_CASE("the order of the rows", "[train]") {
  Training t;
  t.job.shuffle = false;
  t.run();
  const auto straight = t.weights();
  t.job.shuffle = true;
  t.run();
  CHECK(t.weights() != straight);
  t.job.order = [](std::int64_t, std::span<std::int32_t> order) {
    for (std::size_t i = 0; i < order.size(); ++i) order[i] = static_cast<std::int32_t>(i);
  };
  t.run();
  CHECK(t.weights() == straight);
}

TEST_CASE("sizes that make no batch are refused", "[train]") {
  struct Row { std::int64_t batch, rows, accumulate; };
  for (const Row row : {Row{0, 37, 1}, {-3, 37, 1}, {8, 0, 1}, {8, 37, 0}}) {
    Training t;
    t.sizes.batch = row.batch, t.sizes.train_rows = row.rows, t.sizes.accumulate = row.accumulate;
    const std::string error = error_of([&] { t.run(); });
    INFO(error);
    CHECK(says(error, "at least 1"));
  }
}
