#pragma once
#include <functional>
#include <span>
#include <vector>

#include "engine/data/options.h"

namespace lehr {

// Numbers that are handed out block by block, in their order, as often as asked: a column is never held as doubles.
class Values {
 public:
  using Block = std::function<void(std::span<const double>)>;
  explicit Values(std::function<void(const Block&)> each) : each_(std::move(each)) {}
  explicit Values(std::span<const double> held) : each_([held](const Block& block) { block(held); }) {}
  void each(const Block& block) const { each_(block); }
  std::size_t count() const;
  std::vector<double> all() const;

 private:
  std::function<void(const Block&)> each_;
};

// x = (raw - shift) * scale; with knots instead: the share of training rows below raw.
struct Scaling {
  double shift = 0, scale = 1;
  std::vector<double> knots = {};  // ascending quantiles of the training rows, equally spaced from the smallest to the largest
};

// One way to scale a numeric column by what its training rows hold.
struct ScalerRow {
  ColumnRule::Scale scale;
  const char *name, *doc;          // as experiment files spell it
  double ColumnRule::*number;      // the number it takes, scale: {divide: 255}; nullptr: none
  Scaling (*fit)(const Values& values, double number);  // values: at least one, all finite
};
std::span<const ScalerRow> standard_scalers();
const ScalerRow& scaler_row(ColumnRule::Scale scale);

// Quantile q in [0, 1] of ascending values, linear between them (numpy's default).
double quantile(std::span<const double> ascending, double q);
// Where raw lies among quantiles, 0 to 1: 0 up to the smallest, 1 from the largest, linear between, of equal ones the middle (scikit-learn's
// QuantileTransformer). knots: at least 1.
double share_below(std::span<const double> knots, double raw);
// The number that a normal variable is below with probability p, kept within that of 1e-7 and 1 - 1e-7 (as scikit-learn does).
double normal_quantile(double p);

// The same of values that are scaled by quantiles: their share, with `normal` as the number of a normal distribution. NaN stays NaN.
double among(std::span<const double> knots, bool normal, double raw);

// Of at least one value, with the rounding errors of the sum carried along (Kahan).
double mean(const Values& values);

}  // namespace lehr
