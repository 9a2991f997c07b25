#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

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

bool has_in(const Node& node, std::size_t slot);
ValueId input(const Node& node, std::size_t slot);  // no_value where it is left out
ValueId result(const Node& node);                   // output 0; no_value where it is left out
bool is(const Node& node, const char* op, const char* domain = "");
std::int64_t integer(const Node& node, const std::string& name, std::int64_t fallback);
float real(const Node& node, const std::string& name, float fallback);
std::string string(const Node& node, const std::string& name, const std::string& fallback);
// Opset of ai.onnx in this graph: that of its nodes, 13 where it has none.
int main_opset(const Graph& graph);
// The one number in a weight of one element.
std::optional<double> scalar(const Graph& graph, ValueId id);
bool has_data(const Graph& graph, ValueId id);

// The nodes not marked, in order; for Graph::set_nodes.
std::vector<Node> without(const Graph& graph, const std::vector<bool>& dropped);

}  // namespace lehr
