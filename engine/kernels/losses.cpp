#include "engine/kernels/losses.h"

#include <algorithm>

#include "engine/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/losses.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/math.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

struct Term {
  Floats loss, gradient;
};

struct LogitTerm {
  HWY_INLINE Term operator()(Floats z, Floats y) const {
    const Full d;
    const Floats one = hn::Set(d, 1.0f), e = exp_minus_abs(d, z), small = hn::Div(e, hn::Add(one, e));
    const Floats linear = hn::NegMulAdd(z, y, at_least(d, z, hn::Zero(d)));  // exactly 0 on the right side of a hard label
    const Floats gradient = hn::IfThenElse(hn::Lt(z, hn::Zero(d)), hn::Sub(small, y), hn::Sub(hn::Sub(one, y), small));
    return {hn::Add(linear, hn::Log1p(d, e)), gradient};
  }
};
struct ProbabilityTerm {
  HWY_INLINE Term operator()(Floats p, Floats y) const {
    const Full d;
    const Floats one = hn::Set(d, 1.0f), low = hn::Set(d, -100.0f), q = hn::Sub(one, p);
    const Floats loss = hn::MulAdd(y, at_least(d, log(d, p), low), hn::Mul(hn::Sub(one, y), at_least(d, log(d, q), low)));
    return {hn::Neg(loss), hn::Div(hn::Sub(p, y), at_least(d, hn::Mul(p, q), hn::Set(d, 1e-12f)))};
  }
};
struct SquaredTerm {
  HWY_INLINE Term operator()(Floats x, Floats y) const {
    const Floats r = hn::Sub(x, y);
    return {hn::Mul(r, r), hn::Add(r, r)};
  }
};
HWY_INLINE Floats sign_of(Floats r) {
  const Full d;
  return hn::IfThenElse(hn::Eq(r, hn::Zero(d)), r, hn::CopySign(hn::Set(d, 1.0f), r));
}
struct AbsoluteTerm {
  HWY_INLINE Term operator()(Floats x, Floats y) const {
    const Floats r = hn::Sub(x, y);
    return {hn::Abs(r), keep_nan(Full(), r, sign_of(r))};
  }
};
struct HuberTerm {
  Floats delta;
  HWY_INLINE Term operator()(Floats x, Floats y) const {
    const Full d;
    const Floats half = hn::Set(d, 0.5f), r = hn::Sub(x, y), size = hn::Abs(r);
    const auto outside = hn::Gt(size, delta);
    const Floats linear = hn::Mul(delta, hn::NegMulAdd(half, delta, size));
    return {hn::IfThenElse(outside, linear, hn::Mul(hn::Mul(half, r), r)), hn::IfThenElse(outside, hn::CopySign(delta, r), r)};
  }
};

// Mean of term(x, y).loss; dx = step * gradient.
template <class F>
double mean_of(const F& term, const float* x, const float* y, std::size_t n, float* dx, float scale) {
  const Full d;
  const Floats step = hn::Set(d, n > 0 ? float(double(scale) / double(n)) : 0.0f);
  double total = 0;
  constexpr std::size_t block = 32 * lanes;
  for (std::size_t begin = 0; begin < n; begin += block) {
    const std::size_t end = std::min(n, begin + block);
    Floats sum = hn::Zero(d);
    std::size_t i = begin;
    for (; i + lanes <= end; i += lanes) {
      const Term t = term(hn::LoadU(d, x + i), hn::LoadU(d, y + i));
      sum = hn::Add(sum, t.loss);
      if (dx) hn::StoreU(hn::Mul(step, t.gradient), d, dx + i);
    }
    if (const std::size_t rest = end - i; rest > 0) {
      const Term t = term(load_first(d, x + i, rest), load_first(d, y + i, rest));
      sum = hn::Add(sum, hn::IfThenElseZero(hn::FirstN(d, rest), t.loss));
      if (dx) store_first(d, hn::Mul(step, t.gradient), dx + i, rest);
    }
    total += sum_lanes(sum);
  }
  return n > 0 ? total / double(n) : 0.0;
}

double bce_logits(const float* z, const float* y, std::int64_t n, float* dz, float scale) { return mean_of(LogitTerm(), z, y, std::size_t(n), dz, scale); }
double bce_probabilities(const float* p, const float* y, std::int64_t n, float* dp, float scale) {
  return mean_of(ProbabilityTerm(), p, y, std::size_t(n), dp, scale);
}
double mse(const float* x, const float* y, std::int64_t n, float* dx, float scale) { return mean_of(SquaredTerm(), x, y, std::size_t(n), dx, scale); }
double mae(const float* x, const float* y, std::int64_t n, float* dx, float scale) { return mean_of(AbsoluteTerm(), x, y, std::size_t(n), dx, scale); }
double huber_loss(const float* x, const float* y, std::int64_t n, float delta, float* dx, float scale) {
  return mean_of(HuberTerm{hn::Set(Full(), delta)}, x, y, std::size_t(n), dx, scale);
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(bce_logits);
HWY_EXPORT(bce_probabilities);
HWY_EXPORT(mse);
HWY_EXPORT(mae);
HWY_EXPORT(huber_loss);

double binary_cross_entropy(const float* z, const float* y, std::int64_t n, float* dz, float scale) {
  return HWY_DYNAMIC_DISPATCH(bce_logits)(z, y, n, dz, scale);
}
double binary_cross_entropy_of_probabilities(const float* p, const float* y, std::int64_t n, float* dp, float scale) {
  return HWY_DYNAMIC_DISPATCH(bce_probabilities)(p, y, n, dp, scale);
}
double mean_squared_error(const float* x, const float* y, std::int64_t n, float* dx, float scale) { return HWY_DYNAMIC_DISPATCH(mse)(x, y, n, dx, scale); }
double mean_absolute_error(const float* x, const float* y, std::int64_t n, float* dx, float scale) { return HWY_DYNAMIC_DISPATCH(mae)(x, y, n, dx, scale); }
double huber(const float* x, const float* y, std::int64_t n, float delta, float* dx, float scale) {
  return HWY_DYNAMIC_DISPATCH(huber_loss)(x, y, n, delta, dx, scale);
}

}  // namespace lehr
#endif
