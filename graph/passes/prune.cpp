#include <algorithm>

#include "graph/passes/passes.h"
#include "graph/passes/uses.h"

namespace lehr {

std::size_t prune(Graph& graph, std::span<const ValueId> wanted) {
  const Uses uses(graph);
  std::vector<bool> dropped(graph.nodes().size(), true), seen(graph.values().size());
  std::vector<ValueId> open(wanted.begin(), wanted.end());
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (id == no_value || seen.at(static_cast<std::size_t>(id))) continue;
    seen[static_cast<std::size_t>(id)] = true;
    const auto maker = uses.maker_index(id);
    if (!maker) continue;
    dropped[*maker] = false;
    const Node& node = graph.nodes()[*maker];
    open.insert(open.end(), node.in.begin(), node.in.end());
  }
  const auto changes = static_cast<std::size_t>(std::ranges::count(dropped, true));
  if (changes) graph.set_nodes(without(graph, dropped));
  std::erase_if(graph.inputs, [&](ValueId id) { return !seen.at(static_cast<std::size_t>(id)); });
  return changes;
}

}  // namespace lehr
