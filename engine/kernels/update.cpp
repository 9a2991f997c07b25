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

using Second = AdamRule::Second;
template <bool maximum, Second second>
struct Adam {
  Floats b1, b2, c, root, s, epsilon, m_step, g_step, v_add;
  explicit Adam(const AdamRule& r)
      : b1(all(r.one_minus_b1)),
        b2(all(r.one_minus_b2)),
        c(all(r.c)),
        root(all(r.root)),
        s(all(r.s)),
        epsilon(all(r.epsilon)),
        m_step(all(-r.step * r.m_share)),
        g_step(all(-r.step * r.g_share)),
        v_add(all(r.v_add)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[maximum ? 3 : 2]) const {
    Floats &m = state[0], &v = state[1];
    m = toward(m, g, b1);
    v = moment(g, m, v);
    Floats u = hn::Mul(c, v);
    if constexpr (maximum) u = state[2] = hn::Max(state[2], u);
    return quotient(hn::MulAdd(m_step, m, hn::Mul(g_step, g)), hn::MulAdd(hn::Sqrt(hn::Add(u, root)), s, epsilon));
  }

 private:
  HWY_INLINE Floats moment(Floats g, Floats m, Floats v) const {
    if constexpr (second == Second::belief) {
      const Floats surprise = hn::Sub(g, m);
      return hn::Add(toward(v, hn::Mul(surprise, surprise), b2), v_add);
    }
    const Floats square = hn::Mul(g, g);
    if constexpr (second == Second::yogi) {
      const Floats change = hn::Mul(b2, square);
      return hn::IfThenElse(hn::Gt(v, square), hn::Sub(v, change), hn::IfThenElse(hn::Eq(v, square), v, hn::Add(v, change)));
    }
    return toward(v, square, b2);
  }
};

void momentum(const Spans& s, const MomentumRule& r) { apply<1>(s, r, Momentum(r)); }
void adam(const Spans& s, const AdamRule& r) {
  if (r.maximum)
    apply<3>(s, r, Adam<true, Second::square>(r));
  else if (r.second == Second::belief)
    apply<2>(s, r, Adam<false, Second::belief>(r));
  else if (r.second == Second::yogi)
    apply<2>(s, r, Adam<false, Second::yogi>(r));
  else
    apply<2>(s, r, Adam<false, Second::square>(r));
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
