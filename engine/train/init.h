#pragma once
#include <string>
#include <vector>

#include "engine/plan/weights.h"

namespace lehr {

// A rule of `init:`; a later rule wins. Kinds: normal(s), uniform(a) (in [-a,a]; 0.05 where s or a is left out), zeros, ones, and
//   glorot_uniform  a = sqrt(6 / (fan_in + fan_out))      glorot_normal  s = sqrt(2 / (fan_in + fan_out))
//   he_uniform      a = sqrt(6 / fan_in)                  he_normal      s = sqrt(2 / fan_in)
//   lecun_uniform   a = sqrt(3 / fan_in)                  lecun_normal   s = sqrt(1 / fan_in)
// (Glorot and Bengio 2010; He et al. 2015; LeCun et al. 1998). The normal ones are cut at two deviations and rescaled to s, as Keras does.
struct InitRule { std::string pattern, kind; };

// Error on an unknown kind or a bad argument.
void check_init(const std::string& kind);
const std::vector<std::string>& init_kinds();

// Overwrites the parameters some rule matches; the others keep the file's values. A kind with fans fills matrices; vectors it
// matches become 0 where they are added (biases) and keep the file's values elsewhere (scales of a norm, slopes).
// Each tensor's numbers depend on (seed, its name) alone. Error where a pattern matches nothing.
void initialize(const Weights& weights, const Graph& graph, const std::vector<InitRule>& rules, std::uint64_t seed);

// Whether a weight's axis 0 counts the outputs of the layer that uses it (Conv, Gemm with transB), not its inputs.
bool outputs_first(const Graph& graph, const Parameter& p);

}  // namespace lehr
