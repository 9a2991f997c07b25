#include "engine/kernels/update.h"

#include "engine/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/update.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/rules.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

struct Momentum {
  Floats mu, a, p, q;
  explicit Momentum(const MomentumRule& r) : mu(all(r.mu)), a(all(r.a)), p(all(r.p)), q(all(r.q)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[1]) const {
    state[0] = hn::MulAdd(mu, state[0], hn::Mul(a, g));
    return hn::MulAdd(p, state[0], hn::Mul(q, g));
  }
};

template <bool maximum>
struct Adam {
  Floats b1, b2, c, root, s, epsilon, m_step, g_step;
  explicit Adam(const AdamRule& r)
      : b1(all(r.one_minus_b1)),
        b2(all(r.one_minus_b2)),
        c(all(r.c)),
        root(all(r.root)),
        s(all(r.s)),
        epsilon(all(r.epsilon)),
        m_step(all(-r.step * r.m_share)),
        g_step(all(-r.step * r.g_share)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[maximum ? 3 : 2]) const {
    Floats &m = state[0], &v = state[1];
    m = toward(m, g, b1);
    v = toward(v, hn::Mul(g, g), b2);
    Floats u = hn::Mul(c, v);
    if constexpr (maximum) u = state[2] = hn::Max(state[2], u);
    return quotient(hn::MulAdd(m_step, m, hn::Mul(g_step, g)), hn::MulAdd(hn::Sqrt(hn::Add(u, root)), s, epsilon));
  }
};

void momentum(const Spans& s, const MomentumRule& r) { apply<1>(s, r, Momentum(r)); }
void adam(const Spans& s, const AdamRule& r) {
  if (r.maximum)
    apply<3>(s, r, Adam<true>(r));
  else
    apply<2>(s, r, Adam<false>(r));
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(momentum);
HWY_EXPORT(adam);

void update(const Spans& s, const MomentumRule& rule) { HWY_DYNAMIC_DISPATCH(momentum)(s, rule); }
void update(const Spans& s, const AdamRule& rule) { HWY_DYNAMIC_DISPATCH(adam)(s, rule); }

}  // namespace lehr
#endif
