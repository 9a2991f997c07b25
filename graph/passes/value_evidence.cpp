#include "graph/passes/value_evidence.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <span>
#include <vector>

#include "base/text.h"

namespace lehr {

namespace {

constexpr double close = 1e-4, mask_at_most = -20, absurd = 1e30;

bool alike(double a, double b, double scale) { return std::abs(a - b) <= close * std::max(scale, 1e-30); }

// Every line of the tensor along an axis, copied out.
template <class Body>
bool all_lines(const std::vector<double>& x, const Shape& shape, std::size_t axis, const Body& body) {
  const auto length = static_cast<std::size_t>(shape[axis]);
  std::size_t inner = 1;
  for (std::size_t i = axis + 1; i < shape.size(); ++i) inner *= static_cast<std::size_t>(shape[i]);
  std::vector<double> line(length);
  for (std::size_t start = 0; start < x.size(); start += length * inner)
    for (std::size_t k = 0; k < inner; ++k) {
      for (std::size_t t = 0; t < length; ++t) line[t] = x[start + t * inner + k];
      if (!body(line)) return false;
    }
  return true;
}

// x[t+1] + x[t-1] = c x[t] with |c| <= 2, c taken where |x[t]| is largest.
bool oscillates(std::span<const double> x) {
  std::size_t at = 1;
  for (std::size_t t = 1; t + 1 < x.size(); ++t)
    if (std::abs(x[t]) > std::abs(x[at])) at = t;
  if (std::abs(x[at]) < 1e-6) return std::ranges::all_of(x, [](double v) { return std::abs(v) < 1e-3; });
  const double c = (x[at + 1] + x[at - 1]) / x[at];
  if (std::abs(c) > 2 + close) return false;
  for (std::size_t t = 1; t + 1 < x.size(); ++t)
    if (std::abs(x[t + 1] + x[t - 1] - c * x[t]) > 1e-3) return false;
  return true;
}

bool constant_line(std::span<const double> x) {
  return std::ranges::all_of(x, [&](double v) { return alike(v, x[0], std::abs(x[0])); });
}

// From position 0 on: cos(w t) or sin(w t) of one w. The double angle ties the third entry to the second.
bool starts_at_zero(std::span<const double> x) {
  const bool cosine = std::abs(x[0] - 1) < 1e-6, sine = std::abs(x[0]) < 1e-6;
  if (!cosine && !sine) return false;
  const double c = cosine ? 2 * x[1] : (x[1] == 0 ? 2 : x[2] / x[1]);  // 2 cos(w)
  if (sine && std::abs(x[2] * x[2] - 4 * x[1] * x[1] * (1 - x[1] * x[1])) > 1e-3) return false;
  for (std::size_t t = 1; t + 1 < x.size(); ++t)
    if (std::abs(x[t + 1] + x[t - 1] - c * x[t]) > 1e-3) return false;
  return true;
}

// A line of three entries fits by chance now and then, so several must.
bool cosines(const std::vector<double>& x, const Shape& shape) {
  if (std::ranges::any_of(x, [](double v) { return std::abs(v) > 1 + close; })) return false;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    const std::int64_t length = shape[axis];
    std::size_t moving = 0;
    const auto count = [&](const std::vector<double>& line) { moving += !constant_line(line); };
    if (length >= 3 && all_lines(x, shape, axis, [&](const auto& line) { return count(line), starts_at_zero(line); }) && moving > (length > 3 ? 0 : 1))
      return true;
    moving = 0;
    if (length >= 5 && all_lines(x, shape, axis, [&](const auto& line) { return count(line), oscillates(line); }) && moving > 0) return true;
  }
  return false;
}

bool equal_steps(std::span<const double> x) {
  const double step = x[1] - x[0], range = std::abs(x.back() - x.front());
  if (step == 0) return false;
  for (std::size_t i = 2; i < x.size(); ++i)
    if (!alike(x[i] - x[i - 1], step, range)) return false;
  return true;
}
bool rising(std::span<const double> x) { return std::ranges::adjacent_find(x, std::greater_equal<>()) == x.end(); }
bool mirrored(std::span<const double> x) {
  double top = 0;
  for (const double v : x) top = std::max(top, std::abs(v));
  const auto same = [&](std::size_t first) {  // 1: one period of a periodic window, whose first value has no partner
    for (std::size_t i = first, j = x.size() - 1; i < j; ++i, --j)
      if (!alike(x[i], x[j], top)) return false;
    return true;
  };
  return !constant_line(x) && (same(0) || same(1));
}

}  // namespace

namespace {
bool sound(const Tensor& tensor) {  // without a copy where that is possible: every weight is asked
  return tensor.type.dtype == Dtype::f32 && std::ranges::all_of(tensor.as<float>(), [](float v) { return std::abs(v) < static_cast<float>(absurd); });
}
}  // namespace

std::string not_finite(const Tensor& tensor) {
  if (sound(tensor)) return "";
  for (const double v : tensor.doubles()) {
    if (!std::isfinite(v)) return cat("holds ", v);
    if (std::abs(v) >= absurd) return cat("holds ", v, ", which no weight is");
  }
  return "";
}

std::string formula_values(const Tensor& tensor, bool multiplied) {
  const Shape& shape = tensor.shape();
  const std::vector<double> x = tensor.doubles();
  if (x.size() < 2) return "";
  const std::set<double> distinct = [&] {
    std::set<double> out;
    for (const double v : x)
      if (out.insert(v); out.size() > 2) break;
    return out;
  }();
  if (distinct.size() == 2 && *distinct.rbegin() == 0 && *distinct.begin() <= mask_at_most) return cat("a mask of 0 and ", *distinct.begin());
  if (distinct.size() == 2 && multiplied && *distinct.begin() == 0 && *distinct.rbegin() == 1) return "a mask of zeros and ones";
  if (distinct.size() < 2) return "";
  if (cosines(x, shape)) return "a table of sines or cosines";
  const auto last = shape.size() - 1;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (shape[axis] >= 4 && all_lines(x, shape, axis, equal_steps)) return "numbers in equal steps (positions, knots)";
  if (shape[last] >= 8 && all_lines(x, shape, last, rising)) return "numbers that rise throughout (knots)";
  if (shape[last] >= 8 && static_cast<std::int64_t>(x.size()) == shape[last] && mirrored(x)) return "a window: its own mirror image";
  return "";
}

}  // namespace lehr
