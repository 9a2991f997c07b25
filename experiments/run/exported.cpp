#include "experiments/run/exported.h"

#include "engine/data/csv.h"
#include "engine/data/json.h"
#include "experiments/run/front.h"
#include "graph/onnx/rewrite.h"

namespace lehr::run {

std::optional<double> own_threshold(const onnx::Model& model) {
  const auto it = model.metadata.find(threshold_key);
  if (it == model.metadata.end()) return std::nullopt;
  const auto value = parse_number(it->second);
  if (!value || !(*value > 0 && *value < 1))
    throw Error("metadata ", threshold_key, " is ", quote(it->second), ", not a number between 0 and 1").code(Exit::mismatch);
  return *value;
}

std::string threshold_entry(double threshold) { return onnx::metadata_entry(threshold_key, number(threshold)); }

Frame make_frame(const ModelParts& model, const DataParts& data) {
  const Graph& graph = model.train.graph;
  onnx::Changes changes = onnx::changes(model.model.graph, graph);
  if (const auto& classes = data.data.classes; !classes.empty()) changes.metadata[classes_key] = json::list(classes);
  if (model.model.metadata.contains(threshold_key)) changes.metadata[threshold_key] = "";
  std::string note;
  if (model.key.model.export_inputs == spec::ModelSpec::Inputs::raw) {
    changes.front = raw_inputs(model.train, data);
    if (changes.front.empty())
      note = "nothing is prepared in front of the network, its inputs take the data as they are: model: {export: {inputs: raw}} writes the file as it is";
    else changes.metadata[onnx::front_key] = data.preprocess.json();
  }
  changes.unit = target_unit(model, data);
  onnx::Rewritten rewritten = onnx::rewrite(model.model.original, changes);
  if (!rewritten.raw.empty()) {
    std::vector<std::string> feeds;
    for (const auto& feed : rewritten.raw) feeds.push_back(text(feed));
    note = cat("the written models take raw ", data.preprocess.arrays.empty() ? "columns: " : "arrays: ", join(feeds, ", "));
  }
  if (changes.unit) rewritten.notes.push_back(cat("the written models give ", quote(changes.unit->output), " in the target's own unit"));
  if (!note.empty()) rewritten.notes.push_back(std::move(note));
  std::vector<std::string> names;
  for (const Value& v : graph.values())
    if (v.role == Role::parameter || v.role == Role::state) names.push_back(v.name);
  for (const auto& [name, tensor] : model.frozen) names.push_back(name);
  onnx::check_writable(*rewritten.original, names);
  return {std::move(rewritten.original), std::move(rewritten.notes), std::move(rewritten.raw)};
}

onnx::Written export_model(const Parts& parts, const Weights& weights) {
  std::map<std::string, Tensor> values = parts.model->frozen;
  for (const Parameter& p : weights.parameters()) values.emplace(p.name, Tensor(p.shape, std::span<const float>(weights.value(p))));
  for (const Parameter& p : weights.states()) values.emplace(p.name, Tensor(p.shape, std::span<const float>(weights.state(p))));
  return onnx::write_model(*parts.frame, values);
}

}  // namespace lehr::run
