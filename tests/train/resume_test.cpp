// Train N = train k, save, restore N - k: the same bits, at whatever update it was stopped.
#include <cstring>
#include <functional>

#include "engine/train/progress.h"
#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {
struct Kind {
  const char* name;
  Shape4 shape = {};
  std::string optimizer = "sgd";
  void (*change)(Training&) = [](Training&) {};
};

const Kind kinds[] = {
    {"plain", {.validation = 9}},
    {"nothing to evaluate", {}},
    {"a norm, dropout and a short last batch", {.validation = 9, .dropout = true, .norm = true}},
    {"a diverging end", {.validation = 9, .norm = true}, "sgd", [](Training& t) { t.job.hypers["lr"] = parse_schedule("0.05 + 1e30 * (step >= 13)"); }},
    {"classes and every kind of accumulator", {.validation = 15, .classes = true}, "adam",
     [](Training& t) { t.job.metrics = {"auc", "accuracy", "f1_macro", "log_loss", "ece", "confusion", "mcc"}; }},
    {"numbers and every kind of accumulator", {.validation = 15}, "adam",
     [](Training& t) { t.job.metrics = {"rmse", "mae", "r2", "explained_variance", "mape"}; }},
    {"accumulation", {.rows = 41, .validation = 9, .batch = 4, .accumulate = 3}, "adamw"},
    {"an average with statistics", {.validation = 9, .norm = true}, "sgd", [](Training& t) { t.job.average = AverageRule{"ema", {}, {{"decay", 0.8}}}; }},
    {"a mean that overwrites", {.validation = 9}, "sgd", [](Training& t) { t.job.average = AverageRule{"swa", {}, {{"start", 3}, {"overwrite_every", 4}}}; }},
    {"Schedule-Free", {.validation = 9}, "schedule_free_adamw"},
    {"scalars of groups", {.validation = 9}, "prodigy"},
    {"a plateau", {.validation = 9}, "sgd",
     [](Training& t) {
       t.job.hypers["lr"] = parse_controlled("{type: plateau, initial: 0.05, factor: 0.5, on: val_loss, threshold: 10, threshold_mode: abs, patience: 1 epoch}");
     }},
    {"a plateau that looks every few updates", {.validation = 9}, "sgd",
     [](Training& t) { t.job.hypers["lr"] = parse_controlled("{type: plateau, initial: 0.05, factor: 0.5, on: loss, every: 3 steps, patience: 3 steps, threshold: 10, threshold_mode: abs}"); }},
    {"a bold driver that goes back", {.validation = 9}, "sgd",
     [](Training& t) { t.job.hypers["lr"] = parse_controlled("{type: bold_driver, initial: 0.9, on: loss, rollback: true}"); }},
    {"a growing batch", {.rows = 60, .validation = 9}, "sgd",
     [](Training& t) { t.sizes.growth = PlanSizes::Growth{parse_schedule("epoch < 1 ? 8 : 20"), 3}; }},
    {"a stop that restores", {.validation = 9, .norm = true}, "adam",
     [](Training& t) { t.job.epochs = 8, t.job.early_stop = EarlyStop{.min_delta = 0.05}; t.job.average = AverageRule{"ema", {}, {{"decay", 0.8}}}; }},
    {"a stop that does not", {.validation = 9}, "sgd",
     [](Training& t) { t.job.epochs = 8, t.job.early_stop = EarlyStop{.on = "loss", .patience = 2, .min_delta = 0.05, .restore = EarlyStop::Restore::none}; }},
    {"all epochs and the best weights", {.validation = 9}, "schedule_free_adamw",
     [](Training& t) { t.job.early_stop = EarlyStop{.higher = true, .patience = 9}; }},
    {"an end within an epoch", {.validation = 9}, "sgd", [](Training& t) { t.job.max_steps = 12; }},
    {"updates left out", {.validation = 9, .norm = true}, "adam",
     [](Training& t) { t.job.divergence.skip = true, t.job.hypers["lr"] = parse_schedule("0.05 + 1e40 * (step == 3) + 1e40 * (step == 11)"); }},
    {"retries", {.validation = 9, .norm = true}, "adam",
     [](Training& t) {
       t.job.divergence = {.times = 9, .lr_scale = 1e-3}, t.job.hypers["lr"] = parse_schedule("0.05 + 1e38 * (step == 8)");
       t.job.average = AverageRule{"ema", {}, {{"decay", 0.8}}};
     }},
    {"retries and a bold driver", {.validation = 9}, "sgd",
     [](Training& t) {
       t.job.divergence = {.times = 2, .lr_scale = 1e-20}, t.job.hypers["weight_decay"] = parse_schedule("1e25 * (step == 8)");
       t.job.hypers["lr"] = parse_controlled("{type: bold_driver, initial: 0.9, on: loss, rollback: true}");
     }},
};

std::unique_ptr<Training> training(const Kind& kind) {
  auto t = std::make_unique<Training>(kind.shape);
  t->optimizer = standard_optimizers().find(kind.optimizer).make({});
  t->job.optimizer = t->optimizer.get();
  if (kind.optimizer == "sgd") t->job.hypers["momentum"] = Schedule(0.8);
  kind.change(*t);
  t->hooks.keeps = t->job.keep_best = t->job.keep_predictions = true;
  return t;
}

