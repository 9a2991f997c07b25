#pragma once
#include <memory>
#include <vector>

#include "engine/plan/plan.h"

namespace lehr {

// Typing with the operators it made; needed: does the wanted set depend on the node?
struct TypedGraph : Typing {
  std::vector<std::unique_ptr<Op>> ops;  // per node; null: not needed, folded or faulty
  std::vector<bool> needed, folded;
};
TypedGraph type_nodes(const Graph& graph, const OpTable& table, std::int64_t batch, Mode mode, std::span<const ValueId> wanted);

}  // namespace lehr
