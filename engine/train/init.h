#pragma once
#include <string>
#include <vector>

#include "engine/plan/weights.h"

namespace lehr {

// A rule of `init:`; a later rule wins. kind: a name of standard_initializers(), with its numbers in brackets where it takes some: normal(0.05).
struct InitRule {
  std::string pattern, kind;
  bool exact = false;  // the pattern is a name
};

// Error on an unknown kind or a bad argument.
void check_init(const std::string& kind);

// Overwrites the parameters some rule matches; the others keep the file's values. A kind with fans fills matrices; vectors it
// matches become 0 where they are added (biases) and keep the file's values elsewhere (scales of a norm, slopes).
// Each tensor's numbers depend on (seed, its name) alone. Error where a pattern matches nothing.
void initialize(const Weights& weights, const Graph& graph, const std::vector<InitRule>& rules, std::uint64_t seed);

// Whether a weight's axis 0 counts the outputs of the layer that uses it (Conv, Gemm with transB), not its inputs.
bool outputs_first(const Graph& graph, const Parameter& p);

}  // namespace lehr