bool same(double a, double b) { return std::memcmp(&a, &b, sizeof a) == 0; }

void check_same(const std::vector<Measured>& a, const std::vector<Measured>& b) {
  REQUIRE(a.size() == b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    CHECK((same(a[i].value, b[i].value) && (same(a[i].uncertainty, b[i].uncertainty) || std::isnan(a[i].uncertainty)) && a[i].count == b[i].count));
}

void check_same(const EpochRecord& a, const EpochRecord& b) {
  CHECK((a.epoch == b.epoch && a.step == b.step && a.samples == b.samples));
  CHECK((same(a.lr_first, b.lr_first) && same(a.lr_last, b.lr_last) && same(a.loss, b.loss) && same(a.val_loss, b.val_loss)));
  CHECK(a.average_loss == b.average_loss);
  check_same(a.train, b.train), check_same(a.val, b.val), check_same(a.average, b.average);
  REQUIRE(a.events.size() == b.events.size());
  for (std::size_t i = 0; i < a.events.size(); ++i) CHECK((a.events[i].step == b.events[i].step && same(a.events[i].after, b.events[i].after)));
}
}  // namespace

TEST_CASE("a training that goes on from its state gives the same bits", "[train][resume]") {
  for (const Kind& kind : kinds) {
    INFO(kind.name);
    const auto whole = training(kind);
    std::vector<EpochRecord> told, epochs;
    whole->hooks.on_epoch = [&](const EpochRecord& r) { told.push_back(r); };
    const TrialResult expected = whole->run();
    const Saved& end = whole->hooks.saved;
    const auto state_at_end = end.state.empty() ? std::string() : end.state.substr(0, 0);
    std::int64_t updates = 0;
    for (std::int64_t stop_at = 1;; ++stop_at) {
      INFO("stopped after update " << stop_at);
      const auto first = training(kind);
      first->hooks.stop = [&] { return updates >= stop_at; };
      updates = 0;
      epochs.clear();
      first->hooks.on_epoch = [&](const EpochRecord& r) { epochs.push_back(r); };
      first->hooks.on_step = [&](std::int64_t step, double) { updates = step + 1; };
      const TrialResult stopped = first->run();
      if (stopped.outcome != Outcome::interrupted) break;
      REQUIRE_FALSE(first->hooks.saved.finished);
      CHECK(first->hooks.saved.step == stop_at);

      const auto rest = training(kind);
      rest->job.from = &first->hooks.saved;
      rest->hooks.on_epoch = first->hooks.on_epoch;
      const TrialResult got = rest->run();
      CHECK(got.outcome == expected.outcome);
      CHECK(got.message == expected.message);
      CHECK(got.notes == expected.notes);
      CHECK(got.best_epoch == expected.best_epoch);
      CHECK(rest->weights() == whole->weights());
      CHECK(std::ranges::equal(rest->bench->weights().state(), whole->bench->weights().state()));
      CHECK(rest->hooks.saved.best == end.best);
      CHECK(rest->hooks.saved.point == end.point);
      CHECK(rest->hooks.saved.average == end.average);
      REQUIRE(got.predictions.size() == expected.predictions.size());
      for (std::size_t i = 0; i < got.predictions.size(); ++i) CHECK(got.predictions[i].values == expected.predictions[i].values);
      REQUIRE(epochs.size() == told.size());
      for (std::size_t i = 0; i < epochs.size(); ++i) check_same(epochs[i], told[i]);
      REQUIRE(got.epochs.empty() == expected.epochs.empty());
      if (!got.epochs.empty()) check_same(got.epochs.back(), expected.epochs.back());
    }
    CHECK(updates >= 10);
  }
}

TEST_CASE("a training stopped within an evaluation evaluates again", "[train][resume]") {
  for (const Kind& kind : kinds) {
    if (kind.shape.validation == 0) continue;
    INFO(kind.name);
    const auto whole = training(kind), first = training(kind), rest = training(kind);
    const TrialResult expected = whole->run();
    std::int64_t asked = 0;
    first->hooks.on_step = [&](std::int64_t step, double) { asked = step == 4 ? 0 : -1000; };  // the last update of the first epoch: the next question is the evaluation's
    first->hooks.stop = [&] { return asked++ == 0; };
    const TrialResult stopped = first->run();
    if (stopped.outcome != Outcome::interrupted) continue;
    CHECK(stopped.predictions.empty());
    rest->job.from = &first->hooks.saved;
    rest->run();
    CHECK(rest->weights() == whole->weights());
    CHECK(rest->hooks.saved.best == whole->hooks.saved.best);
  }
}

TEST_CASE("a finished training goes on for more epochs as one that was longer from the start", "[train][resume]") {
  Training whole({.validation = 9}), first({.validation = 9}), rest({.validation = 9});
  for (Training* t : {&whole, &first, &rest}) t->hooks.keeps = t->job.keep_best = true, t->job.epochs = 7;
  first.job.epochs = 4;
  whole.run(), first.run();
  CHECK(first.hooks.saved.finished);
  rest.job.from = &first.hooks.saved;
  const TrialResult r = rest.run();
  CHECK(r.epochs.front().epoch == 4);
  CHECK(r.epochs.back().epoch == 7);
  CHECK(rest.weights() == whole.weights());
}

