#include "engine/data/scalers.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace lehr {

namespace {
using Scale = TableSpec::Scale;
using Values = std::span<const double>;

// A column without spread keeps scale 1; a spread past all numbers stays so, for the caller to find.
Scaling over(double shift, double spread) { return {shift, spread == 0 ? 1 : std::isfinite(spread) ? 1 / spread : spread}; }

Scaling standard(Values values, double) {
  const double m = mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - m) * (value - m);
  const double deviation = std::sqrt(squares / static_cast<double>(values.size()));
  // A constant's mean may be off by a rounding; that is no spread.
  return over(m, deviation <= 1e-14 * std::abs(m) ? 0 : deviation);
}

Scaling minmax(Values values, double) {
  const auto [low, high] = std::ranges::minmax(values);
  return over(low, high - low);
}

Scaling divide(Values, double by) {
  if (!std::isfinite(by) || !std::isfinite(1 / by)) throw Error("scale: cannot divide by ", by);
  return {0, 1 / by};
}

constexpr ScalerRow rows[] = {
    {Scale::none, "none", "values as they are", nullptr, [](Values, double) { return Scaling{}; }},
    {Scale::standard, "standard", "mean 0, deviation 1", nullptr, standard},
    {Scale::minmax, "minmax", "from 0 to 1", nullptr, minmax},
    {Scale::divide, "divide", "Every value is divided by this number.", &TableSpec::divide, divide},
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

double mean(Values values) {
  double sum = 0, lost = 0;
  for (const double value : values) {
    const double term = value - lost, next = sum + term;
    lost = (next - sum) - term;
    sum = next;
  }
  return sum / static_cast<double>(values.size());
}

}  // namespace lehr
