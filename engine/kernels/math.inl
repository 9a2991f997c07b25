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
HWY_INLINE V keep_nan(D, V x, V y) {
  return hn::IfThenElse(hn::Eq(x, x), y, x);
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp(D d, V x) {
  return keep_nan(d, x, hn::Exp(d, at_most(d, x, hn::Set(d, 100.0f))));
}

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
HWY_INLINE V exp_minus_abs(D d, V x) {
  return keep_nan(d, x, hn::Exp(d, hn::Neg(hn::Abs(x))));
}

// 1/(1+exp(-x)) from e = exp(-|x|).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid_from(D d, V x, V e) {
  const V one = hn::Set(d, 1.0f);
  return hn::Div(hn::IfThenElse(hn::Lt(x, hn::Zero(d)), e, one), hn::Add(one, e));
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V sigmoid(D d, V x) {
  return sigmoid_from(d, x, exp_minus_abs(d, x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V tanh(D d, V x) {
  return keep_nan(d, x, hn::Tanh(d, x));
}

template <class D, class V = hn::Vec<D>>
HWY_INLINE V expm1(D d, V x) {
  return keep_nan(d, x, hn::Expm1(d, at_most(d, x, hn::Set(d, 100.0f))));
}

// exp(-x^2): the square's rounding error is taken back.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V exp_minus_square(D d, V x) {
  const V bounded = at_most(d, hn::Abs(x), hn::Set(d, 16.0f)), square = hn::Mul(bounded, bounded);
  const V lost = hn::NegMulAdd(bounded, bounded, square);  // square - x^2
  const V e = hn::Exp(d, hn::Neg(square));
  return keep_nan(d, x, hn::MulAdd(e, lost, e));
}

template <std::size_t n, class D, class V = hn::Vec<D>>
HWY_INLINE V polynomial(D d, V x, const float (&c)[n]) {
  V y = hn::Set(d, c[n - 1]);
  for (std::size_t k = n - 1; k-- > 0;) y = hn::MulAdd(y, x, hn::Set(d, c[k]));
  return y;
}

// erfc(|x|) = t exp(-x^2) P(t), t = 1/(1 + |x|/2); P is a minimax fit (2e-8 relative).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erfc_abs(D d, V x) {
  constexpr float c[] = {0.282065883f, 0.282827961f,  0.238903198f, 0.224264731f,  -0.0944374041f,
                         0.413737111f, -0.660632711f, 0.421671354f, -0.120087884f, 0.01168774f};
  const V one = hn::Set(d, 1.0f), t = hn::Div(one, hn::MulAdd(hn::Set(d, 0.5f), hn::Abs(x), one));
  return hn::Mul(exp_minus_square(d, x), hn::Mul(t, polynomial(d, t, c)));
}
// x P(x^2) within [-1,1], a minimax fit (2e-9 relative); 1 - erfc outside.
template <class D, class V = hn::Vec<D>>
HWY_INLINE V erf(D d, V x) {
  constexpr float c[] = {1.12837917f, -0.376126258f, 0.112835851f, -0.0268538115f, 0.00518832685f, -0.000801018628f, 7.85383711e-05f};
  const V one = hn::Set(d, 1.0f), inner = hn::Mul(x, polynomial(d, hn::Mul(x, x), c));
  return hn::IfThenElse(hn::Gt(hn::Abs(x), one), hn::CopySign(hn::Sub(one, erfc_abs(d, x)), x), inner);
}

// max(x,0) + log1p(exp(-|x|)) from e = exp(-|x|).
template <class D, class V = hn::Vec<D>>
HWY_INLINE V softplus_from(D d, V x, V e) {
  return hn::Add(at_least(d, x, hn::Zero(d)), hn::Log1p(d, e));
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE V softplus(D d, V x) {
  return softplus_from(d, x, exp_minus_abs(d, x));
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
