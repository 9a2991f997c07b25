#pragma once
#include <string>

#include "graph/graph.h"

namespace lehr {

// Text for tests, `inspect` and logs; names from the file are escaped.

// float32[N,34]; an unknown dimension is ?, an unknown rank [...].
std::string text(const DeclaredType& type);
// h = Gemm(x, W1, B1) transB=1 'fc1'; a left-out input is _, a foreign domain stands before the operator.
std::string text(const Graph& graph, const Node& node);
// "parameter W1 float32[34,34]"
std::string text(const Value& value);
// Inputs, then constants, parameters and states, then one node a line, then the outputs.
std::string print(const Graph& graph);

}  // namespace lehr
