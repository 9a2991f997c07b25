#pragma once
#include <optional>
#include <vector>

#include "graph/graph.h"
#include "graph/onnx/problems.h"

namespace lehr::onnx {

// The element type of every value, from the inputs and constants on by the signatures of the operators; where those do not tell, as the file
// declares it. Operands that the signature gives one type and that have two are a problem. The graph's nodes are in topological order.
std::vector<std::optional<Dtype>> element_types(const Graph& graph, Problems& problems);

}  // namespace lehr::onnx
