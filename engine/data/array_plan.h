#pragma once
#include <string>
#include <vector>

#include "base/shape.h"

namespace lehr {

namespace json {
struct Value;
}

// What a later array needs to be taken as the ones trained on: a model that takes floats sees float32((value - shift) * scale), or where there are knots
// float32(among(knots, normal, value)) (scalers.h).
struct ArrayPlan {
  std::string input;  // of the model, "" for the only one
  Dtype dtype = Dtype::f32;
  Shape row;
  bool scaled = false;
  double shift = 0, scale = 1;
  std::vector<double> knots = {};
  bool normal = false;
  bool whole = false;  // the model takes integers
  bool operator==(const ArrayPlan&) const = default;

  std::string json() const;
  static ArrayPlan parse(const json::Value& value);
};

}  // namespace lehr
