#include "engine/kernels/simd.h"
#include "engine/kernels/update.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/update_more.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/rules.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

struct Adamax {
  Floats b1, b2, inside, outside, step;
  explicit Adamax(const AdamaxRule& r) : b1(all(r.one_minus_b1)), b2(all(r.b2)), inside(all(r.inside)), outside(all(r.outside)), step(all(-r.step)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[2]) const {
    Floats &m = state[0], &u = state[1];
    m = toward(m, g, b1);
    u = hn::Max(hn::Mul(b2, u), hn::Add(hn::Abs(g), inside));
    return quotient(hn::Mul(step, m), hn::Add(u, outside));
  }
};

template <bool centered, bool nesterov>
struct Rms {
  Floats rho, c, inside, outside, lr, mu, p;
  explicit Rms(const RmsRule& r)
      : rho(all(r.one_minus_rho)), c(all(r.c)), inside(all(r.inside)), outside(all(r.outside)), lr(all(r.a_lr)), mu(all(r.mu)), p(all(-r.p)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[centered ? 3 : 2]) const {
    Floats &v = state[0], &b = state[1];
    v = toward(v, hn::Mul(g, g), rho);
    Floats u = hn::Mul(c, v);
    if constexpr (centered) {
      state[2] = toward(state[2], g, rho);
      const Floats mean = hn::Mul(c, state[2]);
      u = at_least(Full(), hn::NegMulAdd(mean, mean, u), hn::Zero(Full()));
    }
    const Floats d = quotient(hn::Mul(lr, g), hn::Add(hn::Sqrt(hn::Add(u, inside)), outside));
    b = hn::MulAdd(mu, b, d);
    return hn::Mul(p, nesterov ? hn::MulAdd(mu, b, d) : b);
  }
};

struct Adagrad {
  Floats inside, outside, step;
  explicit Adagrad(const AdagradRule& r) : inside(all(r.inside)), outside(all(r.outside)), step(all(-r.step)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[1]) const {
    state[0] = hn::MulAdd(g, g, state[0]);
    return quotient(hn::Mul(step, g), hn::Add(hn::Sqrt(hn::Add(state[0], inside)), outside));
  }
};

struct Adadelta {
  Floats rho, epsilon, step;
  explicit Adadelta(const AdadeltaRule& r) : rho(all(r.one_minus_rho)), epsilon(all(r.epsilon)), step(all(-r.step)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[2]) const {
    Floats &a = state[0], &s = state[1];
    a = toward(a, hn::Mul(g, g), rho);
    const Floats d = hn::Mul(g, hn::Sqrt(quotient(hn::Add(s, epsilon), hn::Add(a, epsilon))));  // one root for two
    s = toward(s, hn::Mul(d, d), rho);
    return hn::Mul(step, d);
  }
};

struct Ftrl {
  Floats shrink, rate, l1, add;
  explicit Ftrl(const FtrlRule& r) : shrink(all(r.l2_shrink)), rate(all(r.rate)), l1(all(r.l1)), add(all(r.add)) {}
  HWY_INLINE Floats operator()(Floats g, Floats (&state)[2], Floats w) const {
    const Full d;
    Floats &n = state[0], &z = state[1];
    const Floats before = hn::Sqrt(n);
    n = hn::MulAdd(g, g, n);
    const Floats after = hn::Sqrt(n);
    z = hn::MulAdd(hn::NegMulAdd(hn::Sub(after, before), rate, shrink), w, hn::Add(z, g));
    const Floats bounded = at_most(d, at_least(d, z, hn::Neg(l1)), l1);
    return quotient(hn::Sub(bounded, z), hn::MulAdd(after, rate, add));
  }
};

void adamax(const Spans& s, const AdamaxRule& r) { apply<2>(s, r, Adamax(r)); }
void rms(const Spans& s, const RmsRule& r) {
  if (r.centered && r.nesterov)
    apply<3>(s, r, Rms<true, true>(r));
  else if (r.centered)
    apply<3>(s, r, Rms<true, false>(r));
  else if (r.nesterov)
    apply<2>(s, r, Rms<false, true>(r));
  else
    apply<2>(s, r, Rms<false, false>(r));
}
void adagrad(const Spans& s, const AdagradRule& r) { apply<1>(s, r, Adagrad(r)); }
void adadelta(const Spans& s, const AdadeltaRule& r) { apply<2>(s, r, Adadelta(r)); }
void ftrl(const Spans& s, const FtrlRule& r) { apply<2>(s, r, Ftrl(r)); }

