#pragma once
#include <functional>

#include "graph/passes/facts.h"

namespace lehr {

struct ShapeResult {
  std::optional<Extents> dims, contents;
};
// Of output 0. Empty for operators it does not know; inputs left out have no facts.
ShapeResult shape_rule(const Node& node, const std::function<const Facts&(std::size_t slot)>& in);

// ONNX broadcasting of sizes that may be symbols.
std::optional<Extents> broadcast(const std::optional<Extents>& a, const std::optional<Extents>& b);

// Convolutions and poolings of X [N,C,…]; w: the weight's sizes.
std::optional<Extents> window_rule(const Node& node, const std::optional<Extents>& x, const std::optional<Extents>& w);

}  // namespace lehr
