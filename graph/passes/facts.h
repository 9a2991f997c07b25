#pragma once
#include <optional>
#include <vector>

#include "graph/graph.h"

namespace lehr {

// What can be said of a value before any batch size is known. Declarations of the file win; the rest is derived for the
// operators MLPs are made of and left open elsewhere.
struct Facts {
  std::optional<Dtype> dtype;
  std::optional<std::vector<Dim>> dims;
  std::optional<std::size_t> rank() const { return dims ? std::optional(dims->size()) : std::nullopt; }
};
std::vector<Facts> facts(const Graph& graph);

}  // namespace lehr
