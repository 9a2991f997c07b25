#include "engine/kernels/reduce.h"

#include <algorithm>
#include <cmath>

#include "engine/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/reduce.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/simd.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

using Wide = hn::ScalableTag<double>;
using Narrow = hn::Rebind<float, Wide>;

struct Itself {
  template <class V>
  HWY_INLINE V operator()(V v, V sum) const {
    return hn::Add(v, sum);
  }
  double operator()(double v) const { return v; }
};
struct Square {
  template <class V>
  HWY_INLINE V operator()(V v, V sum) const {
    return hn::MulAdd(v, v, sum);
  }
  double operator()(double v) const { return v * v; }
};

// Four chains of double lanes, then the rest one by one.
template <class Term>
double sum_over(const float* x, std::size_t n, const Term& term) {
  const Wide d;
  const Narrow narrow;
  constexpr std::size_t step = HWY_LANES(double);
  auto a = hn::Zero(d), b = a, c = a, e = a;
  std::size_t i = 0;
  for (; i + 4 * step <= n; i += 4 * step) {
    a = term(hn::PromoteTo(d, hn::LoadU(narrow, x + i)), a);
    b = term(hn::PromoteTo(d, hn::LoadU(narrow, x + i + step)), b);
    c = term(hn::PromoteTo(d, hn::LoadU(narrow, x + i + 2 * step)), c);
    e = term(hn::PromoteTo(d, hn::LoadU(narrow, x + i + 3 * step)), e);
  }
  double total = hn::GetLane(hn::SumOfLanes(d, hn::Add(hn::Add(a, b), hn::Add(c, e))));
  for (; i < n; ++i) total += term(double(x[i]));
  return total;
}
double sum_of(const float* x, std::size_t n) { return sum_over(x, n, Itself()); }
double squares_of(const float* x, std::size_t n) { return sum_over(x, n, Square()); }

double squares_of_sum(const float* x, float a, const float* y, std::size_t n) {
  const Wide d;
  const Narrow narrow;
  constexpr std::size_t step = HWY_LANES(double);
  const auto scale = hn::Set(d, double(a));
  auto total = hn::Zero(d);
  std::size_t i = 0;
  for (; i + step <= n; i += step) {
    const auto v = hn::MulAdd(scale, hn::PromoteTo(d, hn::LoadU(narrow, y + i)), hn::PromoteTo(d, hn::LoadU(narrow, x + i)));
    total = hn::MulAdd(v, v, total);
  }
  double out = hn::GetLane(hn::SumOfLanes(d, total));
  for (; i < n; ++i) out += Square()(double(x[i]) + double(a) * y[i]);
  return out;
}

// x - x is 0 where x is finite, NaN elsewhere; NaN stays in a sum.
bool finite(const float* x, std::size_t n) {
  const Full d;
  Floats bad = hn::Zero(d);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Floats v = hn::LoadU(d, x + i);
    bad = hn::Add(bad, hn::Sub(v, v));
  }
  if (i < n) {
    const Floats v = load_first(d, x + i, n - i);
    bad = hn::Add(bad, hn::Sub(v, v));
  }
  return sum_lanes(bad) == 0;
}

double largest(const float* x, std::size_t n) {
  const Full d;
  Floats most = hn::Zero(d), bad = hn::Zero(d);  // bad: 0, or NaN once there was one
  for (std::size_t i = 0; i < n; i += lanes) {
    const Floats v = hn::Abs(load(x + i, n - i < lanes ? n - i : lanes));
    most = hn::Max(v, most);
    bad = hn::Add(bad, hn::IfThenZeroElse(hn::Eq(v, v), v));
  }
  return double{hn::GetLane(hn::MaxOfLanes(d, most))} + double{sum_lanes(bad)};
}

void scale_by(float* x, std::size_t n, float factor) {
  const Full d;
  const Floats f = hn::Set(d, factor);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::Mul(f, hn::LoadU(d, x + i)), d, x + i);
  if (i < n) store_first(d, hn::Mul(f, load_first(d, x + i, n - i)), x + i, n - i);
}

void add_scaled(float a, const float* x, float* y, std::size_t n) {
  const Full d;
  const Floats f = hn::Set(d, a);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(hn::MulAdd(f, hn::LoadU(d, x + i), hn::LoadU(d, y + i)), d, y + i);
  if (i < n) store_first(d, hn::MulAdd(f, load_first(d, x + i, n - i), load_first(d, y + i, n - i)), y + i, n - i);
}

void approach_by(float* x, float share, const float* y, std::size_t n) {
  const Full d;
  const Floats f = hn::Set(d, share);
  for (std::size_t i = 0; i < n; i += lanes) {
    const std::size_t count = n - i < lanes ? n - i : lanes;
    const Floats from = load(x + i, count);
    store(hn::MulAdd(f, hn::Sub(load(y + i, count), from), from), x + i, count);
  }
}

HWY_INLINE Floats within_limit(Floats x, float limit) {
  const Full d;
  return at_most(d, at_least(d, x, hn::Set(d, -limit)), hn::Set(d, limit));
}
void clamp_to(float* x, std::size_t n, float limit) {
  const Full d;
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(within_limit(hn::LoadU(d, x + i), limit), d, x + i);
  if (i < n) store_first(d, within_limit(load_first(d, x + i, n - i), limit), x + i, n - i);
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(sum_of);
HWY_EXPORT(squares_of);
HWY_EXPORT(squares_of_sum);
HWY_EXPORT(finite);
HWY_EXPORT(largest);
HWY_EXPORT(scale_by);
HWY_EXPORT(add_scaled);
HWY_EXPORT(approach_by);
HWY_EXPORT(clamp_to);

double sum(std::span<const float> x) { return HWY_DYNAMIC_DISPATCH(sum_of)(x.data(), x.size()); }
double sum_of_squares(std::span<const float> x) { return HWY_DYNAMIC_DISPATCH(squares_of)(x.data(), x.size()); }
double sum_of_squares(std::span<const float> x, float a, std::span<const float> y) {
  return HWY_DYNAMIC_DISPATCH(squares_of_sum)(x.data(), a, y.data(), x.size());
}
double max_abs(std::span<const float> x) { return HWY_DYNAMIC_DISPATCH(largest)(x.data(), x.size()); }
bool all_finite(std::span<const float> x) { return HWY_DYNAMIC_DISPATCH(finite)(x.data(), x.size()); }
void scale(std::span<float> x, float factor) { HWY_DYNAMIC_DISPATCH(scale_by)(x.data(), x.size(), factor); }
void axpy(float a, std::span<const float> x, std::span<float> y) { HWY_DYNAMIC_DISPATCH(add_scaled)(a, x.data(), y.data(), y.size()); }
void approach(std::span<float> x, float share, std::span<const float> y) {
  if (share == 1)
    std::copy(y.begin(), y.end(), x.begin());  // x + (y - x) may round
  else
    HWY_DYNAMIC_DISPATCH(approach_by)(x.data(), share, y.data(), x.size());
}
void clamp(std::span<float> x, float limit) { HWY_DYNAMIC_DISPATCH(clamp_to)(x.data(), x.size(), limit); }

}  // namespace lehr
#endif
