#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "engine/kernels/losses.h"
#include "engine/kernels/simd.h"

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

// Of each row: its largest element and the sum of exp(x - largest), which p (may be null) gets term by term.
void exp_rows(const float* x, std::size_t rows, std::size_t n, float* p, float* top, float* total) {
  const Full d;
  for (std::size_t i = 0; i < rows; ++i, x += n) {
    Floats most = hn::Set(d, -std::numeric_limits<float>::infinity()), sum = hn::Zero(d);
    each_vector(n, MaxOf{x, most});
    most = hn::MaxOfLanes(d, most);
    each_vector(n, ExpSum{x, most, p ? p + i * n : nullptr, sum});
    top[i] = hn::GetLane(most);
    total[i] = sum_lanes(sum);
  }
}

// p = factor * p, a factor a row.
struct Scale {
  Floats factor;
  float* p;
  HWY_INLINE void operator()(std::size_t i, std::size_t count) const { store(hn::Mul(factor, load(p + i, count)), p + i, count); }
};
void scale_rows(float* p, std::size_t rows, std::size_t n, const float* factor) {
  for (std::size_t i = 0; i < rows; ++i) each_vector(n, Scale{hn::Set(Full(), factor[i]), p + i * n});
}

}  // namespace lehr::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lehr {
HWY_EXPORT(exp_rows);
HWY_EXPORT(scale_rows);

namespace {

// The targets q of one row.
struct Row {
  const CrossEntropyArgs& a;
  std::int64_t row;
  double weight(std::int64_t c) const { return a.weights ? a.weights[c] : 1.0f; }
  double own() const { return a.row_weights ? a.row_weights[row / a.group] : 1.0f; }
  double q(std::int64_t c) const {
    const double keep = 1.0 - a.smoothing, spread = double(a.smoothing) / double(a.classes);
    const double t = a.target ? a.target[row * a.classes + c] : a.index[row] == c ? 1.0 : 0.0;
    return own() * weight(c) * (keep * t + spread);
  }
  bool single() const { return !a.target && a.smoothing == 0; }  // q is zero but at index[row]
};

bool ignored(const CrossEntropyArgs& a, std::int64_t row) { return a.index && (a.index[row] < 0 || (a.has_ignore && a.index[row] == a.ignore)); }

double normaliser(const CrossEntropyArgs& a) {
  double sum = 0;
  if (!a.index && !a.row_weights) return double(a.rows);
  for (std::int64_t i = 0; i < a.rows; ++i) {
    const Row row{a, i};
    if (ignored(a, i)) continue;
    if (!a.index) {
      sum += row.own();
      continue;
    }
    const std::int64_t t = a.index[i];
    if (t >= a.classes) throw Error("class index ", t, " in row ", i, " is outside [0,", a.classes, ")");
    sum += row.own() * row.weight(t);
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
      case Scores::logits:
        return log_total - (double(x[c]) - top);
      case Scores::log_probabilities:
        return -double(x[c]);
      case Scores::probabilities:
        break;
    }
    return -std::max(std::log(double(x[c])), -100.0);
  }
  // d(-log p_c)/dx_c, but for the softmax part of logits.
  double slope(std::int64_t c) const { return scores == Scores::probabilities ? -1.0 / std::max(double(x[c]), 1e-12) : -1.0; }
};

constexpr std::int64_t block_rows = 64;

// Loss of the rows from `begin`; their gradient times step into dx.
double block_loss(const CrossEntropyArgs& a, std::int64_t begin, std::int64_t count, double step) {
  const std::int64_t n = a.classes;
  const float* x = a.x + begin * n;
  float* dx = a.dx ? a.dx + begin * n : nullptr;
  float top[block_rows] = {}, total[block_rows] = {}, factor[block_rows] = {};
  const bool logits = a.scores == Scores::logits;
  if (logits) HWY_DYNAMIC_DISPATCH(exp_rows)(x, std::size_t(count), std::size_t(n), dx, top, total);
  double loss = 0;
  const auto targets = [&](std::int64_t r, const auto& body) {  // the classes with q != 0
    const Row row{a, begin + r};
    if (ignored(a, begin + r)) return;
    const std::int64_t first = row.single() ? a.index[begin + r] : 0, last = row.single() ? first + 1 : n;
    for (std::int64_t c = first; c < last; ++c) body(c, row.q(c));
  };
  for (std::int64_t r = 0; r < count; ++r) {
    const Surprise surprise{x + r * n, a.scores, top[r], logits ? double(std::log(total[r])) : 0.0};
    double mass = 0;
    targets(r, [&](std::int64_t c, double q) {
      if (q != 0) loss += q * surprise(c);
      mass += q;
    });
    factor[r] = logits ? float(step * mass / total[r]) : 0.0f;
  }
  if (!dx) return loss;
  if (logits)
    HWY_DYNAMIC_DISPATCH(scale_rows)(dx, std::size_t(count), std::size_t(n), factor);
  else
    std::fill_n(dx, count * n, 0.0f);
  for (std::int64_t r = 0; r < count; ++r) {
    if (ignored(a, begin + r)) std::fill_n(dx + r * n, n, 0.0f);
    const Surprise surprise{x + r * n, a.scores, 0, 0};
    targets(r, [&](std::int64_t c, double q) { dx[r * n + c] += float(step * q * surprise.slope(c)); });
  }
  return loss;
}

}  // namespace

double cross_entropy(const CrossEntropyArgs& a) {
  const double weight = normaliser(a), step = weight > 0 ? double(a.scale) / weight : 0.0;
  if (!(weight > 0)) {
    if (a.dx) std::fill_n(a.dx, a.rows * a.classes, 0.0f);
    return 0;
  }
  double loss = 0;
  for (std::int64_t i = 0; i < a.rows; i += block_rows) loss += block_loss(a, i, std::min(block_rows, a.rows - i), step);
  return loss / weight;
}

}  // namespace lehr
#endif
