#include "graph/onnx/unit.h"

#include <algorithm>

#include "base/error.h"
#include "graph/onnx/attributes.h"
#include "graph/onnx/front_build.h"
#include "graph/onnx/tensor.h"

namespace lehr::onnx {

namespace {
bool of_unit(const NodeProto& node) { return node.name().starts_with(unit_prefix); }

// The tensor a node makes, under another name.
bool rename_made(GraphProto& graph, const std::string& from, const std::string& to) {
  bool made = false;
  for (NodeProto& node : *graph.mutable_node())
    for (std::string& out : *node.mutable_output())
      if (out == from) out = to, made = true;
  for (auto& info : *graph.mutable_value_info())
    if (info.name() == from) info.set_name(to);
  return made;
}
}  // namespace

void add_unit(ModelProto& model, const TargetUnit& unit) {
  GraphProto& graph = *model.mutable_graph();
  const auto output = std::ranges::find(graph.output(), unit.output, [](const ValueInfoProto& v) { return v.name(); });
  if (output == graph.output().end()) throw Error("the file has no output ", quote(unit.output));
  const std::string inner = unit_prefix + unit.output;
  if (!rename_made(graph, unit.output, inner)) throw Error("no node of the file makes its output ", quote(unit.output)).code(Exit::mismatch);
  rename_reads(graph, unit.output, inner);
  NodeList list(unit_prefix);
  const std::string scaled = list.node("Mul", {list.cast(inner, TensorProto::DOUBLE), list.constant(unit.shape, unit.factor)});
  const std::string moved = list.node("Add", {scaled, list.constant(unit.shape, unit.offset)});
  list.node("Cast", {moved}, {{"to", output->type().tensor_type().elem_type()}}, "", unit.output);
  for (auto& node : list.nodes()) *graph.add_node() = std::move(node);
}

std::optional<TargetUnit> take_unit(ModelProto& model) {
  if (std::ranges::none_of(model.graph().node(), of_unit)) return std::nullopt;
  GraphProto& graph = *model.mutable_graph();
  TargetUnit out;
  std::map<std::string, std::vector<double>> constants;
  for (const NodeProto& node : graph.node()) {
    if (!of_unit(node)) continue;
    if (node.op_type() == "Constant" && node.attribute_size() == 1)
      constants[node.output(0)] = read_tensor(node.attribute(0).t(), ExternalData(".")).doubles();
    else if (node.op_type() == "Mul" && node.input_size() == 2)
      out.factor = constants[node.input(1)];
    else if (node.op_type() == "Add" && node.input_size() == 2)
      out.offset = constants[node.input(1)];
    else if (node.op_type() == "Cast" && node.output_size() == 1 && !node.output(0).starts_with(unit_prefix))
      out.output = node.output(0);
  }
  if (out.output.empty() || out.factor.empty() || out.factor.size() != out.offset.size())
    throw Error("the nodes named ", quote(unit_prefix), " do not put an output into the target's unit as a training writes it");
  auto& nodes = *graph.mutable_node();
  nodes.erase(std::remove_if(nodes.begin(), nodes.end(), of_unit), nodes.end());
  const std::string inner = unit_prefix + out.output;
  if (!rename_made(graph, inner, out.output)) throw Error("no node makes ", quote(inner));
  rename_reads(graph, inner, out.output);
  return out;
}

}  // namespace lehr::onnx
