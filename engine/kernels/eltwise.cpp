#include "engine/kernels/eltwise.h"

#include <cmath>
#include <iterator>

#include "engine/kernels/simd.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/eltwise.cpp"
#include <hwy/foreach_target.h>

#include "engine/kernels/functions.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

template <class F>
void forward(const float* x, float* y, std::int64_t size, float a, float b) {
  const Full d;
  const Floats av = hn::Set(d, a), bv = hn::Set(d, b);
  const std::size_t n = std::size_t(size);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) hn::StoreU(F::y(hn::LoadU(d, x + i), av, bv), d, y + i);
  if (i < n) store_first(d, F::y(load_first(d, x + i, n - i), av, bv), y + i, n - i);
}

template <class F>
HWY_INLINE Floats pulled(Floats s, Floats dy, Floats a, Floats b) {
  if constexpr (F::told == Told::no_gradient)
    return hn::Zero(Full());
  else
    return hn::Mul(dy, F::d(s, a, b));
}

template <class F, bool add>
void pull(const float* s, const float* dy, float* dx, std::size_t n, float a, float b) {
  const Full d;
  const Floats av = hn::Set(d, a), bv = hn::Set(d, b);
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const Floats v = pulled<F>(hn::LoadU(d, s + i), hn::LoadU(d, dy + i), av, bv);
    hn::StoreU(add ? hn::Add(v, hn::LoadU(d, dx + i)) : v, d, dx + i);
  }
  if (const std::size_t rest = n - i; rest > 0) {
    const Floats v = pulled<F>(load_first(d, s + i, rest), load_first(d, dy + i, rest), av, bv);
    store_first(d, add ? hn::Add(v, load_first(d, dx + i, rest)) : v, dx + i, rest);
  }
}
template <class F>
void backward(const float* s, const float* dy, float* dx, std::int64_t n, float a, float b, bool add) {
  if (add)
    pull<F, true>(s, dy, dx, std::size_t(n), a, b);
  else
    pull<F, false>(s, dy, dx, std::size_t(n), a, b);
}

template <class F>
constexpr Eltwise row(const char* name) {
  return {name, &forward<F>, &backward<F>, F::told};
}

constexpr Eltwise table[] = {row<functions::Neg>("neg"),
                             row<functions::Abs>("abs"),
                             row<functions::Sign>("sign"),
                             row<functions::Floor>("floor"),
                             row<functions::Ceil>("ceil"),
                             row<functions::Round>("round"),
                             row<functions::Exp>("exp"),
                             row<functions::Log>("log"),
                             row<functions::Sqrt>("sqrt"),
                             row<functions::Reciprocal>("reciprocal"),
                             row<functions::Square>("square"),
                             row<functions::Erf>("erf"),
                             row<functions::Relu>("relu"),
                             row<functions::LeakyRelu>("leaky_relu"),
                             row<functions::ThresholdedRelu>("thresholded_relu"),
                             row<functions::Clip>("clip"),
                             row<functions::HardSigmoid>("hard_sigmoid"),
                             row<functions::HardSwish>("hard_swish"),
                             row<functions::Elu>("elu"),
                             row<functions::Celu>("celu"),
                             row<functions::Selu>("selu"),
                             row<functions::Tanh>("tanh"),
                             row<functions::Sigmoid>("sigmoid"),
                             row<functions::Softplus>("softplus"),
                             row<functions::Softsign>("softsign"),
                             row<functions::Swish>("swish"),
                             row<functions::Mish>("mish"),
                             row<functions::Gelu>("gelu"),
                             row<functions::GeluTanh>("gelu_tanh")};

const Eltwise* vector_rows(std::size_t* count) {
  *count = std::size(table);
  return table;
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
#include "base/error.h"

namespace lehr {
HWY_EXPORT(vector_rows);

namespace {

// Rare ones, whose range reduction or pole handling is the standard library's.
struct Sin {
  static float y(float x, float) { return std::sin(x); }
  static float d(float x, float) { return std::cos(x); }
};
struct Cos {
  static float y(float x, float) { return std::cos(x); }
  static float d(float x, float) { return -std::sin(x); }
};
struct Pow {
  static float y(float x, float a) { return std::pow(x, a); }
  static float d(float x, float a) { return a == 0 ? 0.0f : a * std::pow(x, a - 1); }
};

template <class F>
void forward(const float* x, float* y, std::int64_t n, float a, float) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = F::y(x[i], a);
}
template <class F>
void backward(const float* s, const float* dy, float* dx, std::int64_t n, float a, float, bool add) {
  for (std::int64_t i = 0; i < n; ++i) dx[i] = (add ? dx[i] : 0.0f) + dy[i] * F::d(s[i], a);
}
template <class F>
constexpr Eltwise row(const char* name) {
  return {name, &forward<F>, &backward<F>, Told::by_x};
}

constexpr Eltwise scalar_table[] = {row<Sin>("sin"), row<Cos>("cos"), row<Pow>("pow")};

std::vector<const Eltwise*> rows() {
  hwy::GetChosenTarget().Update(hwy::SupportedTargets());
  std::size_t count = 0;
  const Eltwise* first = HWY_DYNAMIC_DISPATCH(vector_rows)(&count);
  std::vector<const Eltwise*> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(first + i);
  for (const Eltwise& r : scalar_table) out.push_back(&r);
  return out;
}

}  // namespace

std::vector<std::string> eltwise_names() {
  std::vector<std::string> out;
  for (const Eltwise* r : rows()) out.emplace_back(r->name);
  return out;
}

const Eltwise& eltwise(const std::string& name) {
  for (const Eltwise* r : rows())
    if (name == r->name) return *r;
  throw Error("no elementwise function ", quote(name), did_you_mean(name, eltwise_names()));
}

}  // namespace lehr
#endif
