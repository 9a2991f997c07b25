#pragma once
#include <string>

#include "experiments/spec/node.h"

namespace lehr::spec {

// YAML that reads back as the same nodes: mappings in block style down to `block` levels, the rest in flow style.
std::string emit(const Node& mapping, int block = 2);
// One line in flow style.
std::string flow(const Node& node);

}  // namespace lehr::spec
