#include "experiments/run/exported.h"

#include "engine/data/json.h"
#include "graph/onnx/rewrite.h"

namespace lehr::run {

Frame make_frame(const ModelParts& model, const std::vector<std::string>& classes) {
  const Graph& graph = model.train.graph;
  onnx::Changes changes = onnx::changes(model.model.graph, graph);
  if (!classes.empty()) changes.metadata[classes_key] = json::list(classes);
  onnx::Rewritten rewritten = onnx::rewrite(model.model.original, changes);
  std::vector<std::string> names;
  for (const Value& v : graph.values())
    if (v.role == Role::parameter || v.role == Role::state) names.push_back(v.name);
  for (const auto& [name, tensor] : model.frozen) names.push_back(name);
  onnx::check_writable(*rewritten.original, names);
  return {std::move(rewritten.original), std::move(rewritten.notes)};
}

onnx::Written export_model(const Parts& parts, const Weights& weights) {
  std::map<std::string, Tensor> values = parts.model->frozen;
  for (const Parameter& p : weights.parameters()) values.emplace(p.name, Tensor(p.shape, std::span<const float>(weights.value(p))));
  for (const Parameter& p : weights.states()) values.emplace(p.name, Tensor(p.shape, std::span<const float>(weights.state(p))));
  return onnx::write_model(*parts.frame, values);
}

}  // namespace lehr::run
