// Rules whose steps have the gradient's sign and not its size.
#include "engine/kernels/simd.h"
#include "engine/kernels/update.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/update_sign.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/rules.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

// size with the sign of x; 0 and NaN as they are.
HWY_INLINE Floats signed_as(Floats size, Floats x) { return hn::IfThenElse(hn::Gt(hn::Abs(x), hn::Zero(Full())), hn::CopySign(size, x), x); }

struct Lion {
  Floats b1, b2, step;
  explicit Lion(const LionRule& r) : b1(all(r.one_minus_b1)), b2(all(r.one_minus_b2)), step(all(r.step)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[1]) const {
    const Floats c = toward(state[0], g, b1);
    state[0] = toward(state[0], g, b2);
    return signed_as(step, hn::Neg(c));
  }
};

struct Sign {
  Floats step;
  explicit Sign(const SignRule& r) : step(all(r.step)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&)[1]) const { return signed_as(step, hn::Neg(g)); }
};

template <bool delayed>
struct Rprop {
  Floats shrink, grow, low, high;
  explicit Rprop(const RpropRule& r) : shrink(all(r.shrink)), grow(all(r.grow)), low(all(r.low)), high(all(r.high)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[2]) const {
    const Full d;
    Floats &p = state[0], &size = state[1];
    const Floats zero = hn::Zero(d), agreement = hn::Mul(signed_as(all(1), g), p);  // a product of both could underflow
    const auto same = hn::Gt(agreement, zero), opposite = hn::Lt(agreement, zero);
    const Floats scaled = hn::Mul(size, hn::IfThenElse(same, grow, shrink));
    const Floats before = p;
    size = hn::IfThenElse(hn::Or(same, opposite), hn::Min(hn::Max(scaled, low), high), size);
    const Floats now = hn::IfThenZeroElse(opposite, g);
    p = delayed ? signed_as(size, now) : now;
    return hn::Neg(delayed ? hn::IfThenZeroElse(opposite, before) : signed_as(size, now));
  }
};

void lion(const Spans& s, const LionRule& r) { apply<1>(s, r, Lion(r)); }
void sign(const Spans& s, const SignRule& r) { apply<0>(s, r, Sign(r)); }
void rprop(const Spans& s, const RpropRule& r) {
  if (r.delayed)
    apply<2>(s, r, Rprop<true>(r));
  else
    apply<2>(s, r, Rprop<false>(r));
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(lion);
HWY_EXPORT(sign);
HWY_EXPORT(rprop);

void update(const Spans& s, const LionRule& rule) { HWY_DYNAMIC_DISPATCH(lion)(s, rule); }
void update(const Spans& s, const SignRule& rule) { HWY_DYNAMIC_DISPATCH(sign)(s, rule); }
void update(const Spans& s, const RpropRule& rule) { HWY_DYNAMIC_DISPATCH(rprop)(s, rule); }

}  // namespace lehr
#endif
