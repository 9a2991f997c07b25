#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/traits/node.h"

namespace lehr {

// Who makes and who reads each value, looked up once for a whole pass. Stale after an edit of the nodes.
class Uses {
 public:
  explicit Uses(const Graph& graph);
  struct Use {
    std::size_t node = 0, slot = 0;
  };
  const std::vector<Use>& of(ValueId id) const { return uses_.at(static_cast<std::size_t>(id)); }
  const Node* maker(ValueId id) const;  // null: an input, a weight
  std::optional<std::size_t> maker_index(ValueId id) const;
  // Read by exactly one node, once, and by nobody outside.
  bool only_one(ValueId id) const { return of(id).size() == 1 && !output_.at(static_cast<std::size_t>(id)); }
  bool is_output(ValueId id) const { return output_.at(static_cast<std::size_t>(id)); }

 private:
  const Graph& graph_;
  std::vector<std::vector<Use>> uses_;
  std::vector<int> maker_;
  std::vector<bool> output_;
};

// The nodes not marked, in order; for Graph::set_nodes.
std::vector<Node> without(const Graph& graph, const std::vector<bool>& dropped);

}  // namespace lehr
