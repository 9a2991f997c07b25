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

std::vector<Node> without(const Graph& graph, const std::vector<bool>& dropped) {
  std::vector<Node> kept;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n)
    if (!dropped.at(n)) kept.push_back(graph.nodes()[n]);
  return kept;
}

}  // namespace lehr
