#include "experiments/run/fit_check.h"

#include <algorithm>
#include <numeric>

#include "base/readable.h"
#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "graph/passes/passes.h"
#include "graph/traits/traits.h"

namespace lehr::run {

void check_binary(const DataParts& parts) {
  const Dataset& data = parts.data;
  if (data.classes.empty()) {
    const auto width = static_cast<std::size_t>(data.target.width());
    for (std::size_t i = 0; i < static_cast<std::size_t>(data.rows) * width; ++i)
      if (const double y = data.target.value(i); y != 0 && y != 1)
        throw Error("binary_crossentropy takes target columns of 0 and 1: ",
                    !parts.preprocess.arrays.empty() ? cat("row ", i / width, ", value ", i % width, " (both from 0)")
                    : parts.preprocess.targets.empty()
                        ? cat("row ", i / width + 1)
                        : parts.table.place(static_cast<std::int64_t>(i / width), static_cast<std::size_t>(parts.preprocess.targets[i % width].index)),
                    " is ", y, " in ", data.source)
            .code(Exit::mismatch);
    return;
  }
  if (data.classes.size() != 2)
    throw Error("binary_crossentropy needs 2 classes, ", data.source, " has ", data.classes.size(), " (", join(data.classes, ", "), ")").code(Exit::mismatch);
}

void check_inputs(const spec::Experiment& e, const TrainGraph& model, const Dataset& data) {
  std::vector<std::string> inputs, fields;
  for (const ValueId id : model.graph.inputs)
    if (const std::string& name = model.graph.value(id).name; name != model.target && name != model.weights) inputs.push_back(name);
  for (const Field& field : data.features) fields.push_back(field.name);
  if (inputs.size() == 1 && fields.size() == 1) return;
  std::vector<std::string> problems;
  for (const std::string& field : fields)
    if (std::ranges::find(inputs, field) == inputs.end())
      problems.push_back(
          field.empty()
              ? e.located("data", cat("the model has ", inputs.size(), " inputs (", join(inputs, ", "), "): data.inputs names the columns of each"))
              : e.located("data.inputs", cat("the model has no input ", quote(field), did_you_mean(field, inputs), " (inputs: ", join(inputs, ", "), ")")));
  for (const std::string& input : inputs)
    if (std::ranges::find(fields, input) == fields.end() && !fields.front().empty())
      problems.push_back(e.located("data.inputs", cat("the model's input ", quote(input), " gets no columns", did_you_mean(input, fields))));
  if (!problems.empty()) throw Error(join(problems, "\n")).code(Exit::mismatch);
}

namespace {
// Where the whole numbers of an input go as they are: its columns, or one of them.
struct Codes {
  const InputPlan* input;
  std::optional<std::size_t> column;
};
std::optional<Codes> codes_of(const Graph& graph, const Typing& typing, ValueId id, const std::map<ValueId, const InputPlan*>& inputs) {
  const auto count = [&](ValueId of) {
    const auto& type = typing.types.at(static_cast<std::size_t>(of));
    return type ? elements(type->shape) : -1;
  };
  for (int steps = 0; steps < 64; ++steps) {
    if (const auto at = inputs.find(id); at != inputs.end()) return Codes{at->second, {}};
    const auto node = std::ranges::find_if(graph.nodes(), [&](const Node& n) { return std::ranges::find(n.out, id) != n.out.end(); });
    if (node == graph.nodes().end() || node->in.empty()) return std::nullopt;
    const Traits& t = traits(*node);
    if (t.looks_up && node->in.size() == 2 && graph.value(node->in[1]).data && elements(graph.value(node->in[1]).data->shape()) == 1) {
      auto picked = codes_of(graph, typing, node->in[0], inputs);
      const std::int64_t at = graph.value(node->in[1]).data->integers().at(0);
      if (!picked || picked->column || at < 0 || at >= static_cast<std::int64_t>(picked->input->columns.size())) return std::nullopt;
      picked->column = static_cast<std::size_t>(at);
      return picked;
    }
    if (!t.carries && t.does != Does::identity && t.does != Does::cast) return std::nullopt;
    if (count(node->in[0]) < 0 || count(node->in[0]) != count(id)) return std::nullopt;  // some of them only
    id = node->in[0];
  }
  return std::nullopt;
}

// A node that looks up in a table of so many rows.
struct Lookup {
  const Node* node;
  std::int64_t rows;
};

std::size_t picked_axis(const Node& node, std::size_t rank) {
  const auto at = node.attrs.find("axis");
  const auto* axis = at == node.attrs.end() ? nullptr : std::get_if<std::int64_t>(&at->second);
  if (!axis || *axis == 0) return 0;
  const std::int64_t from_front = *axis < 0 ? *axis + static_cast<std::int64_t>(rank) : *axis;
  return from_front >= 0 && from_front < static_cast<std::int64_t>(rank) ? static_cast<std::size_t>(from_front) : 0;
}

// What computes a value, where that is data and settings alone: nothing that training moves.
std::optional<Graph> computing(const TrainGraph& model, ValueId id) {
  Graph graph = model.graph;
  const ValueId wanted[] = {id};
  prune(graph, wanted);
  if (graph.inputs.empty()) return std::nullopt;
  for (const ValueId input : graph.inputs)
    if (graph.value(input).name == model.target || graph.value(input).name == model.weights) return std::nullopt;
  for (const Node& node : graph.nodes())
    for (const ValueId in : node.in)
      if (in != no_value && (graph.value(in).role == Role::parameter || graph.value(in).role == Role::state)) return std::nullopt;
  graph.outputs = {id};
  for (ValueId v = 0; v < static_cast<ValueId>(graph.values().size()); ++v)  // none is read: no room for them
    if (Value& value = graph.value(v); value.role == Role::parameter || value.role == Role::state) value.role = Role::constant;
  return graph;
}

// "" where every index that the rows lead to is in the table.
std::string out_of(const TrainGraph& model, const Dataset& data, const Lookup& lookup) {
  constexpr std::int64_t most = 1024;
  const ValueId id = lookup.node->in[1];
  const auto graph = computing(model, id);
  if (!graph || data.rows == 0) return {};
  const Weights weights(*graph);
  std::vector<std::int32_t> rows;
  for (std::int64_t at = 0, batch = std::min(most, data.rows); at < data.rows;) {
    CompileOptions options;
    options.batch = std::min(batch, data.rows - at);
    options.mode = Mode::evaluate;
    options.outputs = {id};
    Plan plan = compile(*graph, standard_ops(), weights, options);
    const Feed feed(plan, data, model.target);
    for (; at + options.batch <= data.rows; at += options.batch) {
      rows.resize(static_cast<std::size_t>(options.batch));
      std::iota(rows.begin(), rows.end(), static_cast<std::int32_t>(at));
      feed.fill(rows);
      plan.forward();
      const auto indices = plan.output_i64(id);
      const auto bad = std::ranges::find_if(indices, [&](std::int64_t i) { return i >= lookup.rows || i < -lookup.rows; });
      if (bad == indices.end()) continue;
      const std::size_t per_row = std::max<std::size_t>(1, indices.size() / rows.size());
      return cat("row ", at + (bad - indices.begin()) / static_cast<std::ptrdiff_t>(per_row) + 1, " of ", printable(data.source), " leads to the index ", *bad,
                 " in ", quote(model.graph.value(lookup.node->in[0]).name), ", which ", describe(model.graph, *lookup.node), " looks it up in, which has ",
                 lookup.rows, lookup.rows == 1 ? " row" : " rows");
    }
  }
  return {};
}

}  // namespace

void check_lookups(const TrainGraph& model, const DataParts& data) {
  const Graph& graph = model.graph;
  std::map<ValueId, const InputPlan*> inputs;
  for (std::size_t i = 0; i < data.data.features.size() && i < data.preprocess.inputs.size(); ++i)
    for (const ValueId id : graph.inputs)
      if (const std::string& name = graph.value(id).name;
          data.data.features[i].dtype == Dtype::i64 && name != model.target && (name == data.data.features[i].name || data.data.features.size() == 1))
        inputs[id] = &data.preprocess.inputs[i];
  std::vector<std::string> problems;
  std::vector<Lookup> others;
  std::vector<ValueId> indices;
  for (const Node& node : graph.nodes())
    if (traits(node).looks_up && node.in.size() > 1) indices.push_back(node.in[1]);
  if (indices.empty()) return;
  const Typing typing = type_graph(graph, standard_ops(), 2, Mode::evaluate, indices);
  for (const Node& node : graph.nodes()) {
    if (!traits(node).looks_up || node.in.size() < 2) continue;
    const Value& table = graph.value(node.in[0]);
    if (!table.data || table.data->shape().empty() || graph.value(node.in[1]).data) continue;
    const std::size_t axis = picked_axis(node, table.data->shape().size());
    const std::int64_t rows = table.data->shape()[axis];
    const auto codes = axis == 0 ? codes_of(graph, typing, node.in[1], inputs) : std::nullopt;
    if (!codes) {
      others.push_back({&node, rows});
      continue;
    }
    const auto input = static_cast<std::size_t>(codes->input - data.preprocess.inputs.data());
    const Field& field = data.data.features[input];
    for (std::size_t c = 0; c < codes->input->columns.size(); ++c) {
      if (codes->column && *codes->column != c) continue;
      const ColumnPlan& plan = codes->input->columns[c];
      std::int64_t low = 0, high = static_cast<std::int64_t>(plan.categories.size()) - 1;
      if (!plan.is_category())
        for (std::size_t i = c; i < field.i64.size(); i += codes->input->columns.size()) low = std::min(low, field.i64[i]), high = std::max(high, field.i64[i]);
      if (high < rows && low >= -rows) continue;
      problems.push_back(cat("column ", quote(plan.name),
                             plan.is_category() ? cat(" has ", plan.categories.size(), " names") : cat(" holds ", high < rows ? low : high), ", but ",
                             quote(table.name), ", which ", describe(graph, node), " looks ",
                             codes->column || codes->input->columns.size() == 1 ? "it" : "them", " up in, has ", rows, rows == 1 ? " row" : " rows"));
    }
  }
  for (const Lookup& lookup : others)
    if (std::string problem = out_of(model, data.data, lookup); !problem.empty()) problems.push_back(std::move(problem));
  if (!problems.empty()) throw Error(join(problems, "\n")).code(Exit::mismatch);
}

std::vector<std::string> class_notes(const Dataset& data, std::span<const std::int32_t> train, std::optional<std::int64_t> uncounted) {
  std::vector<std::string> out;
  if (data.classes.size() < 2) return out;
  const Balance all = balance(data, train);
  std::vector<std::string> without;
  const auto counts = [&](std::size_t c) { return !uncounted || static_cast<std::int64_t>(c) != *uncounted; };
  for (std::size_t c = 0; c < all.counts.size(); ++c)
    if (counts(c) && all.counts[c] == 0) without.push_back(printable(data.classes[c]));
  if (without.size() + 1 + (uncounted ? 1 : 0) == all.counts.size())
    out.push_back(cat("every training row is of class ", printable(data.classes[all.majority]), ": there is nothing to tell apart"));
  else if (!without.empty())
    out.push_back(cat(without.size() == 1 ? "class " : "classes ", join(without, ", "), without.size() == 1 ? " has" : " have", " no training row"));
  if (const auto ignored = std::ranges::count(data.target.i64, std::int64_t{-1}); ignored > 0)
    out.push_back(
        cat(grouped(ignored), ignored == 1 ? " row does" : " rows do", " not count: ", uncounted ? "loss.ignore_index" : "data.target.ignore", " names ",
            ignored == 1 ? "its" : "their", " target"));
  return out;
}

std::vector<std::string> fill_notes(const DataParts& data) {
  std::vector<std::string> out;
  for (const InputPlan& input : data.preprocess.inputs)
    for (const ColumnPlan& plan : input.columns)
      if (const Column& column = data.table.columns.at(static_cast<std::size_t>(plan.index)); plan.fill_category && column.missing > 0)
        out.push_back(cat("column ", quote(plan.name), ": ", grouped(column.missing), column.missing == 1 ? " missing name counts" : " missing names count",
                          " as ", quote(*plan.fill_category)));
  return out;
}

std::string mean_baseline(const DataParts& d, std::span<const std::int32_t> rows) {
  const MeanAnswer answer = mean_answer(d.data, d.split.train, rows);
  return cat("always answering the ", answer.means.size() == 1 ? cat("mean ", readable(answer.means[0], 4)) : std::string("means"), " has rmse ",
             readable(answer.rmse, 4));
}

std::optional<report::Baseline> baseline(const DataParts& d, TargetKind target) {
  if (!d.data.row_weights.empty()) return std::nullopt;
  if (target == TargetKind::values) {
    if (d.data.target.width() != 1) return std::nullopt;
    return report::Baseline{"rmse", mean_answer(d.data, d.split.train, d.split.validation).rmse, mean_answer(d.data, d.split.train, d.split.test).rmse};
  }
  if (d.data.classes.empty()) return std::nullopt;
  const std::size_t answer = balance(d.data, d.split.train).majority;
  const auto share = [&](std::span<const std::int32_t> rows) {
    const Balance b = balance(d.data, rows);
    return static_cast<double>(b.counts[answer]) / static_cast<double>(std::accumulate(b.counts.begin(), b.counts.end(), std::int64_t{0}));
  };
  return report::Baseline{"accuracy", share(d.split.validation), share(d.split.test)};
}

}  // namespace lehr::run
