#include "engine/kernels/simd.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "engine/kernels/losses.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "engine/kernels/cross_entropy.cpp"
#include <hwy/foreach_target.h>
#include "engine/kernels/math.inl"

HWY_BEFORE_NAMESPACE();
namespace lehr::HWY_NAMESPACE {

// body(i, count) with count = lanes, and once fewer for the rest.
template <class Body>
HWY_INLINE void each_vector(std::size_t n, const Body& body) {
  std::size_t i = 0;
  for (; i + lanes <= n; i += lanes) body(i, lanes);
  if (i < n) body(i, n - i);
}
HWY_INLINE Floats load(const float* p, std::size_t count) {
  return count == lanes ? hn::LoadU(Full(), p) : load_first(Full(), p, count);
}
HWY_INLINE void store(Floats v, float* p, std::size_t count) {
  if (count == lanes) hn::StoreU(v, Full(), p);
  else store_first(Full(), v, p, count);
}

struct MaxOf {
  const float* x;
  Floats& most;
  HWY_INLINE void operator()(std::size_t i, std::size_t count) const {
    const Full d;
    const Floats none = hn::Set(d, -std::numeric_limits<float>::infinity());
    most = hn::Max(most, count == lanes ? load(x + i, count) : hn::IfThenElse(hn::FirstN(d, count), load(x + i, count), none));
  }
};
struct ExpSum {  // with p: keeps exp(x - most)
  const float* x;
  Floats most;
  float* p;
  Floats& sum;
  HWY_INLINE void operator()(std::size_t i, std::size_t count) const {
    const Full d;
    const Floats e = exp(d, hn::Sub(load(x + i, count), most));
    if (p) store(e, p + i, count);
    sum = hn::Add(sum, count == lanes ? e : hn::IfThenElseZero(hn::FirstN(d, count), e));
  }
};

// Returns max(x) and in *total the sum of exp(x - max), which p (may be null) gets term by term.
float exp_row(const float* x, std::size_t n, float* p, float* total) {
  const Full d;
  Floats most = hn::Set(d, -std::numeric_limits<float>::infinity()), sum = hn::Zero(d);
  each_vector(n, MaxOf{x, most});
  const float top = hn::GetLane(hn::MaxOfLanes(d, most));
  each_vector(n, ExpSum{x, hn::Set(d, top), p, sum});
  *total = sum_lanes(sum);
  return top;
}

// dx = factor * p.
struct Scale {
  Floats factor;
  float* p;
  HWY_INLINE void operator()(std::size_t i, std::size_t count) const { store(hn::Mul(factor, load(p + i, count)), p + i, count); }
};
void scale_row(float* p, std::size_t n, float factor) { each_vector(n, Scale{hn::Set(Full(), factor), p}); }

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(exp_row);
HWY_EXPORT(scale_row);

namespace {

// The targets q of one row.
struct Row {
  const CrossEntropyArgs& a;
  std::int64_t row;
  double weight(std::int64_t c) const { return a.weights ? a.weights[c] : 1.0f; }
  double q(std::int64_t c) const {
    const double keep = 1.0 - a.smoothing, spread = double(a.smoothing) / double(a.classes);
    const double t = a.target ? a.target[row * a.classes + c] : a.index[row] == c ? 1.0 : 0.0;
    return weight(c) * (keep * t + spread);
  }
  bool single() const { return !a.target && a.smoothing == 0; }  // q is zero but at index[row]
};

bool ignored(const CrossEntropyArgs& a, std::int64_t row) { return a.index && a.has_ignore && a.index[row] == a.ignore; }

double normaliser(const CrossEntropyArgs& a) {
  if (!a.index) return double(a.rows);
  double sum = 0;
  for (std::int64_t i = 0; i < a.rows; ++i) {
    if (ignored(a, i)) continue;
    const std::int64_t t = a.index[i];
    if (t < 0 || t >= a.classes) throw Error("class index ", t, " in row ", i, " is outside [0,", a.classes, ")");
    sum += a.weights ? a.weights[t] : 1.0f;
  }
  return sum;
}

// -log p_c of one row.
struct Surprise {
  const float* x;
  Scores scores;
  double top, log_total;
  double operator()(std::int64_t c) const {
    switch (scores) {
      case Scores::logits: return log_total - (double(x[c]) - top);
      case Scores::log_probabilities: return -double(x[c]);
      case Scores::probabilities: break;
    }
    return -std::max(std::log(double(x[c])), -100.0);
  }
  // d(-log p_c)/dx_c, but for the softmax part of logits.
  double slope(std::int64_t c) const { return scores == Scores::probabilities ? -1.0 / std::max(double(x[c]), 1e-12) : -1.0; }
};

// Loss of one row; its gradient times step into dx.
double row_loss(const CrossEntropyArgs& a, std::int64_t i, double step) {
  const Row row{a, i};
  const float* x = a.x + i * a.classes;
  float* dx = a.dx ? a.dx + i * a.classes : nullptr;
  Surprise surprise{x, a.scores, 0, 0};
  float total = 1;
  if (a.scores == Scores::logits) {
    surprise.top = HWY_DYNAMIC_DISPATCH(exp_row)(x, std::size_t(a.classes), dx, &total);
    surprise.log_total = std::log(double(total));
  } else if (dx) {
    std::fill_n(dx, a.classes, 0.0f);
  }
  const std::int64_t first = row.single() ? a.index[i] : 0, last = row.single() ? first + 1 : a.classes;
  double loss = 0, mass = 0;
  for (std::int64_t c = first; c < last; ++c) {
    const double q = row.q(c);
    if (q != 0) loss += q * surprise(c);
    mass += q;
  }
  if (!dx) return loss;
  if (a.scores == Scores::logits) HWY_DYNAMIC_DISPATCH(scale_row)(dx, std::size_t(a.classes), float(step * mass / total));
  for (std::int64_t c = first; c < last; ++c) dx[c] += float(step * row.q(c) * surprise.slope(c));
  return loss;
}

}  // namespace

double cross_entropy(const CrossEntropyArgs& a) {
  const double weight = normaliser(a), step = weight > 0 ? double(a.scale) / weight : 0.0;
  double loss = 0;
  for (std::int64_t i = 0; i < a.rows; ++i) {
    if (!ignored(a, i) && weight > 0) loss += row_loss(a, i, step);
    else if (a.dx) std::fill_n(a.dx + i * a.classes, a.classes, 0.0f);
  }
  return weight > 0 ? loss / weight : 0.0;
}

}  // namespace lehr
#endif
