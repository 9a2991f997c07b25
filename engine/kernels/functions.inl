// f and f' of the elementwise functions on vectors: y(x, a, b) and d(s, a, b). NaN stays NaN. Once per target.
#if defined(LEHR_FUNCTIONS_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LEHR_FUNCTIONS_INL
#undef LEHR_FUNCTIONS_INL
#else
#define LEHR_FUNCTIONS_INL
#endif
#include "engine/kernels/eltwise.h"
#include "engine/kernels/math.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {
namespace functions {

using F = Floats;
constexpr Full tag{};
HWY_INLINE F num(float value) { return hn::Set(tag, value); }
HWY_INLINE F zero() { return hn::Zero(tag); }
template <class M>
HWY_INLINE F pick(M mask, F yes, F no) {
  return hn::IfThenElse(mask, yes, no);
}

// The elementary ones.
struct Neg {
  static constexpr Told told = Told::by_nothing;
  HWY_INLINE static F y(F x, F, F) { return hn::Neg(x); }
  HWY_INLINE static F d(F, F, F) { return num(-1); }
};
struct Sign {
  static constexpr Told told = Told::no_gradient;
  HWY_INLINE static F y(F x, F, F) { return pick(hn::Gt(hn::Abs(x), zero()), hn::CopySign(num(1), x), x); }
  HWY_INLINE static F d(F, F, F) { return zero(); }
};
struct Abs {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F, F) { return hn::Abs(x); }
  HWY_INLINE static F d(F x, F a, F b) { return Sign::y(x, a, b); }
};
struct Floor {
  static constexpr Told told = Told::no_gradient;
  HWY_INLINE static F y(F x, F, F) { return hn::Floor(x); }
  HWY_INLINE static F d(F, F, F) { return zero(); }
};
struct Ceil {
  static constexpr Told told = Told::no_gradient;
  HWY_INLINE static F y(F x, F, F) { return hn::Ceil(x); }
  HWY_INLINE static F d(F, F, F) { return zero(); }
};
struct Round {
  static constexpr Told told = Told::no_gradient;
  HWY_INLINE static F y(F x, F, F) { return hn::Round(x); }
  HWY_INLINE static F d(F, F, F) { return zero(); }
};
struct Exp {
  static constexpr Told told = Told::by_y;
  HWY_INLINE static F y(F x, F, F) { return exp(tag, x); }
  HWY_INLINE static F d(F y, F, F) { return y; }
};
struct Log {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F, F) { return log(tag, x); }
  HWY_INLINE static F d(F x, F, F) { return hn::Div(num(1), x); }
};
struct Sqrt {
  static constexpr Told told = Told::by_y;
  HWY_INLINE static F y(F x, F, F) { return hn::Sqrt(x); }
  HWY_INLINE static F d(F y, F, F) { return hn::Div(num(0.5f), y); }
};
struct Reciprocal {
  static constexpr Told told = Told::by_y;
  HWY_INLINE static F y(F x, F, F) { return hn::Div(num(1), x); }
  HWY_INLINE static F d(F y, F, F) { return hn::Neg(hn::Mul(y, y)); }
};
struct Square {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F, F) { return hn::Mul(x, x); }
  HWY_INLINE static F d(F x, F, F) { return hn::Add(x, x); }
};
struct Erf {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F, F) { return erf(tag, x); }
  HWY_INLINE static F d(F x, F, F) { return hn::Mul(num(1.12837916709551257390f), exp_minus_square(tag, x)); }  // 2/sqrt(pi)
};

// Rectifiers and their kin.
struct Relu {
  static constexpr Told told = Told::by_y;
  HWY_INLINE static F y(F x, F, F) { return at_least(tag, x, zero()); }
  HWY_INLINE static F d(F y, F, F) { return hn::IfThenElseZero(hn::Gt(y, zero()), num(1)); }
};
struct LeakyRelu {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F a, F) { return pick(hn::Lt(x, zero()), hn::Mul(a, x), x); }
  HWY_INLINE static F d(F x, F a, F) { return pick(hn::Gt(x, zero()), num(1), a); }
};
struct ThresholdedRelu {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F a, F) { return pick(hn::Le(x, a), zero(), x); }
  HWY_INLINE static F d(F x, F a, F) { return hn::IfThenElseZero(hn::Gt(x, a), num(1)); }
};
struct Clip {  // the gradient passes at the bounds
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F low, F high) { return at_most(tag, at_least(tag, x, low), high); }
  HWY_INLINE static F d(F x, F low, F high) { return hn::IfThenElseZero(hn::And(hn::Ge(x, low), hn::Le(x, high)), num(1)); }
};
struct HardSigmoid {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F a, F b) { return at_most(tag, at_least(tag, hn::MulAdd(a, x, b), zero()), num(1)); }
  HWY_INLINE static F d(F x, F a, F b) {
    const F line = hn::MulAdd(a, x, b);
    return hn::IfThenElseZero(hn::And(hn::Gt(line, zero()), hn::Lt(line, num(1))), a);
  }
};
struct HardSwish {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F, F) { return hn::Mul(x, HardSigmoid::y(x, num(1.0f / 6), num(0.5f))); }
  HWY_INLINE static F d(F x, F, F) {
    const F slope = hn::MulAdd(x, num(1.0f / 3), num(0.5f));
    return pick(hn::Le(x, num(-3)), zero(), pick(hn::Ge(x, num(3)), num(1), slope));
  }
};

