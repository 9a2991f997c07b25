// Quantities that follow a metric, change the batch size or the ratio of dropout while a network trains.
#include <algorithm>

#include "engine/train/batches.h"
#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

TEST_CASE("a plateau multiplies the schedule from the update after the cut", "[train]") {
  Training t({.validation = 9});
  t.job.epochs = 12, t.job.metrics = {"mae"};
  // Every epoch after the first is bad: nothing gains 10.
  t.job.hypers["lr"] = parse_controlled(
      "{product: [0.05 / (1 + 0.1 * epoch), {type: plateau, factor: 0.5, on: val_mae, mode: min, threshold: 10, threshold_mode: abs, patience: 3 epochs}]}");
  const TrialResult r = t.run();
  REQUIRE(r.epochs.size() == 12);
  double factor = 1;
  int cuts = 0;
  for (std::size_t e = 0; e < 12; ++e) {
    INFO("epoch " << e + 1);
    CHECK(r.epochs[e].lr_first == Approx(0.05 / (1 + 0.1 * static_cast<double>(e)) * factor).epsilon(1e-12));
    CHECK(r.epochs[e].lr_last == r.epochs[e].lr_first);
    const bool cut = e == 3 || e == 6 || e == 9;
    REQUIRE(r.epochs[e].events.size() == (cut ? 1 : 0));
    if (!cut) continue;
    const FollowEvent& event = r.epochs[e].events[0];
    factor /= 2, ++cuts;
    CHECK(event.step == r.epochs[e].step);
    CHECK(event.quantity == "lr");
    CHECK(event.metric == "val_mae");
    CHECK(event.value == r.epochs[e].val[0].value);
    CHECK(event.after == Approx(event.before / 2));
  }
  CHECK(cuts == 3);
}

TEST_CASE("groups that share a rate see one cut, another metric's rate none", "[train]") {
  Training t({.validation = 9});
  t.job.epochs = 4;
  t.job.hypers["lr"] = parse_controlled("{type: plateau, initial: 0.05, factor: 0.5, on: val_loss, threshold: 10, threshold_mode: abs, patience: 3 epochs}");
  t.job.rules = {{"fc1.*", {{"weight_decay", Schedule(0.1)}}, 1}};
  const TrialResult r = t.run();
  CHECK(r.epochs[3].events.size() == 1);
}

TEST_CASE("the training loss can be followed inside an epoch", "[train]") {
  Training t;  // 5 updates an epoch
  t.job.epochs = 2;
  t.job.hypers["lr"] =
      parse_controlled("{type: plateau, initial: 0.05, factor: 0.5, on: loss, threshold: 10, threshold_mode: abs, every: 2 steps, patience: 4 steps}");
  const TrialResult r = t.run();
  std::vector<std::int64_t> steps;
  for (const auto& epoch : r.epochs)
    for (const auto& event : epoch.events) steps.push_back(event.step);
  CHECK(steps == std::vector<std::int64_t>{6, 10});
  t.job.hypers["lr"] = parse_controlled("{type: plateau, initial: 0.05, on: val_loss, every: 2 steps, patience: 4 steps}");
  CHECK_THROWS_WITH(t.run(), contains("lr follows 'val_loss', which is not measured (measured: loss)"));
  Training v({.validation = 9});
  v.job.hypers["lr"] = t.job.hypers["lr"];
  CHECK_THROWS_WITH(v.run(), contains("val_loss is measured after an epoch of 5 updates: it cannot be looked at every 2 steps"));
}

TEST_CASE("the bold driver takes a step back", "[train]") {
  Training t;
  t.job.epochs = 6;
  const auto last_loss = [&](const char* lr) {
    t.job.hypers["lr"] = parse_controlled(lr);
    return t.run();
  };
  const TrialResult wild = last_loss("1.6"), tamed = last_loss("{type: bold_driver, initial: 1.6, on: loss}");
  std::vector<FollowEvent> back;
  for (const auto& e : tamed.epochs)
    for (const auto& event : e.events)
      if (event.restored == "previous") back.push_back(event);
  REQUIRE_FALSE(back.empty());
  CHECK(back[0].after == Approx(back[0].before / 2));
  CHECK(tamed.epochs.back().loss < wild.epochs.back().loss);
}

