#pragma once
#include "graph/graph.h"

namespace lehr {

// Proves the invariants passes rely on: ids in range, at most one producer per value, every node behind its inputs' producers,
// nothing that holds data or is a graph input is produced, parameters and states hold data. Error naming the first that fails.
void check(const Graph& graph);

}  // namespace lehr
