#include "experiments/cli/start.h"

#include <algorithm>

#include "experiments/cli/starter.h"

namespace lehr::cli {

namespace {
constexpr std::size_t most_named = 200;  // columns

struct Input {
  std::string name;
  std::int64_t width = 0;  // values a row
  bool integer = false;
};

// Error: an input of which a table cannot give a row at a time.
std::vector<Input> inputs_of(const Attempt& a) {
  std::vector<Input> out;
  const Graph& graph = a.prepared.graph;
  for (const ValueId id : graph.inputs) {
    if (std::ranges::find(a.prepared.targets, id) != a.prepared.targets.end()) continue;
    const Value& value = graph.value(id);
    if (!value.type || !value.type->dims || value.type->dims->empty()) throw Error("input ", quote(value.name), " has no batch in front");
    const auto& dims = *value.type->dims;
    if (dims.front().size >= 0 && dims.front().size != a.batch)
      throw Error("input ", quote(value.name), " has ", dims.front().size, " rows, not the batch's ", a.batch);
    Input in{value.name, 1, !is_float(value.type->dtype)};
    for (std::size_t i = 1; i < dims.size(); ++i) in.width *= std::max<std::int64_t>(dims[i].size, 1);
    out.push_back(in);
  }
  if (out.empty()) throw Error("no input reaches the loss");
  return out;
}

std::vector<std::string> columns_of(const Input& in) {
  if (in.width == 1) return {in.name};
  std::vector<std::string> out;
  for (std::int64_t i = 1; i <= in.width; ++i) out.push_back(cat(in.name, "_", i));
  return out;
}

// The number of classes, 0 for a number as target. Error: a row has not the one target a table has.
std::int64_t classes_of(const Attempt& a) {
  if (a.scores.empty() || a.scores.front() != a.batch) throw Error("the scores are ", a.scores, " for ", a.batch, " rows, not a row for each");
  const std::int64_t width = elements(a.scores) / a.batch;
  const bool flat = a.scores.size() == 2 || a.prepared.heads.front().flatten;
  if (a.kind == LossKind::cross_entropy && flat && width >= 2) return width;
  if (a.kind != LossKind::cross_entropy && width == 1) return a.kind == LossKind::mse ? 0 : 2;
  throw Error("the scores are ", a.scores, " for ", a.batch, " rows; a table has one target a row");
}

// The table's columns as a comment and, for several inputs, as a mapping.
void describe_data(const std::vector<Input>& inputs, std::string& comment, std::string& mapping) {
  std::int64_t all = 0;
  for (const Input& in : inputs) all += in.width;
  if (inputs.size() == 1) {
    comment = cat(all, inputs.front().integer ? " whole number" : " number", all == 1 ? "" : "s");
    return;
  }
  if (all > static_cast<std::int64_t>(most_named)) throw Error(inputs.size(), " inputs of ", all, " values a row are too many to name a column for each here");
  std::vector<std::string> parts;
  for (const Input& in : inputs) {
    std::vector<std::string> names;
    for (const std::string& column : columns_of(in)) names.push_back(yaml_text(column));
    parts.push_back(cat(yaml_text(in.name), ": [", join(names, ", "), "]"));
    comment += (comment.empty() ? "" : ", ") + join(names, ", ");
  }
  mapping = cat(", inputs: {", join(parts, ", "), "}");
}
}  // namespace

Start start(const std::string& file, const Attempt& a, const std::vector<std::string>& labels) {
  try {
    const std::int64_t classes = classes_of(a);
    std::string columns, mapping;
    describe_data(inputs_of(a), columns, mapping);
    std::string target = classes > 0 ? cat("one of ", classes, " classes") : std::string("a number");
    if (classes > 0 && !labels.empty()) target += ": " + printable(join(labels, ", "));
    std::string out = cat("# a row of data.csv: ", columns, "; last the target, ", target, "\n");
    out += cat("model: {file: ", yaml_text(file), a.output.empty() ? std::string() : cat(", output: ", yaml_text(a.output)), "}\n");
    out += cat("data: {file: data.csv, target: -1", mapping, ", split: {validation: ", a.fixed ? cat(a.batch, " rows") : std::string("20%"), "}}\n");
    out += cat("loss: ", a.loss, "\nmetrics: [", classes > 0 ? "accuracy" : "rmse", "]\noptimizer: {type: adam}\nlr: 0.001\nepochs: 10\n");
    out += a.fixed ? cat("batch: {size: ", a.batch, ", last: drop}  # the model takes no other\n") : std::string("batch: 32\n");
    return {out, ""};
  } catch (const Error& error) {
    return {"", error.sentence()};
  }
}

}  // namespace lehr::cli
