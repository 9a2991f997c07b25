#pragma once
#include "graph/graph.h"

namespace lehr {

// Parts of normalize() with files of their own.

// com.microsoft operators that plain ones say as well.
std::size_t microsoft(Graph& graph);
// BatchNormalization whose mean and variance the graph computes.
std::size_t computed_statistics(Graph& graph);

}  // namespace lehr
