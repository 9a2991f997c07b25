#pragma once
#include <string>
#include <vector>

#include "base/shape.h"

namespace lehr {

namespace json {
struct Value;
}

// What a later array needs to be taken as the ones trained on: a model that takes floats sees float32((value - shift) * scale).
struct ArrayPlan {
  std::string input;  // of the model, "" for the only one
  Dtype dtype = Dtype::f32;
  Shape row;
  bool scaled = false;
  double shift = 0, scale = 1;
  bool operator==(const ArrayPlan&) const = default;

  std::string json() const;
  static ArrayPlan parse(const json::Value& value);
};

}  // namespace lehr
