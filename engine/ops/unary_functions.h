#pragma once
#include <cstdint>
#include <string>

#include "engine/plan/op.h"

namespace lehr {

// What a derivative is a function of.
enum class Needs { nothing, x, y, no_gradient };

// y = f(x; a, b) and dx (+)= dy f'(s; a, b) with s = x or y as `needs` says, over n floats; x and y may be the same.
struct Function {
  void (*forward)(const float* x, float* y, std::int64_t n, float a, float b);
  void (*backward)(const float* s, const float* dy, float* dx, std::int64_t n, float a, float b, bool add);
  Needs needs;
};

// By the ONNX operator's name in lower case, "gelu_tanh" for Gelu's approximation; parameters: relu none, leaky_relu/elu/celu/
// swish/thresholded_relu a = alpha, pow a = exponent, selu a = alpha b = gamma, hard_sigmoid a = alpha b = beta, clip a = min b = max.
const Function& function(const std::string& name);
// The operator out 0 = f(in 0), its shape in 0's; Error unless that is a float tensor.
std::unique_ptr<Op> make_elementwise(const NodeView& node, const Function& f, float a = 0, float b = 0);

}  // namespace lehr
