// When a training ends. The tables are worked out by hand from what the two libraries do.
#include <limits>

#include "tests/support/catch.h"
#include "tests/train/training.h"

using namespace lehr;
using namespace lehr::test;

namespace {
constexpr double undefined_value = std::numeric_limits<double>::quiet_NaN();

// The epoch a series of values ends in, 0: in none.
std::int64_t ends(const EarlyStop& rule, const std::vector<double>& values, Patience& patience) {
  for (std::size_t i = 0; i < values.size(); ++i)
    if (patience.look(rule, static_cast<std::int64_t>(i) + 1, values[i]) == Patience::Answer::over) return static_cast<std::int64_t>(i) + 1;
  return 0;
}
}  // namespace

TEST_CASE("when the waiting is over", "[train][control]") {
  using F = EarlyStop::Form;
  const struct {
    EarlyStop rule;
    std::vector<double> values;
    std::int64_t keras, lightning, keras_best, lightning_best;
  } rows[] = {
      {{.patience = 2}, {5, 4, 4, 4, 1}, 4, 4, 2, 2},
      {{.patience = 2}, {5, 4, 4, 3, 3, 3}, 6, 6, 4, 4},                       // an improvement begins the waiting anew
      {{.patience = 0}, {5, 4, 4}, 3, 3, 2, 2},
      {{.patience = 1}, {5, 4, 4}, 3, 3, 2, 2},
      {{.patience = 2, .min_delta = 1}, {5, 4, 4.5, 3}, 3, 3, 1, 1},           // by exactly min_delta is none
      {{.patience = 2, .min_delta = 1}, {5, 3.5, 3, 2.4, 2, 2}, 6, 6, 4, 4},
      {{.higher = true, .patience = 2}, {1, 2, 2, 1.5, 3}, 4, 4, 2, 2},
      {{.patience = 2, .start = 3}, {1, 2, 2, 2, 2, 2}, 6, 3, 4, 1},           // Keras has not seen the first three
      {{.patience = 1, .start = 3}, {1, 2, 0.5, 2}, 0, 4, 4, 3},               // the verdict of epoch 2 is taken back in 3
      {{.patience = 3}, {5, undefined_value, 4, undefined_value, undefined_value, undefined_value}, 6, 2, 3, 1},               // undefined values
      {{.patience = 5}, {undefined_value, undefined_value, 4, 3}, 0, 1, 4, 0},
      {{.patience = 9}, {5, 4, 3}, 0, 0, 3, 3},
  };
  for (const auto& row : rows) {
    INFO("row " << &row - rows);
    EarlyStop rule = row.rule;
    Patience keras, lightning;
    CHECK(ends(rule, row.values, keras) == row.keras);
    CHECK(keras.epoch == row.keras_best);
    rule.form = F::lightning;
    CHECK(ends(rule, row.values, lightning) == row.lightning);
    CHECK(lightning.epoch == row.lightning_best);
  }
}

TEST_CASE("a training that stops early ends with the weights it says", "[train][control]") {
  // The rate makes the loss rise from the fourth epoch on.
  const auto schedule = [] { return parse_schedule("step < 15 ? 0.05 : 2"); };
  Training whole({.validation = 9}), best({.validation = 9}), none({.validation = 9}), three({.validation = 9});
  std::vector<EpochRecord> rows;
  whole.hooks.on_epoch = [&](const EpochRecord& r) { rows.push_back(r); };
  for (Training* t : {&whole, &best, &none, &three}) t->job.hypers["lr"] = schedule(), t->job.epochs = 12, t->job.keep_predictions = true;
  whole.run();
  std::size_t at = 0;
  std::int64_t waited = 0, end = 0;
  for (std::size_t i = 1; i < rows.size() && end == 0; ++i) {
    if (rows[i].val_loss < rows[at].val_loss) at = i, waited = 0;
    else if (++waited == 2) end = rows[i].epoch;
  }
  REQUIRE(end > 0);
  REQUIRE(end < 12);
  best.job.early_stop = none.job.early_stop = EarlyStop{.patience = 2};
  none.job.early_stop->restore = EarlyStop::Restore::none;
  best.hooks.keeps = true;
  const TrialResult b = best.run(), n = none.run();
  CHECK((b.outcome == Outcome::done && n.outcome == Outcome::done));
  CHECK(n.epochs.size() == static_cast<std::size_t>(end));
  CHECK(n.epochs.back().epoch == end);
  CHECK(n.epochs.back().val_loss == rows[static_cast<std::size_t>(end) - 1].val_loss);
  CHECK(b.epochs.back().epoch == rows[at].epoch);
  CHECK(b.epochs.back().val_loss == rows[at].val_loss);
  CHECK(b.predictions.size() == 1);
  REQUIRE(b.notes.size() == 2);
  CHECK(b.notes[0].starts_with(cat("stopped early after epoch ", end, " of 12: val_loss was best in epoch ", rows[at].epoch, " (")));
  CHECK(b.notes[1] == cat("the weights are those of epoch ", rows[at].epoch, ", where val_loss was best"));
  CHECK(n.notes.size() == 1);
  // Those of a training of so many epochs.
  three.job.epochs = rows[at].epoch, three.job.schedule_epochs = 12;
  three.run();
  CHECK(three.weights() == best.weights());
  CHECK(best.read(best.hooks.saved.state.empty() ? "" : [&] {
          const Weights w(best.model.graph);
          read_safetensors(best.hooks.saved.state, w);
          return safetensors(w, w.values(), w.state());
        }()) == three.weights());
}

