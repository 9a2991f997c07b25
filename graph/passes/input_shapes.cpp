#include "graph/passes/passes.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

// Features a layer of weight W takes: the rows of W, its columns under transB.
std::optional<std::int64_t> features(const Graph& graph, const Node& node, std::size_t slot) {
  const bool gemm = is(node, "Gemm") || node.op == "FusedGemm";
  if (slot != 0 || (!gemm && !is(node, "MatMul")) || integer(node, "transA", 0)) return std::nullopt;
  if (!has_in(node, 1) || !has_data(graph, node.in[1])) return std::nullopt;
  const Shape& shape = graph.value(node.in[1]).data->shape();
  if (shape.size() != 2) return std::nullopt;
  return shape[gemm && integer(node, "transB", 0) ? 1 : 0];
}

}  // namespace

std::size_t input_shapes(Graph& graph, Notes& notes) {
  const Uses uses(graph);
  std::size_t changes = 0;
  for (const ValueId id : graph.inputs) {
    auto& type = graph.value(id).type;
    if (type && type->dims) continue;
    for (const Uses::Use use : uses.of(id)) {
      const Node& node = graph.nodes()[use.node];
      const auto count = features(graph, node, use.slot);
      if (!count) continue;
      if (!type) type.emplace();
      type->dims = {{-1, "batch"}, {*count, ""}};
      notes.push_back(cat("the input ", quote(graph.value(id).name), " declares no shape; ", describe(graph, node), " takes rows of ", *count));
      ++changes;
      break;
    }
  }
  return changes;
}

}  // namespace lehr
