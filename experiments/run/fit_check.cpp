#include "experiments/run/fit_check.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/readable.h"
#include "graph/traits/traits.h"

namespace lehr::run {

void check_binary(const DataParts& parts) {
  const Dataset& data = parts.data;
  if (data.classes.empty()) {
    const auto width = static_cast<std::size_t>(data.target.width());
    for (std::size_t i = 0; i < static_cast<std::size_t>(data.rows) * width; ++i)
      if (const double y = data.target.value(i); y != 0 && y != 1)
        throw Error("binary_crossentropy takes target columns of 0 and 1: ",
                    parts.preprocess.targets.empty()
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
std::optional<Codes> codes_of(const Graph& graph, ValueId id, const std::map<ValueId, const InputPlan*>& inputs) {
  for (int steps = 0; steps < 64; ++steps) {
    if (const auto at = inputs.find(id); at != inputs.end()) return Codes{at->second, {}};
    const auto node = std::ranges::find_if(graph.nodes(), [&](const Node& n) { return std::ranges::find(n.out, id) != n.out.end(); });
    if (node == graph.nodes().end() || node->in.empty()) return std::nullopt;
    const Traits& t = traits(*node);
    if (t.looks_up && node->in.size() == 2 && graph.value(node->in[1]).data && elements(graph.value(node->in[1]).data->shape()) == 1) {
      auto picked = codes_of(graph, node->in[0], inputs);
      const std::int64_t at = graph.value(node->in[1]).data->integers().at(0);
      if (!picked || picked->column || at < 0 || at >= static_cast<std::int64_t>(picked->input->columns.size())) return std::nullopt;
      picked->column = static_cast<std::size_t>(at);
      return picked;
    }
    if (!t.carries && t.does != Does::identity && t.does != Does::cast) return std::nullopt;
    id = node->in[0];
  }
  return std::nullopt;
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
  for (const Node& node : graph.nodes()) {
    if (!traits(node).looks_up || node.in.size() < 2) continue;
    const Value& table = graph.value(node.in[0]);
    const auto codes = table.data && !table.data->shape().empty() ? codes_of(graph, node.in[1], inputs) : std::nullopt;
    if (!codes) continue;
    const std::int64_t rows = table.data->shape()[0];
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
  if (!problems.empty()) throw Error(join(problems, "\n")).code(Exit::mismatch);
}

std::vector<std::string> class_notes(const Dataset& data, std::span<const std::int32_t> train) {
  std::vector<std::string> out;
  if (data.classes.size() < 2) return out;
  const Balance all = balance(data, train);
  std::vector<std::string> without;
  for (std::size_t c = 0; c < all.counts.size(); ++c)
    if (all.counts[c] == 0) without.push_back(printable(data.classes[c]));
  if (without.size() + 1 == all.counts.size())
    out.push_back(cat("every training row is of class ", printable(data.classes[all.majority]), ": there is nothing to tell apart"));
  else if (!without.empty())
    out.push_back(cat(without.size() == 1 ? "class " : "classes ", join(without, ", "), without.size() == 1 ? " has" : " have", " no training row"));
  if (const auto ignored = std::ranges::count(data.target.i64, std::int64_t{-1}); ignored > 0)
    out.push_back(
        cat(grouped(ignored), ignored == 1 ? " row does" : " rows do", " not count: data.target.ignore names ", ignored == 1 ? "its" : "their", " target"));
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

namespace {
struct MeanAnswer {
  double answer = 0, rmse = 0;  // of several columns the last's answer
};
MeanAnswer mean_answer(const DataParts& d, std::span<const std::int32_t> rows) {
  const Field& target = d.data.target;
  const auto width = static_cast<std::size_t>(target.width());
  double squares = 0, answer = 0;
  for (std::size_t k = 0; k < width; ++k) {
    const auto value = [&](std::int32_t row) { return target_value(d.data, row, k); };
    double sum = 0;
    for (const std::int32_t row : d.split.train) sum += value(row);
    answer = sum / static_cast<double>(d.split.train.size());
    for (const std::int32_t row : rows) squares += (value(row) - answer) * (value(row) - answer);
  }
  return {answer, std::sqrt(squares / static_cast<double>(rows.size() * width))};
}
}  // namespace

std::string mean_baseline(const DataParts& d, std::span<const std::int32_t> rows) {
  const MeanAnswer a = mean_answer(d, rows);
  return cat("always answering the ", d.data.target.width() == 1 ? cat("mean ", readable(a.answer, 4)) : std::string("means"), " has rmse ",
             readable(a.rmse, 4));
}

std::optional<report::Baseline> baseline(const DataParts& d, TargetKind target) {
  if (!d.data.row_weights.empty()) return std::nullopt;
  if (target == TargetKind::values) {
    if (d.data.target.width() != 1) return std::nullopt;
    return report::Baseline{"rmse", mean_answer(d, d.split.validation).rmse, mean_answer(d, d.split.test).rmse};
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
