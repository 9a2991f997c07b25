#pragma once
#include <functional>
#include <set>
#include <string>

namespace lehr {

using Names = std::set<std::string, std::less<>>;

// Operators whose result has the first input's shape and whose rows depend on that row of it alone.
inline const Names& unary() {
  static const Names names{
      "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Tanh", "Sigmoid", "Softplus", "Softsign", "HardSigmoid", "HardSwish", "Mish", "Swish",
      "Clip", "Identity", "Dropout", "Neg", "Abs", "Exp", "Log", "Sqrt", "Erf", "Cast", "Reciprocal", "Sin", "Cos", "Sign", "Floor", "Ceil",
      "Scaler", "Not", "QuickGelu", "Normalizer", "CastLike", "ThresholdedRelu", "IsNaN"};
  return names;
}
// Operators whose result is that of their inputs broadcast together.
inline const Names& binary() {
  static const Names names{"Add",  "Sub",   "Mul",     "Div",  "Pow",   "Min",            "Max",         "Sum", "Mean",
                           "Where", "Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Xor", "Mod"};
  return names;
}
inline Names plus(Names names, const Names& more) {
  names.insert(more.begin(), more.end());
  return names;
}

}  // namespace lehr
