#pragma once
#include <span>

namespace lehr {

// Every gradient into [-limit, limit]. limit >= 0. No allocation.
void clip_value(std::span<float> gradients, double limit);
// Global norm N = sqrt(sum g^2), summed in double in a fixed order; where N > limit all are scaled by limit / N. Returns N before clipping.
double clip_norm(std::span<float> gradients, double limit);

}  // namespace lehr
