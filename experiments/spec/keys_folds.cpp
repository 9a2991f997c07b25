#include "experiments/spec/schema.h"

namespace lehr::spec {

namespace {
FoldOptions& fold(Experiment& e) { return e.data.split.fold ? *e.data.split.fold : e.data.split.fold.emplace(); }
}  // namespace

// Cross-validation.
void add_fold_keys(std::vector<Key>& keys) {
  keys.push_back({.path = "folds",
                  .type = Type::mapping,
                  .doc = "Cross-validation: every variant is trained once for each fold, whose rows score it. Where data.split.validation keeps rows apart, it does so among the "
                         "rows of the other folds, choices are made on them, and the fold is the test rows; else the fold is the validation rows. A bare number stands for {k: …}.",
                  .absent = "the rows are dealt once, by data.split",
                  .example = "{k: 5, stratify: true}",
                  .apart = true,
                  .shorthand = "k",
                  .shared = true});
  keys.push_back({.path = "folds.k",
                  .type = Type::integer,
                  .doc = "So many folds of (nearly) equal size, dealt at random by data.split.seed.",
                  .example = "5",
                  .required = true,
                  .instead = "folds.column",
                  .low = 2,
                  .high = 10000,
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { fold(e).k = v.integer; }});
  keys.push_back({.path = "folds.repeat",
                  .type = Type::integer,
                  .doc = "So many times the rows are dealt into folds, each time anew.",
                  .fallback = "1",
                  .low = 1,
                  .high = 1000,
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { fold(e), e.fold_repeats = v.integer; }});
  keys.push_back({.path = "folds.stratify",
                  .type = Type::boolean,
                  .doc = "Whether every fold has each class in proportion.",
                  .fallback = "false",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { fold(e).stratify = v.boolean; }});
  keys.push_back({.path = "folds.group",
                  .type = Type::text,
                  .doc = "A column: rows that have one of its values stay in one fold, and in one part of the split within it.",
                  .absent = "rows are dealt one by one",
                  .example = "patient",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { fold(e).group = v.text; }});
  keys.push_back({.path = "folds.column",
                  .type = Type::text,
                  .doc = "A column whose values are the folds, in place of k: each is left out once.",
                  .example = "site",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { fold(e).column = v.text; }});
  keys.push_back({.path = "folds.only",
                  .type = Type::text,
                  .doc = "One fold alone, by its number from 1 (with repeat: 2.3 is the third of the second dealing) or its value of the column. The resolved file of a trial has it.",
                  .absent = "all folds",
                  .example = "3",
                  .shared = true,
                  .set = [](Experiment& e, const Value& v) { fold(e), e.fold_only = v.text; }});
}

}  // namespace lehr::spec
