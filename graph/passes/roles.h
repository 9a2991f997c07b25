#pragma once
#include <span>
#include <string>
#include <vector>

#include "graph/passes/passes.h"

namespace lehr {

// What the experiment says of stored tensors, by patterns over their names; a later rule wins.
struct RoleRule {
  std::string pattern;
  Role role = Role::parameter;  // or constant
  auto operator<=>(const RoleRule&) const = default;
};
struct RoleOptions {
  std::vector<RoleRule> rules;
  std::vector<std::string> untie;  // each use of a tensor that matches gets its own
  bool apart = true;               // running statistics that the file stores together with something else get tensors of their own
};

// Gives every stored tensor its role and Value::why, from evidence in this order: the experiment, values that are not finite, what the file
// says (PyTorch's exporter marks parameters and buffers), the row of the operator that reads it, its values, its place, its name.
// `loss` are the values a gradient starts from. Running statistics that several nodes read get one of their own each.
// Error: a pattern that matches nothing; `parameter` for a tensor no gradient can reach.
std::size_t trainable(Graph& graph, std::span<const ValueId> loss, const RoleOptions& options, Notes& notes);
std::size_t trainable(Graph& graph, std::span<const ValueId> loss);

}  // namespace lehr