// With an exponential below 0.
struct Elu {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F a, F) { return pick(hn::Lt(x, zero()), hn::Mul(a, expm1(tag, x)), x); }
  HWY_INLINE static F d(F x, F a, F) { return pick(hn::Gt(x, zero()), num(1), hn::Mul(a, exp(tag, x))); }
};
struct Celu {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F a, F) { return pick(hn::Lt(x, zero()), hn::Mul(a, expm1(tag, hn::Div(x, a))), x); }
  HWY_INLINE static F d(F x, F a, F) { return pick(hn::Gt(x, zero()), num(1), exp(tag, hn::Div(x, a))); }
};
struct Selu {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F a, F gamma) { return hn::Mul(gamma, Elu::y(x, a, a)); }
  HWY_INLINE static F d(F x, F a, F gamma) { return hn::Mul(gamma, Elu::d(x, a, a)); }
};

// Sigmoid's family. s' = s (1-s), with 1-s = s(-x) where that keeps digits.
struct Tanh {
  static constexpr Told told = Told::by_y;
  HWY_INLINE static F y(F x, F, F) { return tanh(tag, x); }
  HWY_INLINE static F d(F y, F, F) { return hn::NegMulAdd(y, y, num(1)); }
};
struct Sigmoid {
  static constexpr Told told = Told::by_y;
  HWY_INLINE static F y(F x, F, F) { return sigmoid(tag, x); }
  HWY_INLINE static F d(F y, F, F) { return hn::NegMulAdd(y, y, y); }
};
HWY_INLINE F sigmoid_slope(F x) {
  const F e = exp_minus_abs(tag, x), one_more = hn::Add(num(1), e);
  return hn::Div(e, hn::Mul(one_more, one_more));
}
struct Softplus {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F, F) { return softplus(tag, x); }
  HWY_INLINE static F d(F x, F, F) { return sigmoid(tag, x); }
};
struct Softsign {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F, F) { return hn::Div(x, hn::Add(num(1), hn::Abs(x))); }
  HWY_INLINE static F d(F x, F, F) {
    const F r = hn::Div(num(1), hn::Add(num(1), hn::Abs(x)));
    return hn::Mul(r, r);
  }
};
struct Swish {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F y(F x, F a, F) { return hn::Mul(x, sigmoid(tag, hn::Mul(a, x))); }
  HWY_INLINE static F d(F x, F a, F) {
    const F u = hn::Mul(a, x);
    return hn::MulAdd(u, sigmoid_slope(u), sigmoid(tag, u));
  }
};
// tanh(log(1 + e^x)) = n/(n + 2), n = e^x (e^x + 2); 1 - tanh^2 = 4 (n + 1)/(n + 2)^2. Past 20 the ratio is 1.
struct Mish {
  static constexpr Told told = Told::by_x;
  HWY_INLINE static F n(F x) {
    const F e = exp(tag, at_most(tag, x, num(20)));
    return hn::Mul(e, hn::Add(e, num(2)));
  }
  HWY_INLINE static F y(F x, F, F) {
    const F m = n(x);
    return hn::Mul(x, hn::Div(m, hn::Add(m, num(2))));
  }
  HWY_INLINE static F d(F x, F, F) {
    const F m = n(x), below = hn::Add(m, num(2)), t = hn::Div(m, below);
    const F slope = hn::Div(hn::Mul(num(4), hn::Div(hn::Add(m, num(1)), below)), below);
    return hn::MulAdd(hn::Mul(x, sigmoid(tag, x)), slope, t);
  }
};
struct Gelu {  // x Phi(x), Phi(x) = erfc(-x/sqrt 2)/2
  static constexpr Told told = Told::by_x;
  // exp(-x^2/2) with x/sqrt 2 in two parts, so that large |x| keep their digits.
  HWY_INLINE static F phi(F x) {
    const F root = num(0.70710678118654752440f), rest = num(1.21016175e-8f), z = hn::Mul(x, root);
    const F lost = hn::MulAdd(x, rest, hn::MulSub(x, root, z));  // x/sqrt 2 - z
    const F tail = erfc_abs(tag, z), bounded = at_most(tag, hn::Abs(z), num(16));
    const F longer = pick(hn::Lt(z, zero()), hn::Neg(lost), lost);                              // |x|/sqrt 2 - |z|
    const F corrected = hn::NegMulAdd(hn::Mul(tail, hn::Add(bounded, bounded)), longer, tail);  // d erfc/dz is about -2 z erfc
    return pick(hn::Gt(z, zero()), hn::NegMulAdd(num(0.5f), corrected, num(1)), hn::Mul(num(0.5f), corrected));
  }
  HWY_INLINE static F y(F x, F, F) { return hn::Mul(x, phi(x)); }
  HWY_INLINE static F d(F x, F, F) {
    const F density = hn::Mul(num(0.39894228040143267794f), exp_minus_square(tag, hn::Mul(x, num(0.70710678118654752440f))));
    return hn::MulAdd(x, density, phi(x));
  }
};
struct GeluTanh {  // 0.5 (1 + tanh u) = sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3)
  static constexpr Told told = Told::by_x;
  static constexpr float k = 0.79788456080286535588f;
  HWY_INLINE static F two_u(F x) { return hn::Mul(hn::Mul(num(2 * k), x), hn::MulAdd(num(0.044715f), hn::Mul(x, x), num(1))); }
  HWY_INLINE static F y(F x, F, F) { return hn::Mul(x, sigmoid(tag, two_u(x))); }
  HWY_INLINE static F d(F x, F, F) {
    const F v = two_u(x), slope = hn::Mul(num(2 * k), hn::MulAdd(num(3 * 0.044715f), hn::Mul(x, x), num(1)));
    return hn::MulAdd(hn::Mul(x, slope), sigmoid_slope(v), sigmoid(tag, v));
  }
};

}  // namespace functions
}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
