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

// Every quotient below counts as 0 where its denominator is 0: padding stays 0 whatever epsilon is.

// m += (g - m)(1-b1); v += (g^2 - v)(1-b2); u = c v; with maximum: u = x = max(x, u);
// w -= step (m_share m + g_share g)/(sqrt(u + root) s + epsilon).
// belief: v = v + ((g - m)^2 - v)(1-b2) + v_add, m the new one; yogi: v -= (1-b2) sign(v - g^2) g^2. Neither with maximum.
struct AdamRule : Decay {
  enum class Second { square, belief, yogi };
  float one_minus_b1 = 0, one_minus_b2 = 0, c = 1, root = 0, s = 1, epsilon = 0, step = 0;
  float m_share = 1, g_share = 0, v_add = 0;
  bool maximum = false;
  Second second = Second::square;
};
void update(const Spans& s, const AdamRule& rule);  // state: m, v (, x)

// m += (g - m)(1-b1); u = max(b2 u, |g| + inside); w -= step m/(u + outside).
struct AdamaxRule : Decay {
  float one_minus_b1 = 0, b2 = 0, inside = 0, outside = 0, step = 0;
};
void update(const Spans& s, const AdamaxRule& rule);  // state: m, u

// v += (g^2 - v)(1-rho); centered: a += (g - a)(1-rho), u = max(c v - (c a)^2, 0), else u = c v; d = a_lr g/(sqrt(u + inside) + outside);
// b = mu b + d; w -= p (nesterov ? mu b + d : b).
struct RmsRule : Decay {
  float one_minus_rho = 0, c = 1, inside = 0, outside = 0, a_lr = 1, mu = 0, p = 1;
  bool centered = false, nesterov = false;
};
void update(const Spans& s, const RmsRule& rule);  // state: v, b (, a)

// v += g^2; w -= step g/(sqrt(v + inside) + outside); 0 where v is 0.
struct AdagradRule : Decay {
  float inside = 0, outside = 0, step = 0;
};
void update(const Spans& s, const AdagradRule& rule);  // state: v

// a += (g^2 - a)(1-rho); d = sqrt(s + epsilon)/sqrt(a + epsilon) g; s += (d^2 - s)(1-rho); w -= step d.
struct AdadeltaRule : Decay {
  float one_minus_rho = 0, epsilon = 0, step = 0;
};
void update(const Spans& s, const AdadeltaRule& rule);  // state: a, s

// w -= step sign(m + (g - m)(1-b1)); m += (g - m)(1-b2).
struct LionRule : Decay {
  float one_minus_b1 = 0, one_minus_b2 = 0, step = 0;
};
void update(const Spans& s, const LionRule& rule);  // state: m

// w -= step sign(g).
struct SignRule : Decay {
  float step = 0;
};
void update(const Spans& s, const SignRule& rule);  // no state

// A step size d for each element. Where g and the last p have one sign, d *= grow, where opposite ones, d *= shrink, within
// [low, high]. Where opposite, g counts as 0. w -= d sign(g), p = g;
// delayed: w -= p (0 where opposite), p = d sign(g).
struct RpropRule : Decay {
  float shrink = 0, grow = 0, low = 0, high = 0;
  bool delayed = false;
};
void update(const Spans& s, const RpropRule& rule);  // state: p, d

// n' = n + g^2; z += g + l2_shrink w - (sqrt(n') - sqrt(n)) rate w; w = (clamp(z, +-l1) - z)/(sqrt(n') rate + add); n = n'.
struct FtrlRule : Decay {
  float l2_shrink = 0, rate = 1, l1 = 0, add = 0;
};
void update(const Spans& s, const FtrlRule& rule);  // state: n, z

// u = g, or adaptive: v += (g^2 - v)(1-b2), u = g/(sqrt(c v) + epsilon) + inner w;
// w = keep w + z_share z - u_share u, z -= step u.
struct ScheduleFreeRule : Decay {
  float one_minus_b2 = 0, c = 1, epsilon = 0, inner = 0, z_share = 0, u_share = 0, step = 0;
  bool adaptive = false;
};
void update(const Spans& s, const ScheduleFreeRule& rule);  // state: z (, v)

// What estimates the distance to the solution: with g as it is (no decay),
//   product = sum g (x - w), x the start, or from_sum: sum g s/(sqrt(v) + epsilon);
// then m = m_keep m + m_add g; v = v_keep v + v_add g^2; s = s_keep s + s_add g, and size = sum |s|. w stays.
struct DistanceRule {
  float m_keep = 0, m_add = 0, v_keep = 0, v_add = 0, s_keep = 0, s_add = 0, epsilon = 0;
  bool from_sum = false;
};
struct Distance {
  double product = 0, size = 0;
};
Distance estimate_distance(const Spans& s, const DistanceRule& rule);  // state: m, v, s (, x)

// r = c1 m/(sqrt(c2 v) + epsilon) + inner w, m and v as Adam's. First the moments and the squared norms of w and r, then
// w = keep w - step r; keep applies before the norms too.
struct LambRule : Decay {
  float one_minus_b1 = 0, one_minus_b2 = 0, c1 = 1, c2 = 1, epsilon = 0, inner = 0, step = 0;
};
struct SquaredNorms {
  double w = 0, r = 0;
};
SquaredNorms lamb_moments(const Spans& s, const LambRule& rule);  // state: m, v
void lamb_step(const Spans& s, const LambRule& rule);

}  // namespace lehr