TEST_CASE("what ended with its best weights goes on for more epochs from its last ones", "[train][control]") {
  Training whole({.validation = 9}), first({.validation = 9}), rest({.validation = 9});
  for (Training* t : {&whole, &first, &rest}) {
    t->optimizer = standard_optimizers().find("adam").make({});
    t->job.optimizer = t->optimizer.get();
    t->hooks.keeps = true, t->job.epochs = 7, t->job.early_stop = EarlyStop{.higher = true, .patience = 50};  // the first epoch is the "best"
  }
  first.job.epochs = 4;
  whole.run();
  CHECK(first.run().epochs.back().epoch == 1);
  rest.job.from = &first.hooks.saved;
  std::vector<std::int64_t> epochs;
  rest.hooks.on_epoch = [&](const EpochRecord& r) { epochs.push_back(r.epoch); };
  const TrialResult r = rest.run();
  CHECK(epochs == std::vector<std::int64_t>{5, 6, 7});
  CHECK(rest.weights() == whole.weights());
  CHECK(rest.hooks.saved.finished);
  CHECK(r.notes.size() == 1);
}

TEST_CASE("max_steps ends a training within an epoch", "[train][control]") {
  Training whole({.validation = 9}), part({.validation = 9});
  std::vector<float> after;
  whole.hooks.on_step = [&](std::int64_t step, double) {
    if (step == 6) after = whole.weights();
  };
  whole.run();
  part.job.max_steps = 7;
  const TrialResult r = part.run();
  CHECK(r.outcome == Outcome::done);
  CHECK(part.weights() == after);
  REQUIRE(r.epochs.size() == 2);
  CHECK((r.epochs.back().step == 7 && r.epochs.back().samples == 37 + 16 && r.epochs.back().evaluated));
  CHECK(r.notes == std::vector<std::string>{"ended by max_steps: 7 updates, in epoch 2 of 3"});
  Training enough({.validation = 9});
  enough.job.max_steps = 15;
  CHECK(enough.run().notes.empty());
  CHECK(enough.weights() == whole.weights());
}

TEST_CASE("an update that is not finite is left out", "[train][control]") {
  for (const char* optimizer : {"sgd", "adam"}) {
    INFO(optimizer);
    Training t({.validation = 9, .norm = true});
    t.optimizer = standard_optimizers().find(optimizer).make({});
    t.job.optimizer = t.optimizer.get();
    t.job.hypers["lr"] = parse_schedule("0.01 + 1e39 * (step == 7)");
    t.job.divergence.skip = true;
    std::vector<float> before, after;
    t.hooks.on_step = [&](std::int64_t step, double) {
      if (step == 6) before = t.weights();
      if (step == 7) after = t.weights();
    };
    std::vector<std::int64_t> left_out;
    t.hooks.on_epoch = [&](const EpochRecord& r) { left_out.push_back(r.left_out); };
    const TrialResult r = t.run();
    CHECK(r.outcome == Outcome::done);
    CHECK(before == after);
    CHECK(left_out == std::vector<std::int64_t>{0, 1, 0});
    CHECK(r.notes == std::vector<std::string>{"1 update was left out, not being finite; the first at step 7"});
    for (const float w : t.weights()) CHECK(std::isfinite(w));
  }
  Training all({.validation = 9});
  all.job.divergence.skip = true;
  all.job.hypers["lr"] = parse_schedule("0.01 + 1e39 * (step >= 5)");
  const TrialResult r = all.run();
  CHECK(r.outcome == Outcome::diverged);
  CHECK(r.message.starts_with("no update of the epoch was finite, up to step 9"));
}

TEST_CASE("a row that is not finite is left out, and the others train", "[train][control]") {
  Training t({.rows = 40, .validation = 0});
  t.data.features[0].f32[4 * 3] = std::numeric_limits<float>::infinity();
  t.data.target.f32[3] = static_cast<float>(undefined_value);
  t.job.divergence.skip = true;
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::done);
  REQUIRE(r.notes.size() == 1);
  CHECK(r.notes[0].starts_with("3 updates were left out"));
  CHECK(std::isfinite(r.epochs.back().loss));
}

TEST_CASE("a training that diverges goes back and takes smaller rates", "[train][control]") {
  const auto diverging = [](Training& t, std::int64_t times) {
    t.job.hypers["lr"] = parse_schedule("0.05 + 1e40 * (step == 7)");
    t.job.hypers["momentum"] = Schedule(0.8);
    t.job.divergence = {.times = times, .lr_scale = 1e-20};
  };
  Training t({.validation = 9}), whole({.validation = 9}), gives_up({.validation = 9}), rest({.validation = 9});
  diverging(t, 3);
  std::vector<EpochRecord> rows;
  t.hooks.on_epoch = [&](const EpochRecord& r) { rows.push_back(r); };
  const TrialResult r = t.run();
  CHECK(r.outcome == Outcome::done);
  REQUIRE(r.notes.size() == 2);
  CHECK(r.notes[0].find("went back to the end of epoch 1 with every rate times 1e-20 (retry 1 of 3)") != std::string::npos);
  REQUIRE(rows.size() == 3);
  REQUIRE(rows[1].events.size() == 2);
  CHECK((rows[1].events[0].step == 5 && rows[1].events[0].before == 0.05 && rows[1].events[0].restored == "finite"));
  CHECK(std::fabs(rows[1].lr_first / 5e-42 - 1) < 1e-12);
  // With the momentum of the end of epoch 1: as one whose rate was that from there.
  whole.job.hypers["lr"] = parse_schedule("step < 5 ? 0.05 : (0.05 + 1e40 * (step == 7)) * 1e-40");
  whole.job.hypers["momentum"] = Schedule(0.8);
  whole.run();
  CHECK(distance(t.weights(), whole.weights()) < 1e-6);
  diverging(gives_up, 1);
  const TrialResult end = gives_up.run();
  CHECK(end.outcome == Outcome::diverged);
  CHECK(end.message.ends_with(", after 1 retry"));
}
