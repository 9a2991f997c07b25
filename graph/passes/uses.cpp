#include "graph/passes/uses.h"

namespace lehr {

Uses::Uses(const Graph& graph) : graph_(graph), uses_(graph.values().size()), maker_(graph.values().size(), -1), output_(graph.values().size()) {
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    for (std::size_t s = 0; s < node.in.size(); ++s)
      if (node.in[s] != no_value) uses_.at(static_cast<std::size_t>(node.in[s])).push_back({n, s});
    for (const ValueId out : node.out)
      if (out != no_value) maker_.at(static_cast<std::size_t>(out)) = static_cast<int>(n);
  }
  for (const ValueId out : graph.outputs) output_.at(static_cast<std::size_t>(out)) = true;
}

const Node* Uses::maker(ValueId id) const {
  const auto index = maker_index(id);
  return index ? &graph_.nodes()[*index] : nullptr;
}

std::optional<std::size_t> Uses::maker_index(ValueId id) const {
  if (id == no_value) return std::nullopt;
  const int index = maker_.at(static_cast<std::size_t>(id));
  return index < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(index));
}

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

std::vector<Node> without(const Graph& graph, const std::vector<bool>& dropped) {
  std::vector<Node> kept;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n)
    if (!dropped.at(n)) kept.push_back(graph.nodes()[n]);
  return kept;
}

}  // namespace lehr
