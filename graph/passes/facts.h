#pragma once
#include <vector>

#include "graph/graph.h"
#include "graph/traits/extent.h"

namespace lehr {

// What can be said of each value before any batch size is known. What is derived wins over what the file declares of results, which
// exporters often get wrong; declared numbers fill the gaps.
std::vector<Facts> facts(const Graph& graph);

}  // namespace lehr
