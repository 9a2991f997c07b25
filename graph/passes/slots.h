#pragma once
#include "graph/graph.h"

namespace lehr {

// What the slots of an operator are for, where that decides about training.

// "weight", "bias", "scale", "embedding table" … where the operator itself says that this input is learned; null elsewhere.
const char* weight_word(const Node& node, std::size_t slot);
// Can a gradient pass from the outputs into this input, and through this operator at all?
bool has_gradient(const Node& node, std::size_t slot);
bool has_gradient(const Node& node);
// Hands the values of this input on, only arranged differently.
bool carries(const Node& node, std::size_t slot);
bool multiplies(const Node& node);  // Gemm, MatMul, Conv, …
bool normalises(const Node& node);  // BatchNormalization, LayerNormalization, …

}  // namespace lehr
