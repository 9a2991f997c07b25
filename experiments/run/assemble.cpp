#include "experiments/run/assemble.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "engine/data/columns.h"
#include "engine/data/csv_oddities.h"
#include "engine/data/test_table.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/standard.h"
#include "engine/train/batches.h"
#include "engine/train/init.h"
#include "experiments/run/arrays.h"
#include "experiments/run/exported.h"
#include "experiments/run/faults.h"
#include "experiments/run/fit_check.h"
#include "experiments/run/network.h"
#include "experiments/run/start_weights.h"
#include "graph/traits/traits.h"

namespace lehr::run {

namespace {
std::vector<std::string> integer_inputs(const TrainGraph& model) {
  std::vector<ValueId> inputs = model.graph.inputs;
  std::erase_if(inputs, [&](ValueId id) { return model.graph.value(id).name == model.target || model.graph.value(id).name == model.weights; });
  std::vector<std::string> out;
  for (const ValueId id : inputs)
    if (const Value& v = model.graph.value(id); v.type && !is_float(v.type->dtype)) out.push_back(inputs.size() == 1 ? std::string() : v.name);
  return out;
}

// What can be said before anything is compiled for good: every row's scores against the target.
void check_fit(const LossSpec& spec, const ModelParts& model, const Dataset& data, std::int64_t batch) {
  const ValueId wanted[] = {model.train.scores, model.train.loss};
  const Typing typing = type_graph(model.train.graph, standard_ops(), batch, Mode::train, std::span(wanted, 1));
  if (!typing.problems.empty()) throw Error(join(typing.problems, "\n")).code(Exit::mismatch);
  const LossRow& loss = loss_row(spec.kind);
  const Shape scores = typing.types[static_cast<std::size_t>(model.train.scores)]->shape;
  const std::int64_t width = elements(scores) / batch;
  const auto classes = static_cast<std::int64_t>(data.classes.size());
  const std::int64_t expected = loss.target == TargetKind::classes ? classes : loss.target == TargetKind::binary && classes > 0 ? 1 : data.target.width();
  if (scores.empty() || scores[0] != batch || width != expected)
    throw Error("the loss ", loss.name, " needs ", expected, " score", expected == 1 ? "" : "s", " a row (",
                classes > 0 ? cat(classes, " classes") : cat(data.target.width(), " target values"), "), the model gives ", scores, " for ", batch, " rows",
                model.batch_kept.empty() ? "" : ": " + model.batch_kept)
        .code(Exit::mismatch);
}

// A batch of one row in which a norm on the statistics of the batch would see one value a channel is left out, or where all are such, refused.
void leave_single_rows_out(const spec::Experiment& e, const TrainGraph& model, PlanSizes& sizes) {
  if (!sizes.batch_statistics || std::ranges::none_of(model.graph.nodes(), is_batch_norm)) return;
  const auto norm = norm_of_one_value(model.graph, standard_ops(), model.loss, 1);
  const auto single = [&] { return Batches(sizes, e.epochs).sizes().front() == 1; };
  if (!norm || !single()) return;
  sizes.least_rows = 2;
  if (single())
    throw Error(e.located("batch.size", cat(*norm, " sees one value a channel in a batch of 1 row: its variance is 0, and nothing in front learns; "
                                            "take batches of 2 rows or more, or model: {batch_statistics: false}")))
        .code(Exit::mismatch);
}

// The batch against the rows there are.
void check_batch(const spec::Experiment& e, const PlanSizes& sizes) {
  if (sizes.batch > sizes.train_rows)
    throw Error(e.located("batch.last", cat("batch ", sizes.batch, " is larger than the ", sizes.train_rows,
                                            " training rows: with last: drop no row would train (last: keep trains them as one batch)")))
        .code(Exit::mismatch);
  if (!sizes.growth) return;
  try {
    Batches(sizes, e.epochs).sizes();
  } catch (const Error& error) {
    throw Error(e.located("batch.size", error.sentence()));
  }
}

std::shared_ptr<const DataParts> make_data(const DataKey& key, bool keep_cells) {
  if (key.data.arrays.given()) return make_arrays(key);
  auto out = std::make_shared<DataParts>();
  TableSpec table = key.data.table;
  CsvOptions csv = key.data.csv;
  csv.text = text_columns(table);
  out->table = read_csv(key.data.file, csv);
  std::vector<std::string> left_out;
  const auto leave_out = [&](CsvTable& of) {
    if (std::string note = drop_without_target(of, table); !note.empty())
      left_out.push_back(key.data.test_file.empty() ? note : cat(quote(of.source), ": ", note));
  };
  leave_out(out->table);
  const std::vector<OddColumn> odd_ones = odd_columns(out->table);
  if (!key.data.test_file.empty()) {
    CsvTable test = read_test_table(key.data.test_file, csv, out->table, within(quote(out->table.source), [&] { return target_columns(out->table, table); }));
    leave_out(test);
    join_test(out->table, std::move(test));
  }
  out->fingerprint = out->table.fingerprint;
  out->notes = out->table.notes;
  if (key.labels && table.classify && table.classes.empty()) {
    ClassOrder order = order_classes(*key.labels, read_target(out->table, table).classes);
    table.classes = std::move(order.classes);
    out->notes.push_back(std::move(order.note));
  }
  std::ranges::move(left_out, std::back_inserter(out->notes));
  FittedData fitted = fit_data(out->table, table, key.data.split);
  const auto is_feature = [&](std::size_t column) {
    return std::ranges::any_of(fitted.preprocess.inputs, [&](const InputPlan& input) {
      return std::ranges::find(input.columns, static_cast<std::int64_t>(column), &ColumnPlan::index) != input.columns.end();
    });
  };
  const FoldOptions fold = key.data.split.fold.value_or(FoldOptions{});
  for (const auto& [name, of] : {std::pair(&key.data.split.group, "data.split.group"), {&fold.group, "folds.group"}, {&fold.column, "folds.column"}})
    if (!name->empty() && is_feature(out->table.find(*name)))
      out->notes.push_back(cat("column ", quote(*name), " of ", of, " is a feature, too: data.drop leaves it out"));
  auto odd = odd_notes(out->table, odd_ones, is_feature);
  out->data = keep_cells ? apply(fitted, out->table) : consume(fitted, out->table);
  if (key.ignored) out->ignored = ignore_class(out->data, *key.ignored);
  out->split = std::move(fitted.split);
  out->preprocess = std::move(fitted.preprocess);
  std::ranges::move(class_notes(out->data, out->split.train, key.ignored), std::back_inserter(out->notes));
  std::ranges::move(fill_notes(*out), std::back_inserter(out->notes));
  std::ranges::move(odd, std::back_inserter(out->notes));
  return out;
}

// The values of model.weights; a run's fingerprint is then that of network and weights.
void start(ModelParts& out, Prepared& prepared, Network& network) {
  const StartWeights weights = read_start_weights(out.key.model.weights);
  Started started = start_from(weights, prepared, network.head);
  std::erase_if(out.fresh,
                [&](const std::string& name) { return std::ranges::find(started.taken, name) != started.taken.end() || started.frozen.contains(name); });
  out.taken = std::move(started.taken);
  out.frozen = std::move(started.frozen);
  network.notes.insert(network.notes.end(), started.notes.begin(), started.notes.end());
  std::string all = out.fingerprint;
  for (const auto& [name, tensor] : weights.tensors) all.append(name).append(reinterpret_cast<const char*>(tensor.data.data()), tensor.data.size());
  out.fingerprint = fingerprint(all);
}

template <class Check>
std::shared_ptr<const ModelParts> make_model(const ModelKey& key, const Check& check) {
  auto out = std::make_shared<ModelParts>();
  out->key = key;
  Network network = read_network(key);
  check(network.model.graph);
  out->model = std::move(network.model);
  out->fingerprint = std::move(network.fingerprint);
  out->fresh = std::move(network.fresh);
  within([&] { return key.model.title(); },
         [&] {
           PrepareOptions options;
           options.losses = {key.loss};
           options.freeze = key.freeze;
           options.roles = {key.roles, key.model.untie};
           if (key.model.batch_axis) options.batch_axis = static_cast<std::size_t>(*key.model.batch_axis);
           if (key.model.head && key.model.head->freeze_rest) options.only = network.head;
           Prepared prepared = prepare(out->model.graph, options);
           if (!key.model.weights.empty()) start(*out, prepared, network);
           out->options = options;
           out->parameters = parameter_table(prepared.graph);
           out->train.graph = std::move(prepared.graph);
           out->train.loss = prepared.loss;
           out->batch_kept = prepared.batch_kept;
           const Head& head = prepared.heads.at(0);
           out->train.scores = head.value;
           out->train.binary = loss_row(key.loss.kind).target == TargetKind::binary;
           out->train.logits = head.form == Form::logits;
           out->train.target = out->train.graph.value(prepared.targets.at(0)).name;
           if (key.loss.weighted) out->train.weights = out->train.graph.value(prepared.weights.at(0)).name;
           out->head = head;
           out->classes = loss_row(key.loss.kind).classifies();
           for (const auto& notes : {out->model.notes, network.notes, prepared.notes}) out->notes.insert(out->notes.end(), notes.begin(), notes.end());
           out->labels = own_labels(out->model);
           if (std::ranges::none_of(out->train.graph.values(), [](const Value& v) { return v.role == Role::parameter; }))
             throw Error("the model has no trainable weight").code(Exit::mismatch);
           out->integer_inputs = integer_inputs(out->train);
         });
  return out;
}
[[noreturn]] void raise(const spec::Experiment& e, const NoMatch& none) {
  KeyFaults fault(e);
  fault.add(none.key, none.sentence());
  fault.raise();
  throw none;
}
}  // namespace

std::shared_ptr<const DataParts> Assembler::data(const spec::Experiment& e, const Wants& wants) {
  const DataKey key = data_key(e, wants);
  auto out = data_.get(key, [&] {
    check_files(e, false);
    return make_data(key, keep_cells_);
  });
  if (loss_row(e.loss.kind).target == TargetKind::binary) check_binary(*out);
  if (e.loss.ignore_index && out->ignored == 0)
    raise(e, {"loss.ignore_index", "ignore_index is a position in the classes (", join(out->data.classes, ", "), ", counted from 0): no row is of class ",
              *e.loss.ignore_index, "; data.target.ignore names values that do not count"});
  return out;
}

std::shared_ptr<const ModelParts> Assembler::model(const spec::Experiment& e, bool weighted, const std::vector<float>& class_weights) {
  std::optional<MlpWidths> widths;
  if (e.model.mlp) widths = mlp_widths(e.loss, data(e)->data);
  ModelKey key = model_key(e, widths, weighted);
  if (!class_weights.empty()) key.loss.class_weights = class_weights;
  try {
    return model_.get(key, [&] {
      check_files(e, true);
      return make_model(key, [&](const Graph& graph) { check_names(e, graph); });
    });
  } catch (const NoMatch& none) {
    raise(e, none);
  }
}

std::shared_ptr<const Parts> Assembler::parts(const spec::Experiment& e) {
  auto model = this->model(e);
  const Wants wants{model->integer_inputs, model->labels};
  auto data = this->data(e, wants);
  const auto weighing = weighings_.get({data_key(e, wants), e.loss}, [&] {
    try {
      return std::make_shared<Weighing>(weigh(e.loss, data->data, data->split.train));
    } catch (const NoMatch& none) {
      raise(e, none);
    }
  });
  const bool fed = !weighing->counts.fed().empty() && weighing->fed;
  if (fed || !weighing->by_loss.empty()) model = this->model(e, fed, weighing->by_loss);
  PlanSizes sizes = plan_sizes(e);
  sizes.train_rows = static_cast<std::int64_t>(data->split.train.size());
  sizes.validation_rows = static_cast<std::int64_t>(data->split.validation.size());
  sizes.test_rows = static_cast<std::int64_t>(data->split.test.size());
  const bool short_batch = sizes.batch > sizes.train_rows && sizes.keep_last && !sizes.growth;
  if (short_batch) sizes.batch = sizes.train_rows;
  return parts_.get({data_key(e, wants), {model->key, sizes}, e.loss}, [&] {
    check_batch(e, sizes);
    auto out = std::make_shared<Parts>();
    out->data = data, out->model = model;
    out->counts = weighing->counts;
    out->notes = weighing->notes;
    if (out->counts.sum(data->split.train) == 0)
      throw Error("no training row of ", data->data.source, " counts: all are ignored or weigh 0").code(Exit::mismatch);
    within([&] { return e.model.title(); },
           [&] {
             check_fit(e.loss, *model, data->data, sizes.batch);
             for (std::string& note : check_array_shapes(model->train, data->data)) out->notes.push_back(std::move(note));
             check_inputs(e, model->train, data->data);
             check_lookups(model->train, *data);
             if (short_batch)
               out->notes.push_back(
                   cat("batch.size ", e.batch.size, " is more than the ", sizes.train_rows, " training rows: each epoch is one batch of them all"));
             if (const auto& classes = data->data.classes; model->labels && !classes.empty())
               if (auto note = check_labels(*model->labels, classes); note && !e.data.table.classes.empty()) out->notes.push_back(std::move(*note));
             leave_single_rows_out(e, model->train, sizes);
             out->sizes = sizes;
             Frame frame = make_frame(*model, *data);
             out->frame = std::move(frame.original);
             out->raw = std::move(frame.raw);
             out->notes.insert(out->notes.end(), frame.notes.begin(), frame.notes.end());
           });
    return out;
  });
}

std::vector<std::string> batch_norm_notes(const spec::Experiment& e, const Parts& parts) {
  const TrainGraph& model = parts.model->train;
  const PlanSizes& s = parts.sizes;
  std::vector<std::string> out;
  if (!s.batch_statistics || std::ranges::none_of(model.graph.nodes(), is_batch_norm)) return out;
  if (!e.model.running_variance && lower(parts.model->model.producer).starts_with("pytorch"))
    out.push_back(cat(e.model.written(), " comes from PyTorch, which moves the running variance of BatchNormalization by the batch's unbiased "
                      "variance; here it moves by the population's, as ONNX says (model: {batch_norm: {running_variance: unbiased}} does as PyTorch)"));
  if (s.least_rows > 1)
    if (const auto norm = norm_of_one_value(model.graph, standard_ops(), model.loss, 1))
      out.push_back(cat("the last batch of an epoch has 1 row (", s.train_rows, " rows", s.growth ? "" : cat(" in batches of ", s.batch), "): ", *norm,
                        " would see one value a channel, so that row is left out"));
  return out;
}

std::vector<std::string> start_notes(const spec::Experiment& e, const Parts& parts) {
  const ModelParts& model = *parts.model;
  std::vector<std::string> out, drawn;
  for (const std::string& name : model.taken)
    if (std::ranges::any_of(e.model.init, [&](const auto& rule) { return matches(rule.first, name); })) drawn.push_back(name);
  if (!drawn.empty())
    out.push_back(cat("model.init draws ", drawn.size(), " of the ", model.taken.size(), " tensors of model.weights anew: ", join(drawn, ", ")));
  if (e.model.head && e.model.head->freeze_rest && parts.sizes.batch_statistics) {
    const auto states = std::ranges::count(model.train.graph.values(), Role::state, &Value::role);
    if (states > 0)
      out.push_back(cat("model.head.freeze_rest freezes parameters; the ", states, " running statistics of BatchNormalization still move with the batches "
                        "(model: {batch_statistics: false} keeps the file's)"));
  }
  return out;
}

std::string balance_text(const DataParts& d, const std::vector<std::int32_t>& rows) {
  constexpr std::size_t listed = 4;
  const Balance b = balance(d.data, rows);
  if (b.counts.size() <= listed) return text(b, d.data.classes);
  const auto [low, high] = std::ranges::minmax(b.counts);
  return cat(grouped(b.rows), " (", b.counts.size(), " classes of ", low == high ? cat(grouped(low)) : cat(grouped(low), " to ", grouped(high)), " rows)");
}

std::string files_text(const DataParts& d) {
  if (d.table.files.empty()) return printable(d.data.source);
  std::vector<std::string> files;
  for (const CsvTable::File& file : d.table.files) files.push_back(cat(printable(file.source), " (", grouped(file.rows), file.rows == 1 ? " row)" : " rows)"));
  return join(files, " + ");
}

std::string data_line(const spec::Experiment& e, const DataParts& d) {
  std::string out = cat(files_text(d), d.table.files.empty() ? cat("  ", grouped(d.data.rows), " rows") : "", " -> train ", balance_text(d, d.split.train));
  if (!d.split.validation.empty()) out += ", validation " + balance_text(d, d.split.validation);
  if (!d.split.test.empty()) out += ", test " + balance_text(d, d.split.test);
  const auto& judged = d.split.validation.empty() ? d.split.test : d.split.validation;
  if (!d.data.classes.empty() && !judged.empty()) {
    const Balance b = balance(d.data, judged);
    if (b.counts[b.majority] > 0) out += cat("   always answering ", printable(d.data.classes[b.majority]), " scores ", fixed(100 * b.fraction, 2), " %");
  }
  if (loss_row(e.loss.kind).target == TargetKind::values && !judged.empty()) out += "   " + mean_baseline(d, judged);
  return out;
}

}  // namespace lehr::run