TEST_CASE("no damaged state is taken, and none crashes", "[train][resume]") {
  const auto t = training(kinds[11]);
  std::int64_t updates = 0;
  t->hooks.on_step = [&](std::int64_t step, double) { updates = step + 1; };
  t->hooks.stop = [&] { return updates >= 7; };
  t->run();
  const Saved good = t->hooks.saved;
  const auto tried = [&](const std::string& state) {
    const auto rest = training(kinds[11]);
    Saved bad = good;
    bad.state = state;
    rest->job.from = &bad;
    try {
      rest->run();
    } catch (const Error&) {
    }
  };
  for (std::size_t length = 0; length < good.state.size(); length += 41) tried(good.state.substr(0, length));
  Random random(5, Stream::data);
  for (int i = 0; i < 100; ++i) {
    std::string bytes = good.state;
    bytes[static_cast<std::size_t>(random.uniform() * static_cast<double>(bytes.size() - 1))] ^= static_cast<char>(1 << (i % 8));
    tried(bytes);
  }
}

namespace {
// The state of a training stopped after so many updates, and what becomes of it with other bytes for its progress.
struct Stopped {
  const Kind& kind;
  Saved saved;
  TrialState state;
  Stopped(const Kind& of, std::int64_t after) : kind(of) {
    const auto t = training(kind);
    std::int64_t updates = 0;
    t->hooks.on_step = [&](std::int64_t step, double) { updates = step + 1; };
    t->hooks.stop = [&] { return updates >= after; };
    t->run();
    saved = t->hooks.saved;
    const Weights weights(t->model.graph);
    state = read_safetensors(saved.state, weights);
  }
  bool taken(const std::string& progress) const {
    const auto rest = training(kind);
    const Weights weights(rest->model.graph);
    Saved other = saved;
    TrialState changed = read_safetensors(saved.state, weights);
    changed.progress = progress;
    other.state = safetensors(weights, changed);
    rest->job.from = &other;
    try {
      rest->run();
    } catch (const Error&) {
      return false;
    }
    return true;
  }
  // The same with a Progress that `change` has been at.
  bool taken(const std::function<void(Progress&)>& change) const {
    Progress p;
    Archive in(state.progress), same, other;
    p.fields(in), p.fields(same);
    const std::size_t length = same.take().size();
    change(p);
    p.fields(other);
    return taken(other.take() + state.progress.substr(length));
  }
};
}  // namespace

TEST_CASE("a made-up progress is refused where a training could not have it", "[train][resume]") {
  for (const auto& [kind, after] : {std::pair{&kinds[4], 7}, {&kinds[4], 10}, {&kinds[15], 7}, {&kinds[11], 10}}) {
    INFO(kind->name << " after " << after);
    const Stopped stopped(*kind, after);
    REQUIRE(stopped.taken([](Progress&) {}));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.result.epochs.clear(), p.ended = true; }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.epoch += 1; }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.epoch = std::numeric_limits<std::int64_t>::max(); }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.step = std::numeric_limits<std::int64_t>::max(); }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.seen = std::numeric_limits<std::int64_t>::max(); }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.result.outcome = static_cast<Outcome>(77); }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.result.epochs.back().val.resize(100); }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.record.train.resize(100); }));
    CHECK_FALSE(stopped.taken([](Progress& p) { p.result.test.resize(100); }));
  }
}

TEST_CASE("no byte of a progress makes a training crash", "[train][resume]") {
  Random random(7, Stream::data);
  for (const std::size_t kind : {4, 5, 13, 15}) {
    const Stopped stopped(kinds[kind], 7);
    for (int i = 0; i < 60; ++i) {
      std::string bytes = stopped.state.progress;
      const std::size_t at = i % 2 == 0 ? random.below(std::min<std::size_t>(bytes.size(), 400)) : random.below(bytes.size());
      for (std::size_t k = at; k < std::min(bytes.size(), at + 1 + 7 * (i % 3 == 0)); ++k) bytes[k] = static_cast<char>(i % 5 == 0 ? 0xff : i % 5 == 1 ? 0x7f : i);
      stopped.taken(bytes);
    }
  }
}

TEST_CASE("a state that is not finite is not handed over", "[train][resume]") {
  Training t({.validation = 9});
  t.hooks.keeps = true;
  t.hooks.wants = [](std::int64_t, std::int64_t) { return true; };
  t.job.hypers["lr"] = parse_schedule("0.05 + 1e38 * (step >= 7)");
  CHECK(t.run().outcome == Outcome::diverged);
  for (const float w : t.read(t.hooks.saved.state.empty() ? "" : [&] {
         const Weights w2(t.model.graph);
         read_safetensors(t.hooks.saved.state, w2);
         return safetensors(w2, w2.values(), w2.state());
       }()))
    CHECK(std::isfinite(w));
}
