// The activations a dense layer fuses, forward on a row. Once per target.
#if defined(LEHR_ACTIVATION_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LEHR_ACTIVATION_INL
#undef LEHR_ACTIVATION_INL
#else
#define LEHR_ACTIVATION_INL
#endif
#include "engine/kernels/gemm.h"
#include "engine/kernels/math.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

template <Activation kind>
HWY_INLINE Floats activate(Floats x, Floats alpha) {
  const Full d;
  const Floats zero = hn::Zero(d);
  if constexpr (kind == Activation::relu) return at_least(d, x, zero);
  if constexpr (kind == Activation::leaky_relu) return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(alpha, x), x);
  if constexpr (kind == Activation::tanh) return tanh(d, x);
  if constexpr (kind == Activation::sigmoid) return sigmoid(d, x);
  if constexpr (kind == Activation::elu) return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(alpha, expm1(d, x)), x);
  return x;
}

template <Activation kind>
void activate_span(float* y, std::size_t n, float alpha) {
  const Full d;
  const Floats a = hn::Set(d, alpha);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(activate<kind>(hn::LoadU(d, y + i), a), d, y + i);
  if (i < n) store_first(d, activate<kind>(load_first(d, y + i, n - i), a), y + i, n - i);
}

inline void activate_row(Activation kind, float* y, std::size_t n, float alpha) {
  switch (kind) {
    case Activation::none:
      return;
    case Activation::relu:
      return activate_span<Activation::relu>(y, n, alpha);
    case Activation::leaky_relu:
      return activate_span<Activation::leaky_relu>(y, n, alpha);
    case Activation::tanh:
      return activate_span<Activation::tanh>(y, n, alpha);
    case Activation::sigmoid:
      return activate_span<Activation::sigmoid>(y, n, alpha);
    case Activation::elu:
      return activate_span<Activation::elu>(y, n, alpha);
  }
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();
#endif
