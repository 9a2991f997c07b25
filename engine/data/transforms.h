#pragma once
#include <span>

#include "engine/data/options.h"

namespace lehr {

// What a numeric column goes through before it is scaled, in double; missing cells are filled before. The results are finite within the domain.
struct TransformRow {
  ColumnRule::Transform transform;
  const char *name, *doc;  // as experiment files spell it
  double (*of)(double raw);
  double (*inverse)(double value);
  bool (*takes)(double raw);
  const char* domain;      // "above 0"; of those that take every number ""
};
std::span<const TransformRow> standard_transforms();
const TransformRow& transform_row(ColumnRule::Transform transform);

}  // namespace lehr
