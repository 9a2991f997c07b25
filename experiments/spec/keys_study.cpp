#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
constexpr Choice<Experiment::KeepModels> kept_models[] = {{Experiment::KeepModels::all, "all", "every trial's"},
                                                          {Experiment::KeepModels::best, "best", "of each variant the best seed's (at its chosen point)"},
                                                          {Experiment::KeepModels::chosen, "chosen", "of each variant all seeds' at its chosen point"},
                                                          {Experiment::KeepModels::none, "none", "none"}};
}  // namespace

void add_study_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "extends",
                  .type = Type::path,
                  .doc = "A file this one is laid over: mappings are merged, a mapping whose type changes is replaced, null removes a key.",
                  .example = "base.yaml",
                  .study = true});
  keys.push_back({.path = "variants",
                  .type = Type::variants,
                  .doc = "Named patches: each is laid over the file and trained. Keys are nested or dotted.",
                  .example = "{constant: {lr: 0.1}, drop: {optimizer.momentum: 0.9}}",
                  .study = true});
  keys.push_back({.path = "sweep",
                  .type = Type::sweep,
                  .doc = "Values to try: every variant is trained at every combination of them. For each variant the best combination is chosen on the "
                         "validation rows (compare.select). Keys may be dotted; a value here wins over the variant's. zip: {…} holds keys that change together, with lists of one "
                         "length.",
                  .example = "{lr_scale: [0.1, 0.3, 1, 3, 10], optimizer.momentum: [0.8, 0.9]}",
                  .study = true});
  keys.push_back({.path = "search",
                  .type = Type::mapping,
                  .doc = "Looks at some points of the sweep, or ends most of them early. Keys of the sweep may then be ranges to draw from: {uniform: [a, b]}, {log_uniform: "
                         "[a, b]}, {int_uniform: [a, b]}, {choice: […]}. Test rows are measured once, at the chosen point.",
                  .absent = "every combination is trained to its end",
                  .example = "{method: random, trials: 64}",
                  .study = true});
  keys.push_back({.path = "search.method",
                  .type = Type::choice,
                  .doc = "How points are looked for.",
                  .required = true,
                  .values = {"random", "halving"},
                  .docs = {"points drawn at random, each trained to its end",
                           "successive halving: all points are trained for a while, the better ones go on from where they are, and so on"},
                  .study = true});
  keys.push_back({.path = "search.trials",
                  .type = Type::integer,
                  .doc = "Points to draw, the same for every variant. More of them leave the first ones as they are.",
                  .absent = "with halving every combination of the sweep; random needs it",
                  .example = "64",
                  .low = 1,
                  .high = 10000,
                  .study = true});
  keys.push_back({.path = "search.seed",
                  .type = Type::integer,
                  .doc = "Seed of the points that are drawn.",
                  .fallback = "0",
                  .low = 0,
                  .study = true});
  keys.push_back({.path = "search.from",
                  .type = Type::span,
                  .doc = "How long all points are trained before halving looks at them first, in whole epochs.",
                  .absent = "so that about `factor` of the points are trained to their end; at least one epoch",
                  .example = "2 epochs",
                  .study = true});
  keys.push_back({.path = "search.factor",
                  .type = Type::number,
                  .doc = "At each look of halving one of so many points goes on, and to so many times the epochs.",
                  .fallback = "3",
                  .low = 1.1,
                  .high = 100,
                  .study = true});
  keys.push_back({.path = "repeat",
                  .type = Type::mapping,
                  .doc = "Every variant is trained once for each seed. A bare number stands for {seeds: …}.",
                  .example = "{seeds: 30}",
                  .shorthand = "seeds",
                  .study = true});
  keys.push_back({.path = "repeat.seeds",
                  .type = Type::seeds,
                  .doc = "How many seeds, counted from `seed`, or a list of them. All variants share them, so differences are paired.",
                  .fallback = "1",
                  .example = "30, or [1, 2, 3]",
                  .low = 1,
                  .high = 10000,
                  .study = true});
  keys.push_back({.path = "repeat.vary",
                  .type = Type::choices,
                  .doc = "What a repeat draws anew besides initial weights, order of rows and dropout.",
                  .fallback = "[]",
                  .values = {"split"},
                  .docs = {"the split: data.split.seed is the seed of the repeat"},
                  .study = true});
  keys.push_back({.path = "compare",
                  .type = Type::mapping,
                  .doc = "How variants are compared. A bare name stands for {against: …}. docs/comparisons.md tells how the table is made.",
                  .example = "{against: constant}",
                  .shorthand = "against",
                  .study = true});
  keys.push_back({.path = "compare.against",
                  .type = Type::text,
                  .doc = "The variant the others are compared with, seed by seed.",
                  .absent = "the first variant",
                  .study = true});
  keys.push_back({.path = "compare.select",
                  .type = Type::text,
                  .doc = "What the best combination of a sweep is chosen by, as a mean over the seeds: val_loss or val_ with a metric, of the last weights, "
                         "or avg_val_… of the averaged ones. With repeat.vary: [split] each seed chooses by its own validation rows. Ties go to the lower "
                         "val_loss, then to the earlier value.",
                  .absent = "the first of metrics, else val_loss",
                  .example = "val_loss",
                  .study = true});
  keys.push_back({.path = "seed",
                  .type = Type::integer,
                  .doc = "Seed of initial weights, order of rows and dropout; the first of repeat.seeds.",
                  .fallback = "0",
                  .low = 0,
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { e.seed = static_cast<std::uint64_t>(v.integer); }});
  keys.push_back({.path = "threads",
                  .type = Type::integer,
                  .doc = "Threads of one training; 0: chosen from the machine and the size of the network.",
                  .fallback = "0",
                  .low = 0,
                  .high = 4096,
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { e.threads = static_cast<int>(v.integer); }});
  keys.push_back({.path = "checkpoint",
                  .type = Type::mapping,
                  .doc = "States of a training that was stopped goes on from (lehr resume). Each is stored with the epochs before it; one is also kept at the end and "
                         "when a run is interrupted.",
                  .example = "{every: 5 epochs}",
                  .shorthand = "every",
                  .shared = true});
  keys.push_back({.path = "checkpoint.every",
                  .type = Type::interval,
                  .doc = "From one state to the next.",
                  .fallback = "30 s",
                  .example = "5 epochs, 200 steps, 2 min",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) {
                    e.checkpoint.seconds = v.seconds.value_or(0);
                    e.checkpoint.span = v.seconds ? std::nullopt : std::optional(v.span);
                  }});
  keys.push_back({.path = "checkpoint.keep",
                  .type = Type::texts,
                  .doc = "What is kept of a training: last (always), and best, the weights of the best epoch by the first metric, else val_loss; best val_loss, or "
                         "best with val_ and a metric, says by what.",
                  .absent = "[last, best] where there are at most 1,000 trials, else [last]",
                  .example = "[last, best val_loss]",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) {
                    e.checkpoint.keep = v.texts;
                    for (const std::string& one : v.texts)
                      if (one.starts_with("best")) e.checkpoint.best_by = trim(std::string_view(one).substr(4));
                  }});
  keys.push_back({.path = "keep",
                  .type = Type::mapping,
                  .doc = "What lies beside the store of a run. A bare name stands for {models: …}.",
                  .example = "{models: all}",
                  .shorthand = "models",
                  .shared = true});
  keys.push_back(choosing({.path = "keep.models",
                           .doc = "Which trials' models are written below models/; lehr export writes any other's from the store.",
                           .absent = "all where there are at most 10 trials, else best",
                           .shared = true},
                          kept_models, [](Experiment& e, Experiment::KeepModels keep) { e.keep_models = keep; }));
  const auto planned = [&](const char* path, const char* instead) { keys.push_back({.path = path, .doc = "Not supported yet.", .planned = instead}); };
  planned("report", "every run leaves summary.csv and summary.md");
  planned("log", "every run leaves a metrics.csv with a row an epoch");
}

}  // namespace lehr::spec