// Lamb's direction from the moments; c1 and c2 take their bias out.
struct LambDirection {
  Floats c1, c2, epsilon, inner;
  explicit LambDirection(const LambRule& r) : c1(all(r.c1)), c2(all(r.c2)), epsilon(all(r.epsilon)), inner(all(r.inner)) {}
  HWY_INLINE Floats operator()(Floats w, Floats m, Floats v) const {
    const Floats step = quotient(hn::Mul(c1, m), hn::Add(hn::Sqrt(hn::Mul(c2, v)), epsilon));
    return hn::MulAdd(inner, w, step);
  }
};

SquaredNorms moments(const Spans& s, const LambRule& r) {
  const Full d;
  const LambDirection direction(r);
  const Floats l2 = all(r.l2), keep = all(r.keep), b1 = all(r.one_minus_b1), b2 = all(r.one_minus_b2);
  SquaredNorms norms;
  constexpr std::size_t block = 32 * lanes;  // f32 sums this long, then double
  for (std::size_t begin = 0; begin < s.n; begin += block) {
    Floats ww = hn::Zero(d), rr = hn::Zero(d);
    for (std::size_t i = begin; i < s.n && i < begin + block; i += lanes) {
      const std::size_t n = s.n - i < lanes ? s.n - i : lanes;
      const Floats raw = load(s.w + i, n), g = hn::MulAdd(l2, raw, load(s.g + i, n)), w = hn::Mul(keep, raw);
      const Floats m = toward(load(s.state[0] + i, n), g, b1), v = toward(load(s.state[1] + i, n), hn::Mul(g, g), b2);
      store(m, s.state[0] + i, n);
      store(v, s.state[1] + i, n);
      const Floats step = direction(w, m, v);
      ww = hn::MulAdd(w, w, ww);
      rr = hn::MulAdd(step, step, rr);
    }
    norms.w += sum_lanes(ww);
    norms.r += sum_lanes(rr);
  }
  return norms;
}
void step_of(const Spans& s, const LambRule& r) {
  const LambDirection direction(r);
  const Floats keep = all(r.keep), step = all(-r.step);
  for (std::size_t i = 0; i < s.n; i += lanes) {
    const std::size_t n = s.n - i < lanes ? s.n - i : lanes;
    const Floats w = hn::Mul(keep, load(s.w + i, n));
    store(hn::MulAdd(step, direction(w, load(s.state[0] + i, n), load(s.state[1] + i, n)), w), s.w + i, n);
  }
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(adamax);
HWY_EXPORT(rms);
HWY_EXPORT(adagrad);
HWY_EXPORT(adadelta);
HWY_EXPORT(ftrl);
HWY_EXPORT(moments);
HWY_EXPORT(step_of);

void update(const Spans& s, const AdamaxRule& rule) { HWY_DYNAMIC_DISPATCH(adamax)(s, rule); }
void update(const Spans& s, const RmsRule& rule) { HWY_DYNAMIC_DISPATCH(rms)(s, rule); }
void update(const Spans& s, const AdagradRule& rule) { HWY_DYNAMIC_DISPATCH(adagrad)(s, rule); }
void update(const Spans& s, const AdadeltaRule& rule) { HWY_DYNAMIC_DISPATCH(adadelta)(s, rule); }
void update(const Spans& s, const FtrlRule& rule) { HWY_DYNAMIC_DISPATCH(ftrl)(s, rule); }
SquaredNorms lamb_moments(const Spans& s, const LambRule& rule) { return HWY_DYNAMIC_DISPATCH(moments)(s, rule); }
void lamb_step(const Spans& s, const LambRule& rule) { HWY_DYNAMIC_DISPATCH(step_of)(s, rule); }

}  // namespace lehr
#endif
