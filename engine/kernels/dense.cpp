#include "engine/kernels/dense.h"

#include <algorithm>

#include "engine/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/dense.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/activation.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

// dy * f'(y).
template <Activation kind>
HWY_INLINE Floats pull_back(Floats y, Floats dy, Floats alpha) {
  const Full d;
  const Floats zero = hn::Zero(d);
  if constexpr (kind == Activation::relu) return hn::IfThenElseZero(hn::Gt(y, zero), dy);
  if constexpr (kind == Activation::leaky_relu) return hn::IfThenElse(hn::Gt(y, zero), dy, hn::Mul(alpha, dy));
  if constexpr (kind == Activation::tanh) return hn::NegMulAdd(hn::Mul(y, y), dy, dy);
  if constexpr (kind == Activation::sigmoid) return hn::Mul(hn::NegMulAdd(y, y, y), dy);
  if constexpr (kind == Activation::elu) return hn::IfThenElse(hn::Gt(y, zero), dy, hn::Mul(hn::Add(y, alpha), dy));
  return dy;
}

template <Activation kind, bool add>
void pull_back_span(float alpha, const float* y, const float* dy, float* dx, std::size_t n) {
  const Full d;
  const Floats a = hn::Set(d, alpha);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    Floats v = pull_back<kind>(hn::LoadU(d, y + i), hn::LoadU(d, dy + i), a);
    if constexpr (add) v = hn::Add(v, hn::LoadU(d, dx + i));
    hn::StoreU(v, d, dx + i);
  }
  if (const std::size_t rest = n - i; rest > 0) {
    Floats v = pull_back<kind>(load_first(d, y + i, rest), load_first(d, dy + i, rest), a);
    if constexpr (add) v = hn::Add(v, load_first(d, dx + i, rest));
    store_first(d, v, dx + i, rest);
  }
}

constexpr std::int64_t partial = 64;  // rows

// One vector of columns (count of them where masked): writes dx, returns the sums.
template <Activation kind, bool masked>
HWY_INLINE Floats column_vector(Floats alpha, const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t cols, std::size_t count) {
  const Full d;
  Floats total = hn::Zero(d), lost = hn::Zero(d);  // compensated over the partial sums
  for (std::int64_t begin = 0; begin < rows; begin += partial) {
    Floats even = hn::Zero(d), odd = hn::Zero(d);  // two chains
    const std::int64_t end = std::min(rows, begin + partial);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t at = i * cols;
      Floats v = masked ? load_first(d, dy + at, count) : hn::LoadU(d, dy + at);
      if constexpr (kind != Activation::none) {
        v = pull_back<kind>(masked ? load_first(d, y + at, count) : hn::LoadU(d, y + at), v, alpha);
        if constexpr (masked)
          store_first(d, v, dx + at, count);
        else
          hn::StoreU(v, d, dx + at);
      }
      if ((i - begin) & 1)
        odd = hn::Add(odd, v);
      else
        even = hn::Add(even, v);
    }
    const Floats next = hn::Sub(hn::Add(even, odd), lost), sum = hn::Add(total, next);
    lost = hn::Sub(hn::Sub(sum, total), next);
    total = sum;
  }
  return total;
}

// A single column is a contiguous span.
template <Activation kind>
float one_column(float alpha, const float* y, const float* dy, float* dx, std::int64_t rows) {
  const Full d;
  if constexpr (kind != Activation::none) pull_back_span<kind, false>(alpha, y, dy, dx, std::size_t(rows));
  const float* v = kind == Activation::none ? dy : dx;
  double total = 0;
  for (std::int64_t begin = 0; begin < rows; begin += std::int64_t(partial * lanes)) {
    const std::size_t n = std::size_t(std::min<std::int64_t>(rows - begin, std::int64_t(partial * lanes)));
    Floats sum = hn::Zero(d);
    std::size_t i = 0;
    for (; i + lanes <= n; i += lanes) sum = hn::Add(sum, hn::LoadU(d, v + begin + i));
    if (i < n) sum = hn::Add(sum, load_first(d, v + begin + i, n - i));
    total += sum_lanes(sum);
  }
  return float(total);
}

