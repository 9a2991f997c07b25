#include "experiments/run/assemble.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "engine/ops/standard.h"
#include "engine/train/batches.h"
#include "engine/train/init.h"

namespace lehr::run {

namespace {
// A key for sharing: the fields that decide a part, written out.
std::string pairs(const auto& list) {
  std::string out;
  for (const auto& [a, b] : list) out += cat(a, "=", b, ";");
  return out;
}

std::string data_key(const spec::Experiment& e) {
  const spec::DataSpec& d = e.data;
  return cat(d.file.string(), "|", d.header ? cat(*d.header) : "-", d.delimiter ? std::string(1, *d.delimiter) : "-", "|", d.target.column, "|",
             join(d.target.classes, ","), "|", join(d.columns, ","), "|", join(d.drop, ","), "|", join(d.categorical, ","), "|", d.encode, "|", pairs(d.inputs),
             "|", join(d.missing, ","), "|", static_cast<int>(d.impute), static_cast<int>(d.scale), "|", d.divide, "|", d.validation, "|", d.test, "|",
             d.validation_rows, "|", d.test_rows, "|", d.take, "|", d.split_seed, "|", e.loss.type);
}

std::string model_key(const spec::Experiment& e) {
  std::string frozen;
  for (const auto& rule : e.params)
    if (rule.freeze) frozen += rule.pattern + ";";
  return cat(e.model.file.string(), "|", e.model.output.value_or("-"), "|", static_cast<int>(e.model.scores), "|", e.loss.type, "|", e.loss.class_weights, "|",
             e.loss.ignore_index ? cat(*e.loss.ignore_index) : "-", "|", e.loss.label_smoothing, "|", e.loss.delta, "|", frozen);
}

bool classification(const spec::Experiment& e) { return e.loss.type == "binary_crossentropy" || e.loss.type == "categorical_crossentropy"; }

TableSpec table_spec(const spec::Experiment& e) {
  const spec::DataSpec& d = e.data;
  TableSpec t;
  t.target = d.target.column;
  t.classes = d.target.classes;
  t.classify = classification(e);
  t.columns = d.columns;
  t.drop = d.drop;
  t.categorical = d.categorical;
  t.encode = d.encode == "code" ? TableSpec::Encode::code : TableSpec::Encode::one_hot;
  for (const auto& [input, columns] : d.inputs) t.inputs[input] = columns;
  using S = spec::DataSpec;
  t.impute = d.impute == S::Impute::mean     ? TableSpec::Impute::mean
             : d.impute == S::Impute::median ? TableSpec::Impute::median
             : d.impute == S::Impute::zero   ? TableSpec::Impute::zero
                                             : TableSpec::Impute::error;
  t.scale = d.scale == S::Scale::standard ? TableSpec::Scale::standard
            : d.scale == S::Scale::minmax ? TableSpec::Scale::minmax
            : d.scale == S::Scale::divide ? TableSpec::Scale::divide
                                          : TableSpec::Scale::none;
  t.divide = d.divide;
  return t;
}

SplitOptions split_options(const spec::DataSpec& d) {
  SplitOptions s;
  s.validation = d.validation, s.test = d.test;
  s.validation_rows = d.validation_rows, s.test_rows = d.test_rows;
  s.take = d.take == "tail" ? SplitOptions::Take::tail : d.take == "stratified" ? SplitOptions::Take::stratified : SplitOptions::Take::random;
  s.seed = d.split_seed;
  return s;
}

LossSpec loss_spec(const spec::Experiment& e) {
  static const std::map<std::string, LossKind> kinds = {{"binary_crossentropy", LossKind::binary_cross_entropy},
                                                        {"categorical_crossentropy", LossKind::cross_entropy},
                                                        {"mse", LossKind::mse},
                                                        {"mae", LossKind::mae},
                                                        {"huber", LossKind::huber}};
  LossSpec l;
  l.kind = kinds.at(e.loss.type);
  l.output = e.model.output.value_or("");
  if (e.model.scores == spec::ModelSpec::Scores::logits) l.scores = Form::logits;
  if (e.model.scores == spec::ModelSpec::Scores::probabilities) l.scores = Form::probabilities;
  l.delta = static_cast<float>(e.loss.delta);
  l.label_smoothing = static_cast<float>(e.loss.label_smoothing);
  l.ignore_index = e.loss.ignore_index;
  l.class_weights.assign(e.loss.class_weights.begin(), e.loss.class_weights.end());
  return l;
}

void check_binary(const Dataset& data) {
  if (data.classes.size() != 2)
    throw Error("binary_crossentropy needs 2 classes, ", data.source, " has ", data.classes.size(), " (", join(data.classes, ", "), ")").code(Exit::mismatch);
}

std::vector<std::string> integer_inputs(const TrainGraph& model) {
  std::vector<ValueId> inputs = model.graph.inputs;
  std::erase_if(inputs, [&](ValueId id) { return model.graph.value(id).name == model.target; });
  std::vector<std::string> out;
  for (const ValueId id : inputs)
    if (const Value& v = model.graph.value(id); v.type && !is_float(v.type->dtype)) out.push_back(inputs.size() == 1 ? std::string() : v.name);
  return out;
}

// What can be said before anything is compiled for good: every row's scores against the target.
void check_fit(const spec::Experiment& e, const ModelParts& model, const DataParts& data, std::int64_t batch) {
  const ValueId wanted[] = {model.train.scores, model.train.loss};
  const Typing typing = type_graph(model.train.graph, standard_ops(), batch, Mode::train, std::span(wanted, 1));
  if (!typing.problems.empty()) throw Error(join(typing.problems, "\n")).code(Exit::mismatch);
  const Shape scores = typing.types[static_cast<std::size_t>(model.train.scores)]->shape;
  const std::int64_t width = elements(scores) / batch;
  const auto classes = static_cast<std::int64_t>(data.data.classes.size());
  const std::int64_t expected = e.loss.type == "categorical_crossentropy" ? classes : e.loss.type == "binary_crossentropy" ? 1 : data.data.target.width();
  if (scores.empty() || scores[0] != batch || width != expected)
    throw Error("the loss ", e.loss.type, " needs ", expected, " score", expected == 1 ? "" : "s", " a row (",
                classes > 0 ? cat(classes, " classes") : cat(data.data.target.width(), " target values"), "), the model gives ", scores, " for ", batch,
                " rows")
        .code(Exit::mismatch);
  if (!e.loss.class_weights.empty() && static_cast<std::int64_t>(e.loss.class_weights.size()) != classes)
    throw Error(e.loss.class_weights.size(), " class weights given for ", classes, " classes").code(Exit::mismatch);
}
}  // namespace

std::shared_ptr<const DataParts> Assembler::data(const spec::Experiment& e, const std::vector<std::string>& integer_inputs) {
  auto& slot = data_[data_key(e) + "|" + join(integer_inputs, ",")];
  if (slot) return slot;
  auto out = std::make_shared<DataParts>();
  CsvOptions csv;
  csv.header = e.data.header;
  csv.delimiter = e.data.delimiter;
  csv.missing = e.data.missing;
  const std::string content = read_file(e.data.file);
  out->fingerprint = fingerprint(content);
  out->table = parse_csv(content, e.data.file.filename().string(), csv);
  TableSpec table = table_spec(e);
  table.integer_inputs = integer_inputs;
  auto prepared = prepare_data(out->table, table, split_options(e.data));
  out->data = std::move(prepared.data);
  out->split = std::move(prepared.split);
  out->preprocess = std::move(prepared.preprocess);
  if (e.loss.type == "binary_crossentropy") check_binary(out->data);
  return slot = out;
}

std::shared_ptr<const ModelParts> Assembler::model(const spec::Experiment& e) {
  auto& slot = model_[model_key(e)];
  if (slot) return slot;
  auto out = std::make_shared<ModelParts>();
  out->model = onnx::read_model(e.model.file);  // says itself which file
  within([&] { return printable(e.model.file.string()); },
         [&] {
           PrepareOptions options;
           options.losses = {loss_spec(e)};
           for (const auto& rule : e.params)
             if (rule.freeze) options.freeze.push_back(rule.pattern);
           Prepared prepared = prepare(out->model.graph, options);
           out->parameters = parameter_table(prepared.graph);
           out->train.graph = std::move(prepared.graph);
           out->train.loss = prepared.loss;
           const Head& head = prepared.heads.at(0);
           out->train.scores = head.value;
           out->train.logits = head.form == Form::logits;
           out->train.target = out->train.graph.value(prepared.targets.at(0)).name;
           out->head = head;
           out->classes = classification(e);
           out->notes = out->model.notes;
           out->notes.insert(out->notes.end(), prepared.notes.begin(), prepared.notes.end());
           if (std::ranges::none_of(out->train.graph.values(), [](const Value& v) { return v.role == Role::parameter; }))
             throw Error("the model has no trainable weight").code(Exit::mismatch);
           out->fingerprint = fingerprint(read_file(e.model.file));
         });
  return slot = out;
}

std::shared_ptr<const Parts> Assembler::parts(const spec::Experiment& e) {
  const std::string growth = e.batch.schedule ? cat(e.batch.schedule->text(), " over ", e.epochs) : std::string();
  const std::string key = cat(data_key(e), "||", model_key(e), "||", e.batch.size, "|", growth, "|", e.batch.keep_last, "|", e.accumulate, "|",
                              e.model.batch_statistics, "|", e.threads);
  auto& slot = parts_[key];
  if (slot) return slot;
  auto out = std::make_shared<Parts>();
  out->model = model(e);
  out->data = data(e, integer_inputs(out->model->train));
  PlanSizes& s = out->sizes;
  s.batch = e.batch.size;
  if (e.batch.schedule) s.growth = PlanSizes::Growth{e.batch.schedule->clone(), e.epochs};
  s.train_rows = static_cast<std::int64_t>(out->data->split.train.size());
  s.validation_rows = static_cast<std::int64_t>(out->data->split.validation.size());
  s.test_rows = static_cast<std::int64_t>(out->data->split.test.size());
  s.keep_last = e.batch.keep_last;
  s.accumulate = e.accumulate;
  s.batch_statistics = e.model.batch_statistics;
  s.threads = std::max(1, e.threads);
  out->key = cat(model_key(e), "||", s.batch, s.keep_last, "|", s.train_rows, "|", s.validation_rows, "|", s.test_rows, "|", s.accumulate, "|", s.batch_statistics);
  if (s.batch > s.train_rows)
    throw Error(e.located("batch.size", cat("batch ", s.batch, " is larger than the ", s.train_rows, " training rows"))).code(Exit::mismatch);
  if (s.growth) {
    try {
      Batches(s, e.epochs).sizes();
    } catch (const Error& error) {
      throw Error(e.located("batch.size", error.sentence()));
    }
  }
  within([&] { return printable(e.model.file.string()); }, [&] { check_fit(e, *out->model, *out->data, s.batch); });
  return slot = out;
}

TrialJob make_job(const spec::Trial& trial, const Parts& parts) {
  const spec::Experiment& e = trial.experiment;
  TrialJob out;
  out.optimizer = standard_optimizers().find(e.optimizer.type).make(e.optimizer.options);
  Job& job = out.job;
  job.model = &parts.model->train;
  job.data = &parts.data->data;
  job.split = &parts.data->split;
  job.optimizer = out.optimizer.get();
  for (const auto& [name, schedule] : e.optimizer.hypers) job.hypers[name] = schedule.clone();
  std::vector<std::string> names;
  for (const Value& v : parts.model->train.graph.values())
    if (v.role == Role::parameter) names.push_back(v.name);
  for (const auto& rule : e.params) {
    if (rule.freeze) continue;
    if (std::ranges::none_of(names, [&](const std::string& n) { return matches(rule.pattern, n); }))
      throw Error(e.located("params." + rule.pattern, cat("pattern ", quote(rule.pattern), " matches no parameter", did_you_mean(rule.pattern, names),
                                                          " (parameters: ", join(names, ", "), ")")));
    HyperRule r;
    r.pattern = rule.pattern;
    r.lr_scale = rule.lr_scale.value_or(1);
    for (const auto& [name, schedule] : rule.hypers) r.hypers[name] = schedule.clone();
    job.rules.push_back(std::move(r));
  }
  for (const auto& [key, quantity] : e.quantities) job.quantities.emplace(key, quantity.clone());
  job.clip_form = e.clip_form == "keras" ? ClipForm::keras : e.clip_form == "optax" ? ClipForm::optax : ClipForm::torch;
  job.clip_epsilon = e.clip_epsilon;
  if (e.average) {
    job.average = AverageRule{e.average->type, e.average->options, e.average->numbers};
    const Clock clock = run_clock(parts.sizes, e.epochs);
    for (const auto& [name, span] : e.average->moments) job.average->numbers[name] = std::max(1.0, std::round(span.steps(clock)));
  }
  if (const auto& nodes = parts.model->train.graph.nodes(); e.quantities.contains("dropout") && std::ranges::count(nodes, "Dropout", &Node::op) == 0)
    throw Error(e.located("dropout", cat(printable(e.model.file_as_written), " has no Dropout: there is no ratio to set"))).code(Exit::mismatch);
  job.metrics = e.metrics;
  for (const std::string& metric : e.metrics)
    if (const bool classes = !parts.data->data.classes.empty(); metric_row(metric).classification != classes)
      throw Error(
          e.located("metrics", cat("metric ", metric, classes ? " is for regression, the target is a class" : " is for classes, the target is a number")));
  job.epochs = e.epochs;
  job.evaluate_every = e.evaluate_every;
  job.seed = trial.seed;
  job.shuffle = e.batch.shuffle;
  for (const auto& [pattern, kind] : e.model.init) out.init.push_back({pattern, kind});
  return out;
}

std::string balance_text(const DataParts& d, const std::vector<std::int32_t>& rows) {
  constexpr std::size_t listed = 4;
  const Balance b = balance(d.data, rows);
  if (b.counts.size() <= listed) return text(b, d.data.classes);
  const auto [low, high] = std::ranges::minmax(b.counts);
  return cat(grouped(b.rows), " (", b.counts.size(), " classes of ", low == high ? cat(grouped(low)) : cat(grouped(low), " to ", grouped(high)), " rows)");
}

std::string data_line(const spec::Experiment& e, const DataParts& d) {
  std::string out = cat(printable(e.data.file.filename().string()), "  ", grouped(d.data.rows), " rows -> train ", balance_text(d, d.split.train));
  if (!d.split.validation.empty()) out += ", validation " + balance_text(d, d.split.validation);
  if (!d.split.test.empty()) out += ", test " + balance_text(d, d.split.test);
  const auto& judged = d.split.validation.empty() ? d.split.test : d.split.validation;
  if (!d.data.classes.empty() && !judged.empty()) {
    const Balance b = balance(d.data, judged);
    out += cat("   always answering ", printable(d.data.classes[b.majority]), " scores ", fixed(100 * b.fraction, 2), " %");
  }
  return out;
}

onnx::Written export_model(const ModelParts& model, const Weights& weights) {
  std::map<std::string, Tensor> values;
  for (const Parameter& p : weights.parameters()) values.emplace(p.name, Tensor(p.shape, std::span<const float>(weights.value(p))));
  for (const Parameter& p : weights.states())  // a pass may have split a state from a weight the file stores once: it has no place there
    if (model.model.graph.find(p.name) != no_value) values.emplace(p.name, Tensor(p.shape, std::span<const float>(weights.state(p))));
  return onnx::write_model(model.model, values);
}

}  // namespace lehr::run
