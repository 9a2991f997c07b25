// Rules that need no schedule or no rate.
#include "engine/kernels/simd.h"
#include "engine/kernels/update.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/update_free.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/rules.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

template <bool adaptive>
struct ScheduleFree {
  Floats b2, c, epsilon, inner, z_share, u_share, step;
  explicit ScheduleFree(const ScheduleFreeRule& r)
      : b2(all(r.one_minus_b2)),
        c(all(r.c)),
        epsilon(all(r.epsilon)),
        inner(all(r.inner)),
        z_share(all(r.z_share)),
        u_share(all(r.u_share)),
        step(all(r.step)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[adaptive ? 2 : 1], Floats w) const {
    Floats u = g;
    if constexpr (adaptive) {
      state[1] = toward(state[1], hn::Mul(g, g), b2);
      u = hn::MulAdd(inner, w, quotient(g, hn::Add(hn::Sqrt(hn::Mul(c, state[1])), epsilon)));
    }
    const Floats change = hn::NegMulAdd(u_share, u, hn::Mul(z_share, state[0]));
    state[0] = hn::NegMulAdd(step, u, state[0]);
    return change;
  }
};

void schedule_free(const Spans& s, const ScheduleFreeRule& r) {
  if (r.adaptive)
    apply<2>(s, r, ScheduleFree<true>(r));
  else
    apply<1>(s, r, ScheduleFree<false>(r));
}

Distance distance(const Spans& s, const DistanceRule& r) {
  const Full d;
  const Floats m_keep = all(r.m_keep), m_add = all(r.m_add), v_keep = all(r.v_keep), v_add = all(r.v_add), s_keep = all(r.s_keep), s_add = all(r.s_add);
  const Floats epsilon = all(r.epsilon);
  Distance out;
  constexpr std::size_t block = 32 * lanes;  // f32 sums this long, then double
  for (std::size_t begin = 0; begin < s.n; begin += block) {
    Floats product = hn::Zero(d), size = hn::Zero(d);
    for (std::size_t i = begin; i < s.n && i < begin + block; i += lanes) {
      const std::size_t n = s.n - i < lanes ? s.n - i : lanes;
      const Floats g = load(s.g + i, n), v = load(s.state[1] + i, n), sum = load(s.state[2] + i, n);
      const Floats other = r.from_sum ? quotient(sum, hn::Add(hn::Sqrt(v), epsilon)) : hn::Sub(load(s.state[3] + i, n), load(s.w + i, n));
      product = hn::MulAdd(g, other, product);
      store(hn::MulAdd(m_keep, load(s.state[0] + i, n), hn::Mul(m_add, g)), s.state[0] + i, n);
      store(hn::MulAdd(v_keep, v, hn::Mul(v_add, hn::Mul(g, g))), s.state[1] + i, n);
      const Floats now = hn::MulAdd(s_keep, sum, hn::Mul(s_add, g));
      store(now, s.state[2] + i, n);
      size = hn::Add(size, hn::Abs(now));
    }
    out.product += sum_lanes(product);
    out.size += sum_lanes(size);
  }
  return out;
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(schedule_free);
HWY_EXPORT(distance);

void update(const Spans& s, const ScheduleFreeRule& rule) { HWY_DYNAMIC_DISPATCH(schedule_free)(s, rule); }
Distance estimate_distance(const Spans& s, const DistanceRule& rule) { return HWY_DYNAMIC_DISPATCH(distance)(s, rule); }

}  // namespace lehr
#endif