TEST_CASE("parameters go back to the best observation", "[train]") {
  Training t({.validation = 9});
  t.job.epochs = 5;
  // Uphill from the second epoch on; at the cut the parameters of epoch 1 must be back, and a rate of 0 keeps them.
  t.job.hypers["lr"] = parse_controlled(
      "{product: [\"epoch == 0 ? 0.05 : epoch < 4 ? -0.2 : 0\", {type: plateau, factor: 0.5, on: val_loss, patience: 3 epochs, restore_best: true}]}");
  const TrialResult r = t.run();
  REQUIRE(r.epochs[3].events.size() == 1);
  CHECK(r.epochs[3].events[0].restored == "best");
  CHECK(r.epochs[3].val_loss > r.epochs[0].val_loss);
  CHECK(r.epochs[4].val_loss == r.epochs[0].val_loss);
}

TEST_CASE("a growing batch keeps the clock of the rows", "[train]") {
  Training t({.rows = 40});
  t.job.epochs = 6;
  t.sizes.growth = PlanSizes::Growth{parse_schedule("{type: step, initial: 4, factor: 2, every: 2 epochs}"), 6};
  t.sizes.batch = 4;
  t.job.hypers["lr"] = parse_schedule("0.01 * (1 + t)");
  std::vector<std::int64_t> seen;
  const TrialResult r = t.run();
  const std::int64_t updates[] = {10, 10, 5, 5, 3, 3};
  std::int64_t step = 0;
  for (std::size_t e = 0; e < 6; ++e) {
    INFO("epoch " << e + 1);
    step += updates[e];
    CHECK(r.epochs[e].step == step);
    CHECK(r.epochs[e].samples == 40 * (static_cast<std::int64_t>(e) + 1));
    CHECK(r.epochs[e].lr_first == Approx(0.01 * (1 + static_cast<double>(e))).epsilon(1e-14));
  }
  CHECK(r.epochs[4].lr_last == Approx(0.01 * (1 + 4 + 32.0 / 40)).epsilon(1e-14));
  CHECK(Batches(t.sizes, 6).sizes() == std::vector<std::int64_t>{4, 8, 16});
  t.sizes.accumulate = 3;
  CHECK(Batches(t.sizes, 6).sizes() == std::vector<std::int64_t>{4, 8, 16});
  t.sizes.train_rows = 41;
  CHECK(Batches(t.sizes, 6).sizes() == std::vector<std::int64_t>{1, 4, 8, 9, 16});
}

TEST_CASE("a batch size that changes only in name changes nothing", "[train]") {
  Training fixed, scheduled;
  scheduled.sizes.growth = PlanSizes::Growth{parse_schedule("8 + 0.2 * progress"), 3};
  const TrialResult a = fixed.run(), b = scheduled.run();
  CHECK(a.epochs.back().loss == b.epochs.back().loss);
  CHECK(fixed.weights() == scheduled.weights());
}

TEST_CASE("too many sizes are refused before anything is compiled", "[train]") {
  PlanSizes sizes;
  sizes.batch = 1, sizes.train_rows = 1000;
  sizes.growth = PlanSizes::Growth{parse_schedule("1 + 500 * progress"), 400};
  CHECK_THROWS_WITH(Batches(sizes, 400).sizes(), contains("leads to more than 256 different numbers of rows"));
}

TEST_CASE("the ratio of dropout and the weight of the loss move", "[train]") {
  const auto run = [](const char* ratio, const char* weight) {
    Training t({.dropout = true});
    if (*ratio) t.job.quantities["dropout"] = parse_controlled(ratio);
    if (*weight) t.job.quantities["loss.weight"] = parse_controlled(weight);
    t.run();
    return t.weights();
  };
  const auto own = run("", "");
  CHECK(run("0.4", "") == own);  // the node's own ratio
  CHECK(run("0", "") != own);
  CHECK(run("0.1 * epoch", "") != run("0", ""));
  CHECK(run("", "1") == own);
  Training still({.dropout = true});
  still.job.quantities["loss.weight"] = Schedule(0.0);
  const TrialResult r = still.run();
  CHECK(still.of("fc2.weight") == still.start("fc2.weight"));
  CHECK(r.epochs.back().loss > 0);  // shown without its weight
}
