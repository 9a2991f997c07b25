#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace lehr {

// What a derivative is told from.
enum class Told { by_nothing, by_x, by_y, no_gradient };

// y = f(x; a, b) and dx (+)= dy f'(s; a, b), s = x or y, over n floats; x and y, dy and dx may be the same.
struct Eltwise {
  const char* name;
  void (*forward)(const float* x, float* y, std::int64_t n, float a, float b);
  void (*backward)(const float* s, const float* dy, float* dx, std::int64_t n, float a, float b, bool add);
  Told told;
};

// For this CPU; look it up once. Names are those of the ONNX operators in lower case: neg abs exp log sqrt reciprocal erf sin cos
// sign floor ceil round square pow(a = exponent) relu leaky_relu/elu/celu/swish/thresholded_relu(a = alpha) selu(a = alpha,
// b = gamma) tanh sigmoid softplus softsign hard_sigmoid(a = alpha, b = beta) hard_swish mish gelu gelu_tanh
// clip(a = min, b = max). Error on an unknown one.
const Eltwise& eltwise(const std::string& name);
std::vector<std::string> eltwise_names();

}  // namespace lehr
