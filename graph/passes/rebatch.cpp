#include "graph/passes/passes.h"

namespace lehr {

std::size_t rebatch(Graph& graph, Notes& notes) {
  (void)graph;
  (void)notes;
  return 0;
}

}  // namespace lehr
