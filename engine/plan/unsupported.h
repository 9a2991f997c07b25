#pragma once
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/plan/op.h"

namespace lehr {

// What stands in the way, as text of at most 20 lines: later problems are counted.
std::string told(const std::vector<std::string>& problems);

// Operators a table does not know: one sentence a distinct name and opset, with the number of its nodes and the first of them.
class Unsupported {
 public:
  explicit Unsupported(const OpTable& table) : table_(table) {}
  // The factory of the node's operator; null where there is none: then the node is counted.
  const MakeOp* find(const Graph& graph, const Node& node);
  std::vector<std::string> sentences() const;

 private:
  struct Seen {
    std::size_t nodes = 0;
    std::string first;
  };
  const OpTable& table_;
  std::map<std::pair<std::string, int>, Seen> seen_;
  std::vector<std::pair<std::string, int>> order_;
};

}  // namespace lehr
