#pragma once
#include "graph/graph.h"

namespace lehr {

// The invariants every pass keeps; Error naming the node or value that breaks one. Linear in the size of the graph.
// - ids are in range, names are found; a value has at most one producer, a node stands behind the producers of what it reads;
// - only activations are written, and what is read or is an output is written, stored, or in the list of graph inputs;
// - parameters and states hold data, constants too unless they are strings or of an unknown type; inputs and activations hold
//   none; data have the bytes their shape needs.
void check(const Graph& graph);

}  // namespace lehr