template <Activation kind>
void columns(float alpha, const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t cols, float* db, bool add) {
  if (cols == 1) {
    const float sum = one_column<kind>(alpha, y, dy, dx, rows);
    db[0] = add ? db[0] + sum : sum;
    return;
  }
  const Full d;
  const Floats a = hn::Set(d, alpha);
  std::int64_t j = 0;
  for (; j + std::int64_t(lanes) <= cols; j += std::int64_t(lanes)) {
    const Floats sum = column_vector<kind, false>(a, y + j, dy + j, dx + j, rows, cols, lanes);
    hn::StoreU(add ? hn::Add(sum, hn::LoadU(d, db + j)) : sum, d, db + j);
  }
  if (const std::size_t rest = std::size_t(cols - j); rest > 0) {
    const Floats sum = column_vector<kind, true>(a, y + j, dy + j, dx + j, rows, cols, rest);
    store_first(d, add ? hn::Add(sum, load_first(d, db + j, rest)) : sum, db + j, rest);
  }
}

void bias_grad(const float* dy, std::int64_t rows, std::int64_t cols, float* db, bool add) {
  columns<Activation::none>(0, dy, dy, nullptr, rows, cols, db, add);
}

template <Activation kind>
void backward(float alpha, const float* y, const float* dy, float* dx, std::int64_t n, bool add) {
  if (add)
    pull_back_span<kind, true>(alpha, y, dy, dx, std::size_t(n));
  else
    pull_back_span<kind, false>(alpha, y, dy, dx, std::size_t(n));
}

void activation_backward(Activation f, float alpha, const float* y, const float* dy, float* dx, std::int64_t n, bool add) {
  switch (f) {
    case Activation::none:
      return backward<Activation::none>(alpha, y, dy, dx, n, add);
    case Activation::relu:
      return backward<Activation::relu>(alpha, y, dy, dx, n, add);
    case Activation::leaky_relu:
      return backward<Activation::leaky_relu>(alpha, y, dy, dx, n, add);
    case Activation::tanh:
      return backward<Activation::tanh>(alpha, y, dy, dx, n, add);
    case Activation::sigmoid:
      return backward<Activation::sigmoid>(alpha, y, dy, dx, n, add);
    case Activation::elu:
      return backward<Activation::elu>(alpha, y, dy, dx, n, add);
  }
}

void activation_bias_grad(Activation f, float alpha, const float* y, const float* dy, float* dx, std::int64_t rows, std::int64_t cols, float* db, bool add) {
  switch (f) {
    case Activation::none:
      if (dx != dy) std::copy_n(dy, rows * cols, dx);
      return bias_grad(dy, rows, cols, db, add);
    case Activation::relu:
      return columns<Activation::relu>(alpha, y, dy, dx, rows, cols, db, add);
    case Activation::leaky_relu:
      return columns<Activation::leaky_relu>(alpha, y, dy, dx, rows, cols, db, add);
    case Activation::tanh:
      return columns<Activation::tanh>(alpha, y, dy, dx, rows, cols, db, add);
    case Activation::sigmoid:
      return columns<Activation::sigmoid>(alpha, y, dy, dx, rows, cols, db, add);
    case Activation::elu:
      return columns<Activation::elu>(alpha, y, dy, dx, rows, cols, db, add);
  }
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(bias_grad);
HWY_EXPORT(activation_backward);
HWY_EXPORT(activation_bias_grad);

BiasGradFn bias_grad_kernel() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return HWY_DYNAMIC_DISPATCH(bias_grad);
}
ActivationBackwardFn activation_backward_kernel() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return HWY_DYNAMIC_DISPATCH(activation_backward);
}
ActivationBiasGradFn activation_bias_grad_kernel() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  return HWY_DYNAMIC_DISPATCH(activation_bias_grad);
}

}  // namespace lehr
#endif
