#pragma once
#include <cstdint>
#include <map>
#include <vector>

#include "graph/graph.h"
#include "graph/traits/batch.h"

namespace lehr {

// Where each value carries a batch of `batch` rows that stands in the file, dimension axes[i] of input i.
class BatchRows {
 public:
  // Throws Blocked, naming the node, where a rule of graph/traits does not know the way or the rows meet.
  BatchRows(const Graph& graph, std::int64_t batch, const std::vector<std::size_t>& axes);

  Carried of(ValueId id) const { return id == no_value ? Carried{} : carried_.at(static_cast<std::size_t>(id)); }
  bool label(ValueId id) const { return label_.at(static_cast<std::size_t>(id)); }
  const std::map<std::size_t, std::vector<std::int64_t>>& shapes() const { return shapes_; }  // new shape operand by node

 private:
  std::vector<Carried> carried_;
  std::vector<bool> label_;
  std::map<std::size_t, std::vector<std::int64_t>> shapes_;
};

// Where the rows of an open batch are read together on the way to `value`, which still has a row for each: "ReduceMean node 'm' works along the
// batch"; "" where that is not found. Every input has its batch in front.
std::string mixed_rows(const Graph& graph, ValueId value);

// Makes dimension `axis` of a graph input its first one: what is fed has the batch in front, a Transpose gives the graph what it was written for.
void feed_batch_first(Graph& graph, ValueId input, std::size_t axis);
// The value with the batch in front: itself, or what a Transpose makes of it. Where its sizes are not known it is taken as it is.
ValueId batch_first(Graph& graph, ValueId value);

}  // namespace lehr
