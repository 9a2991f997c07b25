#include "engine/data/scalers.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"

namespace lehr {

namespace {
using Scale = ColumnRule::Scale;

// A column without spread keeps scale 1; a spread past all numbers stays so, for the caller to find.
Scaling over(double shift, double spread) { return {shift, spread == 0 ? 1 : std::isfinite(spread) ? 1 / spread : spread}; }

Scaling standard(const Values& values, double) {
  const double m = mean(values);
  double squares = 0, count = 0;
  values.each([&](std::span<const double> block) {
    double sum = squares;
    for (const double value : block) sum += (value - m) * (value - m);
    squares = sum, count += static_cast<double>(block.size());
  });
  const double deviation = std::sqrt(squares / count);
  // A constant's mean may be off by a rounding; that is no spread.
  return over(m, deviation <= 1e-14 * std::abs(m) ? 0 : deviation);
}

Scaling minmax(const Values& values, double) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  values.each([&](std::span<const double> block) {
    for (const double value : block) low = std::min(low, value), high = std::max(high, value);
  });
  return over(low, high - low);
}

Scaling divide(const Values&, double by) {
  if (!std::isfinite(by) || !std::isfinite(1 / by)) throw Error("scale: cannot divide by ", by);
  return {0, 1 / by};
}

Scaling robust(const Values& values, double) {
  std::vector<double> sorted = values.all();
  std::ranges::sort(sorted);
  return over(quantile(sorted, 0.5), quantile(sorted, 0.75) - quantile(sorted, 0.25));
}

Scaling quantiles(const Values& values, double) {
  constexpr std::size_t most = 1000;
  std::vector<double> sorted = values.all();
  std::ranges::sort(sorted);
  const std::size_t count = std::min(most, sorted.size());
  Scaling out;
  for (std::size_t i = 0; i < count; ++i) out.knots.push_back(quantile(sorted, count == 1 ? 0 : static_cast<double>(i) / static_cast<double>(count - 1)));
  return out;
}

constexpr ScalerRow rows[] = {
    {Scale::none, "none", "values as they are", nullptr, [](const Values&, double) { return Scaling{}; }},
    {Scale::standard, "standard", "mean 0, deviation 1", nullptr, standard},
    {Scale::minmax, "minmax", "from 0 to 1", nullptr, minmax},
    {Scale::robust, "robust", "median 0, distance of the quartiles 1", nullptr, robust},
    {Scale::quantile, "quantile", "the share of training rows below, 0 to 1, by up to 1000 quantiles", nullptr, quantiles},
    {Scale::quantile_normal, "quantile_normal", "that share as the number of a normal distribution", nullptr, quantiles},
    {Scale::divide, "divide", "Every value is divided by this number.", &ColumnRule::divide, divide},
};
constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (static_cast<std::size_t>(rows[i].scale) != i) return false;
  return true;
}
static_assert(in_order(), "each scaler has its row, in the order of the enumerators");
}  // namespace

std::span<const ScalerRow> standard_scalers() { return rows; }
const ScalerRow& scaler_row(Scale scale) { return rows[static_cast<std::size_t>(scale)]; }

double quantile(std::span<const double> ascending, double q) {
  const double at = q * static_cast<double>(ascending.size() - 1);
  const auto below = static_cast<std::size_t>(at);
  if (below + 1 >= ascending.size()) return ascending.back();
  const double low = ascending[below], high = ascending[below + 1];
  return low == high ? low : std::lerp(low, high, at - static_cast<double>(below));
}

double share_below(std::span<const double> knots, double raw) {
  if (raw <= knots.front()) return 0;
  if (raw >= knots.back()) return 1;
  const auto [first, last] = std::equal_range(knots.begin(), knots.end(), raw);  // clang 14 takes no ranges:: one of a span
  const auto place = [&](auto it) { return static_cast<double>(it - knots.begin()) / static_cast<double>(knots.size() - 1); };
  if (first != last) return (place(first) + place(last - 1)) / 2;
  const double low = *(first - 1), share = (raw - low) / (*first - low);
  return std::lerp(place(first - 1), place(first), share);
}

// Newton steps on erfc from Hastings' approximation (Abramowitz and Stegun 26.2.23, off by at most 4.5e-4).
double normal_quantile(double p) {
  constexpr double least = 1e-7;
  p = std::clamp(p, least, 1 - least);
  const bool upper = p > 0.5;
  const double tail = upper ? 1 - p : p, t = std::sqrt(-2 * std::log(tail));
  double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int i = 0; i < 3; ++i) {
    const double off = std::erfc(x / std::numbers::sqrt2) / 2 - tail;
    x += off / (std::exp(-x * x / 2) / std::sqrt(2 * std::numbers::pi));
  }
  return upper ? x : -x;
}

double among(std::span<const double> knots, bool normal, double raw) {
  if (std::isnan(raw)) return raw;
  const double share = share_below(knots, raw);
  return normal ? normal_quantile(share) : share;
}

double mean(const Values& values) {
  double total = 0, rounding = 0, count = 0;
  values.each([&](std::span<const double> block) {
    double sum = total, lost = rounding;
    for (const double value : block) {
      const double term = value - lost, next = sum + term;
      lost = (next - sum) - term;
      sum = next;
    }
    total = sum, rounding = lost, count += static_cast<double>(block.size());
  });
  return total / count;
}

std::size_t Values::count() const {
  std::size_t out = 0;
  each([&](std::span<const double> block) { out += block.size(); });
  return out;
}

std::vector<double> Values::all() const {
  std::vector<double> out;
  each([&](std::span<const double> block) { out.insert(out.end(), block.begin(), block.end()); });
  return out;
}

}  // namespace lehr
