#include "experiments/store/run_folder.h"
#include "experiments/run/evaluate.h"

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>
#include <numeric>

#include "engine/data/array.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/prepared.h"
#include "experiments/cli/print.h"
#include "experiments/report/evaluation.h"
#include "experiments/run/arrays.h"
#include "experiments/run/assemble.h"
#include "experiments/run/importance.h"
#include "experiments/run/vocabulary.h"
#include "experiments/run/weigh.h"

namespace lehr::cli {

namespace {
namespace fs = std::filesystem;

struct Options {
  std::string model, data, preprocess, target, split, scores;
  std::vector<std::string> classes, metrics;
  spec::Overrides overrides;
  bool json = false, importance = false;
  std::int64_t repeats = 5;
  std::uint64_t seed = 0;
};

// Rows of a table, and what is asked about them.
struct Asked {
  Dataset data;
  std::vector<std::int32_t> rows;
  std::string part;
  run::Question question;
  CsvTable table;                                   // that the data are made of
  std::function<Dataset(const CsvTable&)> prepare;  // so
};

// A run, or a trial of one, stands for its last model.
fs::path model_file(const std::string& given) {
  const fs::path file = store::model_file(given);
  if (fs::is_directory(file)) throw Error(quote(given), " is a folder without a run (run.db): name an ONNX file, or a run");
  return file;
}

std::vector<std::int32_t> all_rows(const Dataset& data) {
  std::vector<std::int32_t> out(static_cast<std::size_t>(data.rows));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

// How a table is read, and what is made of it.
struct Way {
  CsvOptions csv;
  std::vector<std::string> targets;  // rows without one say nothing of the model
  std::function<Dataset(const CsvTable&)> prepare;
};

Way by_preprocess(Preprocess pre, const Options& o) {
  if (!o.classes.empty()) pre.classes = o.classes;
  Way out;
  out.csv.header = pre.header, out.csv.missing = pre.missing;
  out.csv.text = text_columns(pre, o.target.empty());
  if (!o.target.empty() && !pre.classes.empty()) out.csv.text.push_back(o.target);
  for (const NamedColumn& column : pre.targets) out.targets.push_back(pre.header ? column.name : std::to_string(column.index));
  if (!o.target.empty()) out.targets = {o.target};
  out.prepare = [pre, target = o.target](const CsvTable& table) mutable {
    if (!target.empty()) {
      const std::size_t column = within(quote(table.source), [&] { return table.find(target); });
      pre.targets = {{table.columns[column].name, static_cast<std::int64_t>(column)}};
    }
    return apply(pre, table);
  };
  return out;
}

// The columns as they are, in the table's order.
Way as_it_is(const onnx::Model& model, const Options& o) {
  TableSpec spec;
  if (!o.target.empty()) spec.targets = {o.target};
  spec.classes = o.classes;
  const run::Wants wants = run::wants_of(model);
  spec.integer_inputs = wants.integer_inputs;
  if (spec.classes.empty() && wants.labels) spec.classes = wants.labels->names;
  spec.classify = !spec.classes.empty() || run::tells_classes(model);
  Way out;
  out.csv.text = text_columns(spec);
  out.targets = spec.targets;
  out.prepare = [spec](const CsvTable& table) mutable {
    const std::size_t target = within(quote(table.source), [&] { return table.find(spec.targets[0]); });
    spec.classify = !table.columns[target].numeric;
    return prepare_data(table, spec, {}).data;
  };
  return out;
}

Asked from_table(const Options& o, const onnx::Model& model, const std::optional<PreparedBy>& prepared) {
  if (!o.split.empty() && o.split != "all") throw Error("--split ", o.split, ": a table has no splits, an experiment file has");
  if (!o.overrides.set.empty() || o.overrides.only) throw Error("--set and --only speak of an experiment file, ", quote(o.data), " is a table");
  if (is_array_file(o.data)) throw Error(quote(o.data), " is an array, which does not say what its target is: name the experiment file that gives both");
  Asked out;
  const Way way = prepared ? by_preprocess(prepared->preprocess, o) : as_it_is(model, o);
  out.table = read_csv(o.data, way.csv);
  TableSpec left_out;
  left_out.targets = way.targets, left_out.drop_without_target = true;
  if (!way.targets.empty())
    if (const std::string said = drop_without_target(out.table, left_out); !said.empty()) note(said);
  out.prepare = way.prepare;
  out.data = out.prepare(out.table);
  out.rows = all_rows(out.data), out.part = "all";
  return out;
}

// The trial that the model's name tells (RUN/TRIAL, RUN/models/TRIAL.best.onnx): where each has a split of its own, its rows are asked about. Null: none.
const spec::Trial* trial_of(const spec::Study& study, const std::string& model) {
  std::string name = fs::absolute(model).lexically_normal().generic_string();
  for (const std::string_view end : {"/", ".onnx", ".best", ".average", "/last", "/best", "/average"})
    if (name.ends_with(end)) name.resize(name.size() - end.size());
  const auto it = std::ranges::find_if(study.trials, [&](const spec::Trial& trial) { return name.ends_with("/" + trial.id); });
  return it == study.trials.end() ? nullptr : &*it;
}

Asked from_experiment(const Options& o, const onnx::Model& model, const std::optional<PreparedBy>& prepared) {
  if (!o.target.empty() || !o.classes.empty()) throw Error("the target stands in ", quote(o.data), ": --set data.target=… changes it there");
  const auto study = spec::read_study(o.data, run::vocabulary(), o.overrides);
  const spec::Trial* own = study.axes.split_varies() ? trial_of(study, o.model) : nullptr;
  const spec::Trial& trial = own ? *own : study.trials.front();
  const spec::Experiment& e = trial.experiment();
  const auto parts = run::Assembler().data(e, run::wants_of(model));
  Asked out;
  out.table = parts->table;
  if (parts->preprocess.arrays.empty())
    out.prepare = [pre = prepared ? prepared->preprocess : parts->preprocess, ignored = e.loss.ignore_index](const CsvTable& table) {
      Dataset data = apply(pre, table);
      if (ignored) run::ignore_class(data, *ignored);
      return data;
    };
  out.data = prepared ? run::prepared_by(prepared->preprocess, *parts) : parts->data;
  if (prepared && e.loss.ignore_index) run::ignore_class(out.data, *e.loss.ignore_index);
  const Split& s = parts->split;
  out.part = !o.split.empty() ? o.split : s.validation.empty() ? "all" : "validation";
  out.rows = out.part == "train" ? s.train : out.part == "validation" ? s.validation : out.part == "test" ? s.test : all_rows(out.data);
  if (out.rows.empty()) throw Error(quote(o.data), " keeps no ", out.part, " rows").code(Exit::mismatch);
  const bool several = std::ranges::any_of(study.axes.all, [](const Axis& axis) { return axis.splits && axis.levels.size() > 1; });
  if (several && out.part != "all")
    note(cat("there are several splits, this is the one of ", study.axes.split_of(trial.levels),
             own ? ", as the model's" : ": the model's name does not say which is its own, and rows of another may be rows it was trained on"));
  out.question.loss = e.loss;
  if (e.loss.balanced) out.question.loss->class_weights = balanced_weights(parts->data, parts->split.train), out.question.loss->balanced = false;
  out.question.metrics = e.metrics;
  return out;
}

void execute(const Options& o) {
  const fs::path file = model_file(o.model);
  const onnx::Model model = onnx::read_model(file);  // says itself which file
  const auto prepared = find_preprocess(file, model, o.preprocess);
  const std::string extension = lower(fs::path(o.data).extension().string());
  const bool experiment = extension == ".yaml" || extension == ".yml";
  Asked asked = experiment ? from_experiment(o, model, prepared) : from_table(o, model, prepared);
  if (!o.metrics.empty()) asked.question.metrics = o.metrics;
  if (!o.scores.empty()) asked.question.scores = o.scores == "logits" ? Form::logits : Form::probabilities;
  const auto score = within(printable(file.string()), [&] { return run::evaluate(model, asked.data, asked.rows, asked.question); });
  report::EvaluationReport report;
  report.model = file.string();
  report.prepared_by = prepared ? prepared->file : experiment ? o.data : "";
  report.data = asked.data.source, report.part = asked.part;
  report.loss = score.loss, report.loss_value = score.loss_value;
  if (const auto& scaling = asked.data.target_scaling; !scaling.empty() && !score.loss.empty()) {
    report.loss_scaled = true;
    const LossRow* loss = find_loss(score.loss);
    if (scaling.scale.size() == 1 && loss) report.loss_own = in_own_unit(loss->kind, score.loss_value, scaling.scale[0]);
  }
  report.metrics = score.metrics, report.values = score.values, report.percent = score.percent, report.details = score.details;
  report.notes = score.notes;
  report::add_baseline(report, asked.data, asked.rows);
  if (o.importance) {
    const auto found = within(printable(file.string()), [&] {
      return asked.prepare ? run::importance(model, asked.table, asked.prepare, asked.rows, asked.question, o.repeats, o.seed)
                           : run::importance(model, asked.data, asked.rows, asked.question, o.repeats, o.seed);
    });
    report.importance_metric = found.metric, report.repeats = o.repeats;
    for (const auto& column : found.columns) report.importance.push_back({column.column, column.mean, column.deviation});
  }
  if (!o.json)
    for (const auto& each : report.notes) note(each);
  print(o.json ? report::json(report) : report::text(report));
}
}  // namespace

void add_evaluate(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("evaluate", "Loss and metrics of a model on the rows of a table");
  auto o = std::make_shared<Options>();
  command->add_option("model", o->model, "an ONNX file, or a trial's folder")->required();
  command->add_option("data", o->data, "a table with the target, or an experiment file")->required();
  command->add_option("--metrics", o->metrics, "which: accuracy,auc,… (default: the experiment's)")->delimiter(',')->allow_extra_args(false)->type_name("LIST");
  command->add_option("--target", o->target, "the target (default: the model's, else the last)")->type_name("COLUMN");
  command->add_option("--classes", o->classes, "the classes in the order of the model's outputs")->delimiter(',')->allow_extra_args(false)->type_name("LIST");
  command->add_option("--split", o->split, "of an experiment file (default: validation, else all)")
      ->check(CLI::IsMember({"train", "validation", "test", "all"}));
  command->add_option("--preprocess", o->preprocess, "a preprocess.json (default: the one of the run)")->type_name("FILE");
  command->add_option("--scores", o->scores, "what the output is, where its nodes do not tell")
      ->check(CLI::IsMember({"logits", "probabilities"}));
  command->add_flag("--importance", o->importance, "what the first metric loses with each column shuffled");
  command->add_option("--repeats", o->repeats, "of --importance: shuffles a column (5)")->check(CLI::Range(1, 10000))->type_name("N");
  command->add_option("--seed", o->seed, "of --importance (0)")->type_name("N");
  override_options(*command, o->overrides);
  command->add_flag("--json", o->json, "one JSON document");
  command->callback([o] { execute(*o); });
}

}  // namespace lehr::cli
