#pragma once
#include <cstddef>

namespace lehr {

// One pass over a span of parameters: w, its gradient g, and the optimizer's state spans, all of n elements. In every rule the
// gradient is first g + l2 w, and w is multiplied by keep before the step is taken: coupled and decoupled decay.
struct Spans {
  float* w;
  const float* g;
  float* const* state;
  std::size_t n;
};
struct Decay {
  float l2 = 0, keep = 1;
};

// v = mu v + a g; w += p v + q g.
struct MomentumRule : Decay {
  float mu, a, p, q;
};
void update(const Spans& s, const MomentumRule& rule);  // state: v

// m += (g - m)(1-b1); v += (g^2 - v)(1-b2); u = c v; with maximum: u = x = max(x, u); w -= step (m + ahead (g - m))/(sqrt(u + root) s + epsilon).
struct AdamRule : Decay {
  float one_minus_b1, one_minus_b2, c, root, s, epsilon, step;
  float ahead = 0;       // Nesterov's share of the gradient, see NAdam
  bool maximum = false;
};
void update(const Spans& s, const AdamRule& rule);  // state: m, v (, x)

}  // namespace lehr
