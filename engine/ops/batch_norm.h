#pragma once
#include <optional>
#include <string>

#include "engine/plan/plan.h"

namespace lehr {

bool is_batch_norm(const Node& node);

// The first BatchNormalization that sees one value a channel in a batch of so many rows ("BatchNormalization node 'bn'"): its variance is 0, its
// output the shift whatever comes in. Compiling it for training on the batch's statistics is an Error.
std::optional<std::string> norm_of_one_value(const Graph& graph, const OpTable& table, ValueId loss, std::int64_t rows);

}  // namespace lehr
