#include "experiments/spec/schema.h"

namespace lehr::spec {

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
                         "validation rows (compare.select). Keys may be dotted; a value here wins over the variant's.",
                  .example = "{lr_scale: [0.1, 0.3, 1, 3, 10], optimizer.momentum: [0.8, 0.9]}",
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
  const auto planned = [&](const char* path, const char* instead) { keys.push_back({.path = path, .doc = "Not supported yet.", .planned = instead}); };
  planned("early_stop", "a run has `epochs` epochs");
  planned("checkpoint", "a run exports the weights after its last epoch");
  planned("folds", "use data.split with repeat: {seeds: N, vary: [split]}");
  planned("on_divergence", "a run that diverges stops");
  planned("expect", "the figures are in summary.csv");
  planned("report", "every run leaves summary.csv and summary.md");
  planned("log", "every run leaves a metrics.csv with a row an epoch");
}

}  // namespace lehr::spec
