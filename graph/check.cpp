#include "graph/check.h"

#include "base/error.h"

namespace lehr {

void check(const Graph& graph) {
  const auto count = static_cast<ValueId>(graph.values().size());
  std::vector<bool> known(graph.values().size()), produced(graph.values().size());
  const auto in_range = [&](ValueId id, const std::string& where) {
    if (id < 0 || id >= count) throw Error(where, " names value ", id, " of ", count);
  };
  for (const ValueId id : graph.inputs) {
    in_range(id, "the list of graph inputs");
    if (graph.value(id).data) throw Error("the graph input ", quote(graph.value(id).name), " holds data");
    known[static_cast<std::size_t>(id)] = true;
  }
  for (ValueId id = 0; id < count; ++id) {
    const Value& value = graph.value(id);
    if (value.data) known[static_cast<std::size_t>(id)] = true;
    else if (value.role == Role::parameter || value.role == Role::state) throw Error("the ", name(value.role), " ", quote(value.name), " holds no data");
    // A constant without data is a tensor of strings.
    if (value.role == Role::constant) known[static_cast<std::size_t>(id)] = true;
  }
  for (const Node& node : graph.nodes()) {
    for (const ValueId id : node.in) {
      if (id == no_value) continue;
      in_range(id, describe(graph, node));
      if (!known[static_cast<std::size_t>(id)]) throw Error(describe(graph, node), " reads ", quote(graph.value(id).name), ", which nothing in front of it makes");
    }
    for (const ValueId id : node.out) {
      if (id == no_value) continue;
      in_range(id, describe(graph, node));
      const auto i = static_cast<std::size_t>(id);
      if (produced[i] || known[i]) throw Error(quote(graph.value(id).name), " is written by ", describe(graph, node), " and made elsewhere too");
      produced[i] = known[i] = true;
    }
  }
  for (const ValueId id : graph.outputs) {
    in_range(id, "the list of graph outputs");
    if (!known[static_cast<std::size_t>(id)]) throw Error("the graph output ", quote(graph.value(id).name), " is made by nothing");
  }
}

}  // namespace lehr
