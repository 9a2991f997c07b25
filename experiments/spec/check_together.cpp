// What the keys of an experiment say together.
#include <algorithm>
#include <set>

#include "experiments/spec/reader.h"

namespace lehr::spec {

namespace {
template <class Place>
void check_table(const Experiment& e, Problems& problems, const Place& at) {
  const TableSpec& table = e.data.table;
  for (const ColumnRule& rule : table.rules)
    if (rule.key == "drop" && std::ranges::count(table.columns, rule.pattern) > 0)
      problems.error(at("data.drop"), "the column ", quote(rule.pattern), " is both used by data.columns and dropped by data.drop");
  const bool classes = loss_row(e.loss.kind).classifies();
  const bool numbers = !classes || table.targets.size() > 1 || table.target_inputs;
  const At column = at("data.target.column"), columns = at("data.target.columns"), inputs = at("data.target.inputs");
  const auto given = [](const At& place) { return place.source >= 0; };
  if (given(column) && given(columns)) problems.error(columns, "data.target.column and data.target.columns exclude each other: name one column, or several");
  if (table.target_inputs && (given(column) || given(columns)))
    problems.error(inputs, "data.target.inputs takes the inputs themselves as the target: there is no target column beside them");
  if (table.targets.size() > 1 && e.loss.kind == LossKind::cross_entropy)
    problems.error(columns, "categorical_crossentropy has one target column with the row's class; several 0/1 columns are for binary_crossentropy");
  if (table.target_inputs && classes) problems.error(inputs, "the inputs as the target are numbers, the loss ", name(e.loss.kind), " is one over classes");
  if (numbers && !table.classes.empty() && classes)
    problems.error(at("data.target.classes"), "several target columns are numbers, 0 or 1 each: there are no classes to list");
  if (numbers && !table.ignore.empty())
    problems.error(at("data.target.ignore"), "data.target.ignore is for classes; the target of this experiment is ",
                   table.targets.size() > 1 ? "several columns of numbers" : "a number");
  if (e.loss.ignore_index && *e.loss.ignore_index < 0)
    problems.error(at("loss.ignore_index"), "loss.ignore_index is the position of a class, from 0: ", *e.loss.ignore_index,
                   " is none. Values of the target that are no class and do not count are named by data.target.ignore, as [\"", *e.loss.ignore_index, "\"]");
  if (table.target_inputs && table.target_standard)
    problems.error(at("data.target.scale"), "the inputs as the target are scaled as inputs are: data.target.scale has no column to scale");
  if (classes && table.target_standard)
    problems.error(at("data.target.scale"), "data.target.scale is for numbers, the loss ", name(e.loss.kind), " is one over classes");
}
// What a run may end with.
void check_expectations(const Experiment& e, Problems& problems, const At& at) {
  std::vector<std::string> known{"loss"};
  for (const auto& [rows, there] : {std::pair{"val_", e.data.validates()}, {"test_", e.data.tests()}})
    for (const char* whose : {"", "avg_"}) {
      if (!there || (*whose && !e.average)) continue;
      known.push_back(cat(whose, rows, "loss"));
      for (const std::string& metric : e.metrics) known.push_back(cat(whose, rows, metric));
    }
  for (const auto& one : e.expect)
    if (std::ranges::count(known, one.quantity) == 0)
      problems.error(at, "expect: ", quote(one.quantity), " is not measured", did_you_mean(one.quantity, known), "; there are ", join(known, ", "));
}
template <class Place>
void check_folds(const Experiment& e, Problems& problems, const Place& at) {
  if (!e.data.split.fold) return;
  const FoldOptions& fold = *e.data.split.fold;
  if (!fold.column.empty())
    for (const auto& [key, given] : {std::pair{"folds.k", fold.k > 0}, {"folds.stratify", fold.stratify}, {"folds.group", !fold.group.empty()}, {"folds.repeat", e.fold_repeats > 1}})
      if (given) problems.error(at(key), "folds.column says itself which rows each fold has: there is no ", key, " beside it");
  if (e.data.split.tests())
    problems.error(at("data.split.test"), "the rows of a fold score what the other folds trained: data.split.test has no place beside folds (data.split.validation keeps rows "
                                          "for choosing apart, within each fold)");
  if (!e.data.split.order.empty())
    problems.error(at("data.split.order"), "folds are dealt at random, whatever comes first: data.split.order has no place beside them");
  if (!e.data.test_file.empty())
    problems.error(at("data.test_file"), "the rows of a fold score what the other folds trained: data.test_file has no place beside folds");
  const bool named = !fold.group.empty() || !fold.column.empty();
  if (named && e.data.arrays.given())
    problems.error(at(fold.group.empty() ? "folds.column" : "folds.group"), "arrays have no named columns: folds: {k: 5} deals their rows");
  if (!e.data.arrays.validation.inputs.empty() || !e.data.arrays.test.inputs.empty())
    problems.error(at(e.data.arrays.validation.inputs.empty() ? "data.test" : "data.validation"), "folds deal the rows of data.inputs: there are no others beside them");
}
}  // namespace

// Parts that must fit together.
void check_together(const Reading& reading, Problems& problems) {
  const Experiment& e = reading.experiment;
  const auto at = [&](const char* key) {
    const auto it = reading.places.find(key);
    return it == reading.places.end() ? At{} : it->second;
  };
  if (e.model.mlp && !e.model.file.empty())
    problems.error(
        at("model.mlp"),
        "model.file and model.mlp exclude each other: the network is read from a file, or made (model.file: null takes away what stands in an outer layer)");
  if (e.model.mlp && e.model.head)
    problems.error(at("model.head"), "model.head replaces the last layer of a file; the network of model.mlp has the outputs that the data and the loss need");
  if (e.data.split.validation + e.data.split.test >= 1)
    problems.error(at("data.split"), "validation and test take ", readable((e.data.split.validation + e.data.split.test) * 100),
                   " % of the rows together: nothing is left to train on");
  const SplitOptions& split = e.data.split;
  if (!e.data.test_file.empty() && split.tests())
    problems.error(at("data.test_file"), "data.test_file and data.split.test exclude each other: the rows of the file are the test rows, all of them");
  if (!e.data.test_file.empty() && e.data.test_file == e.data.file)
    problems.error(at("data.test_file"), "data.test_file is data.file: what a model is trained on cannot test it (data.split.test keeps rows of one file ",
                   "apart)");
  if (!split.group.empty() && !split.order.empty()) problems.error(at("data.split.order"), "data.split.group and data.split.order exclude each other");
  if (!split.group.empty() && split.take == SplitOptions::Take::stratified)
    problems.error(at("data.split.group"), "data.split.group keeps groups whole: their classes cannot be stratified; take random or tail");
  if (!split.order.empty() && at("data.split.take").source >= 0)
    problems.error(at("data.split.take"), "data.split.order says which rows are kept: data.split.take has no say beside it");
  if (!(split.group.empty() && split.order.empty()) && e.data.arrays.given())
    problems.error(at(split.group.empty() ? "data.split.order" : "data.split.group"), "arrays have no named columns to split by: data.validation and data.test name rows of their own");
  for (const std::string& one : e.checkpoint.keep) {
    std::vector<std::string> known{"last", "best", "best val_loss"};
    for (const std::string& metric : e.metrics) known.push_back("best val_" + metric);
    if (std::ranges::count(known, one) == 0)
      problems.error(at("checkpoint.keep"), "checkpoint.keep: ", quote(one), " is not kept", did_you_mean(one, known), "; there are ", join(known, ", "));
  }
  std::set<std::string> classes(e.data.table.classes.begin(), e.data.table.classes.end());
  if (classes.size() == 1) problems.error(at("data.target.classes"), "data.target.classes has one class: there is nothing to tell apart");
  if (!e.loss.class_weights.empty() && !classes.empty() && e.loss.class_weights.size() != classes.size())
    problems.error(at("loss.class_weights"), "loss.class_weights has ", e.loss.class_weights.size(), " numbers but data.target.classes has ", classes.size(),
                   " classes");
  if (e.loss.scores && !loss_row(e.loss.kind).classifies())
    problems.error(at("model.scores"), "model.scores is for a loss over classes, binary_crossentropy or categorical_crossentropy, not for ", name(e.loss.kind));
  if (e.batch.schedule && !e.batch.keep_last)
    problems.error(at("batch.last"), "batch.last: drop leaves out the rest of an epoch, which has no size where batch.size changes: use keep");
  const bool validates = e.data.validates();
  const auto measured = measured_names(e.metrics, validates);
  const auto follows = [&](const std::string& key, const Controlled& quantity) {
    for (const Feedback& feedback : quantity.feedback())
      if (std::ranges::count(measured, feedback.metric()) == 0)
        problems.error(at(key.c_str()), key, " follows ", quote(feedback.metric()), ", which is not measured", did_you_mean(feedback.metric(), measured),
                       " (measured: ", join(measured, ", "), validates ? ")" : "; val_ ones need validation rows: data.split.validation)");
  };
  for (const auto& [name, quantity] : e.optimizer.hypers) follows("optimizer." + name, quantity);
  for (const ParamRule& rule : e.params)
    for (const auto& [name, quantity] : rule.hypers) follows("params." + rule.pattern + "." + name, quantity);
  for (const auto& [key, quantity] : e.quantities) follows(key, quantity);
  if (e.early_stop && std::ranges::count(measured, e.early_stop->on) == 0)
    problems.error(at(reading.places.contains("early_stop.on") ? "early_stop.on" : "early_stop"), "early_stop.on: ", quote(e.early_stop->on),
                   " is not measured", did_you_mean(e.early_stop->on, measured), " (measured: ", join(measured, ", "),
                   validates ? ")" : "; val_ ones need validation rows: data.split.validation)");
  if (reading.places.contains("time_limit") && !e.time_limit)
    problems.error(at("time_limit"), "time_limit is a time such as 10 min; max_steps and epochs end a training after so many updates or epochs");
  check_expectations(e, problems, at("expect"));
  check_table(e, problems, at);
  check_folds(e, problems, at);
  check_arrays(reading, problems);
}

}  // namespace lehr::spec
