#include "graph/traits/node.h"

#include <algorithm>

namespace lehr {

bool has_in(const Node& node, std::size_t slot) { return slot < node.in.size() && node.in[slot] != no_value; }

ValueId input(const Node& node, std::size_t slot) { return slot < node.in.size() ? node.in[slot] : no_value; }
ValueId result(const Node& node) { return node.out.empty() ? no_value : node.out[0]; }

bool is(const Node& node, const char* op, const char* domain) { return node.op == op && node.domain == domain; }

namespace {
template <class T>
T attribute(const Node& node, const std::string& name, T fallback) {
  const auto it = node.attrs.find(name);
  if (it == node.attrs.end()) return fallback;
  const T* value = std::get_if<T>(&it->second);
  return value ? *value : fallback;
}
}  // namespace

std::int64_t integer(const Node& node, const std::string& name, std::int64_t fallback) { return attribute(node, name, fallback); }
float real(const Node& node, const std::string& name, float fallback) { return attribute(node, name, fallback); }
std::string string(const Node& node, const std::string& name, const std::string& fallback) { return attribute(node, name, fallback); }

int main_opset(const Graph& graph) {
  int opset = 0;
  for (const Node& node : graph.nodes())
    if (node.domain.empty()) opset = std::max(opset, node.opset);
  return opset ? opset : 13;
}

bool has_data(const Graph& graph, ValueId id) { return id != no_value && graph.value(id).data != nullptr; }

std::optional<double> scalar(const Graph& graph, ValueId id) {
  if (!has_data(graph, id)) return std::nullopt;
  const Tensor& tensor = *graph.value(id).data;
  if (tensor.type.dtype == Dtype::string || tensor.size() != 1) return std::nullopt;
  return tensor.doubles().at(0);
}

}  // namespace lehr
