#include <algorithm>

#include "graph/passes/facts.h"
#include "graph/passes/passes.h"
#include "graph/passes/spellings.h"
#include "graph/passes/uses.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {

// Inside a plan every float type is f32, so a Cast from one to another changes nothing.
bool passes_through(const Node& node, const std::vector<Facts>& known) {
  if (!node.domain.empty() || node.in.size() != 1 || node.in[0] == no_value || result(node) == no_value) return false;
  if (node.op == "Identity") return true;
  const auto& type = known.at(static_cast<std::size_t>(node.in[0])).dtype;
  return casts_to_float(node) && type && is_float(*type);
}

std::size_t drop_through(Graph& graph, bool weights) {
  const std::vector<Facts> known = facts(graph);
  const std::vector<bool> is_output = [&] {
    std::vector<bool> marks(graph.values().size());
    for (const ValueId id : graph.outputs) marks.at(static_cast<std::size_t>(id)) = true;
    return marks;
  }();
  std::vector<ValueId> stands_for(graph.values().size());
  for (std::size_t i = 0; i < stands_for.size(); ++i) stands_for[i] = static_cast<ValueId>(i);
  std::vector<bool> dropped(graph.nodes().size());
  std::size_t changes = 0;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    Node& node = graph.node(n);
    for (ValueId& in : node.in)
      if (in != no_value) in = stands_for.at(static_cast<std::size_t>(in));
    if (!passes_through(node, known) || has_data(graph, node.in[0]) != weights || is_output.at(static_cast<std::size_t>(node.out[0]))) continue;
    stands_for[static_cast<std::size_t>(node.out[0])] = node.in[0];
    dropped[n] = true;
    ++changes;
  }
  if (changes) graph.set_nodes(without(graph, dropped));
  return changes;
}

// Mul(x, Sigmoid(x)) where nobody else reads the Sigmoid.
std::size_t swish(Graph& graph) {
  const Uses uses(graph);
  std::vector<bool> dropped(graph.nodes().size());
  std::size_t changes = 0;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    Node& mul = graph.node(n);
    if (!is(mul, "Mul") || mul.in.size() != 2 || mul.opset < 7) continue;
    for (const std::size_t slot : {0u, 1u}) {
      const auto at = uses.maker_index(mul.in[slot]);
      if (!at || !is(graph.node(*at), "Sigmoid") || !uses.only_one(mul.in[slot]) || input(graph.node(*at), 0) != mul.in[1 - slot]) continue;
      mul = Node{"Swish", "lehr", mul.name, 1, {{"alpha", 1.0f}}, {mul.in[1 - slot]}, mul.out};
      dropped[*at] = true;
      ++changes;
      break;
    }
  }
  if (changes) graph.set_nodes(without(graph, dropped));
  return changes;
}

// Log(Softmax(z)) is LogSoftmax(z): the same number, without the logarithm of an underflow.
std::size_t log_softmax(Graph& graph) {
  const Uses uses(graph);
  std::vector<bool> dropped(graph.nodes().size());
  std::size_t changes = 0;
  for (std::size_t n = 0; n < graph.nodes().size(); ++n) {
    Node& log = graph.node(n);
    if (!is(log, "Log") || log.in.size() != 1) continue;
    const auto at = uses.maker_index(log.in[0]);
    if (!at || !is(graph.node(*at), "Softmax") || !uses.only_one(log.in[0])) continue;
    Node joined = graph.node(*at);
    joined.op = "LogSoftmax";
    joined.out = log.out;
    dropped[*at] = true;
    log = std::move(joined);
    ++changes;
  }
  if (changes) graph.set_nodes(without(graph, dropped));
  return changes;
}

}  // namespace

std::size_t normalize(Graph& graph) { return microsoft(graph) + drop_through(graph, false) + swish(graph) + log_softmax(graph) + computed_statistics(graph); }

std::size_t fold_weights(Graph& graph) { return drop_through(graph, true); }

}  // namespace lehr
