#pragma once
#include <span>

#include "engine/data/options.h"

namespace lehr {

// x = (raw - shift) * scale.
struct Scaling { double shift = 0, scale = 1; };

// One way to scale a numeric column by what its training rows hold.
struct ScalerRow {
  TableSpec::Scale scale;
  const char *name, *doc;          // as experiment files spell it
  double TableSpec::*number;       // the number it takes, scale: {divide: 255}; nullptr: none
  Scaling (*fit)(std::span<const double> values, double number);  // values: at least one, all finite
};
std::span<const ScalerRow> standard_scalers();
const ScalerRow& scaler_row(TableSpec::Scale scale);

// Of at least one value, with the rounding errors of the sum carried along (Kahan).
double mean(std::span<const double> values);

}  // namespace lehr
