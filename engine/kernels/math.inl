// Elementary functions on vectors of floats, about 1e-7 relative, NaN and infinities as in <cmath>. Once per target.
#if defined(LEHR_MATH_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LEHR_MATH_INL
#undef LEHR_MATH_INL
#else
#define LEHR_MATH_INL
#endif
#include <hwy/contrib/math/math-inl.h>

#include <limits>

#include "engine/kernels/simd.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

// The functions of hn turn NaN into a number here and there.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V keep_nan(D, V x, V y) { return hn::IfThenElse(hn::Eq(x, x), y, x); }

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp(D d, V x) { return keep_nan(d, x, hn::Exp(d, at_most(d, x, hn::Set(d, 100.0f)))); }

template <class D, class V = hn::Vec<D>>
HWY_INLINE V log(D d, V x) {
  const V inf = hn::Set(d, std::numeric_limits<float>::infinity());
  V y = hn::Log(d, x);
  y = hn::IfThenElse(hn::Eq(x, hn::Zero(d)), hn::Neg(inf), y);
  y = hn::IfThenElse(hn::Lt(x, hn::Zero(d)), hn::Set(d, std::numeric_limits<float>::quiet_NaN()), y);
  return hn::IfThenElse(hn::Lt(x, inf), y, hn::IfThenElse(hn::Eq(x, inf), inf, hn::Add(x, y)));  // NaN + y
}

// exp(-|x|), at most 1.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_minus_abs(D d, V x) { return keep_nan(d, x, hn::Exp(d, hn::Neg(hn::Abs(x)))); }

// 1/(1+exp(-x)) from e = exp(-|x|).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid_from(D d, V x, V e) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid(D d, V x) { return sigmoid_from(d, x, exp_minus_abs(d, x)); }

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tanh(D d, V x) { return keep_nan(d, x, hn::Tanh(d, x)); }

// exp(x)-1 for x <= 0; 0 above.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V expm1_negative(D d, V x) { return keep_nan(d, x, hn::Expm1(d, at_most(d, x, hn::Zero(d)))); }

// max(x,0) + log1p(exp(-|x|)) from e = exp(-|x|).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V softplus_from(D d, V x, V e) { return hn::Add(at_least(d, x, hn::Zero(d)), hn::Log1p(d, e)); }
template <class D, class V = hn::Vec<D>>
HWY_INLINE V softplus(D d, V x) { return softplus_from(d, x, exp_minus_abs(d, x)); }

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
