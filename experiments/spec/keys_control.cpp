#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
constexpr Choice<bool> restored[] = {{true, "best", "those of the epoch that was best"},
                                     {false, "none", "those of the last epoch, the default of both libraries"}};
constexpr Choice<bool> forms[] = {
    {false, "keras", "epochs before `start` are not looked at, so none of them is best (as start_from_epoch does); an undefined value is no improvement"},
    {true, "lightning",
     "epochs before `start` count, the training only does not end there (as the trainer's min_epochs, but an improvement before it still counts); an undefined "
     "value ends the training at once (as check_finite does)"}};
constexpr Choice<DivergenceSpec> reactions[] = {
    {{}, "stop", "it ends as diverged, with the weights of the last finite epoch"},
    {{.skip = true},
     "skip",
     "an update whose loss, gradients or weights are not finite is left out: all numbers stay as before it, the clock goes on (weights that are finite and far "
     "too large are not seen by it); an epoch with no other updates diverges"},
    {{.times = 3},
     "retry",
     "all numbers, optimizer and averages included, go back to the end of the last finite epoch, with every rate smaller; {retry: {…}} says how"}};

EarlyStopSpec& early(Experiment& e) { return e.early_stop ? *e.early_stop : e.early_stop.emplace(); }
}  // namespace

// When a training ends, what becomes of one that diverges, and what is expected of it.
void add_control_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "early_stop",
                  .type = Type::mapping,
                  .doc = "Ends a training where a measured quantity has not improved for so long. A bare length stands for {patience: …}. The trial is done "
                         "all the same, and a note says where it stopped.",
                  .absent = "it has all its epochs",
                  .example = "{on: val_loss, patience: 5 epochs}",
                  .apart = true,
                  .shorthand = "patience"});
  keys.push_back({.path = "early_stop.on",
                  .type = Type::text,
                  .doc = "What is looked at after each epoch that measures it: loss or a metric, of the training rows while they trained, or with val_ of the "
                         "validation rows.",
                  .fallback = "val_loss",
                  .example = "val_accuracy",
                  .set = [](Experiment& e, const Value& v) { early(e).on = v.text; }});
  keys.push_back({.path = "early_stop.patience",
                  .type = Type::span,
                  .doc = "How long it may go without improving, rounded up to whole looks; 0 epochs does as 1.",
                  .example = "5 epochs",
                  .required = true,
                  .set = [](Experiment& e, const Value& v) { early(e).patience = v.span; }});
  keys.push_back({.path = "early_stop.min_delta",
                  .type = Type::number,
                  .doc = "An improvement is by more than this.",
                  .fallback = "0",
                  .low = 0,
                  .set = [](Experiment& e, const Value& v) { early(e).min_delta = v.number; }});
  keys.push_back(
      choosing({.path = "early_stop.restore",
                .doc = "The weights a training ends with, also where it has all its epochs: what is exported, and what tables, summary and test rows speak of.",
                .fallback = "best"},
               restored, [](Experiment& e, bool best) { early(e).restores = best; }));
  keys.push_back({.path = "early_stop.start",
                  .type = Type::span,
                  .doc = "Epochs after which it may end; `form` says what they are until then.",
                  .absent = "0 epochs",
                  .example = "3 epochs",
                  .set = [](Experiment& e, const Value& v) { early(e).start = v.span; }});
  keys.push_back(
      choosing({.path = "early_stop.form",
                .doc = "Whose way it is done in. Improvement and patience are the same in both: epochs that do not measure the quantity do not count.",
                .fallback = "keras"},
               forms, [](Experiment& e, bool lightning) { early(e).lightning = lightning; }));
  keys.push_back(choosing(
      {.path = "on_divergence",
       .doc =
           "What becomes of a training whose loss or weights are not finite any more. Whatever is done stands in the notes and in the table `event` of run.db.",
       .fallback = "stop",
       .example = "{retry: {lr_scale: 0.5, times: 3}}"},
      reactions, [](Experiment& e, DivergenceSpec reaction) { e.on_divergence = reaction; }));
  keys.push_back({.path = "on_divergence.retry", .type = Type::mapping, .doc = "How a retry is made.", .example = "{lr_scale: 0.5, times: 3}", .apart = true});
  keys.push_back({.path = "on_divergence.retry.lr_scale",
                  .type = Type::number,
                  .doc = "Factor on every learning rate from then on, one more at each retry.",
                  .fallback = "0.5",
                  .low = 0,
                  .high = 1,
                  .above = true,
                  .set = [](Experiment& e, const Value& v) { e.on_divergence.lr_scale = v.number; }});
  keys.push_back({.path = "on_divergence.retry.times",
                  .type = Type::integer,
                  .doc = "Retries of a training; after them it diverges.",
                  .fallback = "3",
                  .low = 1,
                  .high = 1000,
                  .set = [](Experiment& e, const Value& v) { e.on_divergence.times = v.integer; }});
  keys.push_back(
      {.path = "max_steps",
       .type = Type::integer,
       .doc = "Updates after which a training ends, within an epoch too: what there is of it is evaluated as the last. Schedules still go by `epochs`.",
       .absent = "no limit",
       .example = "1000",
       .low = 1,
       .high = 1e15,
       .set = [](Experiment& e, const Value& v) { e.max_steps = v.integer; }});
  keys.push_back({.path = "time_limit",
                  .type = Type::interval,
                  .doc = "How long the whole run may take, to half a second. What has not finished by then is interrupted with its state saved (exit code 130, "
                         "as by Ctrl-C); `lehr resume` goes on for as long again.",
                  .absent = "no limit",
                  .example = "10 min",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { e.time_limit = v.seconds; }});
  keys.push_back({.path = "expect",
                  .type = Type::expectations,
                  .doc = "Bounds on what a run ends with (loss, val_…, test_… or avg_… as in summary.csv): the mean over the seeds of each variant, at its "
                         "chosen point. Each is printed at the end; exit code 6 where one is not met.",
                  .absent = "none",
                  .example = "{val_accuracy: \">= 0.95\"}",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { e.expect = v.expectations; }});
}

}  // namespace lehr::spec
