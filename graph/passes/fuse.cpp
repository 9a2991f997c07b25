#include <algorithm>
#include <array>

#include "graph/passes/facts.h"
#include "graph/passes/passes.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

constexpr std::array fused = {"Relu", "Tanh", "Sigmoid", "LeakyRelu", "Elu"};

bool transposes(const Node& node) {
  const auto it = node.attrs.find("perm");
  if (it == node.attrs.end()) return true;
  const auto* perm = std::get_if<std::vector<std::int64_t>>(&it->second);
  return perm && *perm == std::vector<std::int64_t>{1, 0};
}

// A matrix that is a weight, perhaps behind one Transpose.
struct Matrix {
  ValueId value = no_value;
  bool transposed = false;
  std::int64_t columns = 0;
};
std::optional<Matrix> weight_matrix(const Graph& graph, const Uses& uses, ValueId id) {
  Matrix m{id, false, 0};
  if (const Node* maker = uses.maker(id); maker && is(*maker, "Transpose") && has_in(*maker, 0) && transposes(*maker)) m = {maker->in[0], true, 0};
  if (!has_data(graph, m.value)) return std::nullopt;
  const Tensor& data = *graph.value(m.value).data;
  if (data.shape().size() != 2 || !is_float(data.type.dtype)) return std::nullopt;
  m.columns = data.shape()[m.transposed ? 0 : 1];
  return m;
}

// [N] or [1,N] and a weight: Gemm adds it to every row.
bool is_bias(const Graph& graph, ValueId id, std::int64_t columns) {
  if (!has_data(graph, id)) return false;
  const Shape& shape = graph.value(id).data->shape();
  return shape == Shape{columns} || shape == Shape{1, columns};
}

}  // namespace

std::size_t fuse_bias(Graph& graph) {
  const Uses uses(graph);
  const std::vector<Facts> known = facts(graph);
  const int opset = std::max(main_opset(graph), 13);
  std::vector<bool> dropped(graph.nodes().size());
  std::size_t changes = 0;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    Node& add = graph.node(n);
    if (!is(add, "Add") || add.opset < 7 || add.in.size() != 2) continue;
    for (const std::size_t slot : {0u, 1u}) {
      const auto at = uses.maker_index(add.in[slot]);
      if (!at || !is(graph.node(*at), "MatMul") || !uses.only_one(add.in[slot])) continue;
      const Node& product = graph.node(*at);
      if (!has_in(product, 0) || !has_in(product, 1)) continue;
      const auto& x = known.at(static_cast<std::size_t>(product.in[0]));
      const auto weight = weight_matrix(graph, uses, product.in[1]);
      if (x.rank() != 2u || !weight || !is_bias(graph, add.in[1 - slot], weight->columns)) continue;
      Node gemm{"Gemm", "", product.name.empty() ? add.name : product.name, opset, {}, {}, {}};
      if (weight->transposed) gemm.attrs["transB"] = std::int64_t{1};
      gemm.in = {product.in[0], weight->value, add.in[1 - slot]};
      gemm.out = add.out;
      dropped[*at] = true;
      add = std::move(gemm);
      ++changes;
      break;
    }
  }
  if (changes) graph.set_nodes(without(graph, dropped));
  return changes;
}

std::size_t fuse_activation(Graph& graph) {
  const Uses uses(graph);
  std::vector<bool> dropped(graph.nodes().size());
  std::size_t changes = 0;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    Node& activation = graph.node(n);
    if (!activation.domain.empty() || activation.in.size() != 1 || std::ranges::find(fused, activation.op) == fused.end()) continue;
    const auto at = uses.maker_index(activation.in[0]);
    if (!at || !is(graph.node(*at), "Gemm") || graph.node(*at).opset < 7 || !uses.only_one(activation.in[0])) continue;
    if (activation.op == "LeakyRelu" && real(activation, "alpha", 0.01f) < 0) continue;  // its derivative cannot be told from the result
    if (activation.op == "Elu" && real(activation, "alpha", 1.0f) < 0) continue;
    Node gemm = graph.node(*at);
    gemm.op = "FusedGemm";
    gemm.domain = "lehr";
    gemm.opset = 1;
    gemm.attrs["activation"] = activation.op;
    if (activation.op == "LeakyRelu") gemm.attrs["activation_alpha"] = real(activation, "alpha", 0.01f);
    if (activation.op == "Elu") gemm.attrs["activation_alpha"] = real(activation, "alpha", 1.0f);
    gemm.out = activation.out;
    dropped[*at] = true;
    activation = std::move(gemm);
    ++changes;
  }
  if (changes) graph.set_nodes(without(graph, dropped));
  return changes;
}

}  // namespace lehr
