#include "engine/ops/unary_functions.h"

#include <cmath>
#include <map>
#include <numbers>

#include "base/error.h"

namespace lehr {

namespace {

float sigmoid(float x) {
  const float e = std::exp(-std::abs(x));
  return (x < 0 ? e : 1.0f) / (1.0f + e);
}
constexpr float sqrt_half = 0.70710678118654752440f;
constexpr float density_at_0 = 0.39894228040143267794f;  // 1/sqrt(2 pi)
constexpr float sqrt_2_over_pi = 0.79788456080286535588f;

// y(x, a, b) and d(s, a, b), s as `needs` says. NaN stays NaN.
struct Neg { static constexpr Needs needs = Needs::nothing; static float y(float x, float, float) { return -x; } static float d(float, float, float) { return -1; } };
struct Abs {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float, float) { return std::abs(x); }
  static float d(float x, float, float) { return x > 0 ? 1.0f : x < 0 ? -1.0f : 0.0f; }
};
struct Exp { static constexpr Needs needs = Needs::y; static float y(float x, float, float) { return std::exp(x); } static float d(float y, float, float) { return y; } };
struct Log { static constexpr Needs needs = Needs::x; static float y(float x, float, float) { return std::log(x); } static float d(float x, float, float) { return 1 / x; } };
struct Sqrt { static constexpr Needs needs = Needs::y; static float y(float x, float, float) { return std::sqrt(x); } static float d(float y, float, float) { return 0.5f / y; } };
struct Reciprocal { static constexpr Needs needs = Needs::y; static float y(float x, float, float) { return 1 / x; } static float d(float y, float, float) { return -y * y; } };
struct Erf {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float, float) { return std::erf(x); }
  static float d(float x, float, float) { return 2 * std::numbers::inv_sqrtpi_v<float> * std::exp(-x * x); }
};
struct Sin { static constexpr Needs needs = Needs::x; static float y(float x, float, float) { return std::sin(x); } static float d(float x, float, float) { return std::cos(x); } };
struct Cos { static constexpr Needs needs = Needs::x; static float y(float x, float, float) { return std::cos(x); } static float d(float x, float, float) { return -std::sin(x); } };
template <float (*f)(float)>
struct Step { static constexpr Needs needs = Needs::no_gradient; static float y(float x, float, float) { return f(x); } static float d(float, float, float) { return 0; } };
float sign(float x) { return x > 0 ? 1.0f : x < 0 ? -1.0f : x; }
float floor_of(float x) { return std::floor(x); }
float ceil_of(float x) { return std::ceil(x); }
float half_even(float x) { return std::nearbyint(x); }

struct Relu {
  static constexpr Needs needs = Needs::y;
  static float y(float x, float, float) { return x < 0 ? 0.0f : x; }
  static float d(float y, float, float) { return y > 0 ? 1.0f : 0.0f; }
};
struct LeakyRelu {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float) { return x < 0 ? a * x : x; }
  static float d(float x, float a, float) { return x > 0 ? 1.0f : a; }
};
struct ThresholdedRelu {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float) { return x <= a ? 0.0f : x; }
  static float d(float x, float a, float) { return x > a ? 1.0f : 0.0f; }
};
struct Elu {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float) { return x < 0 ? a * std::expm1(x) : x; }
  static float d(float x, float a, float) { return x > 0 ? 1.0f : a * std::exp(x); }
};
struct Celu {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float) { return x < 0 ? a * std::expm1(x / a) : x; }
  static float d(float x, float a, float) { return x > 0 ? 1.0f : std::exp(x / a); }
};
struct Selu {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float gamma) { return gamma * (x < 0 ? a * std::expm1(x) : x); }
  static float d(float x, float a, float gamma) { return gamma * (x > 0 ? 1.0f : a * std::exp(x)); }
};
struct Tanh { static constexpr Needs needs = Needs::y; static float y(float x, float, float) { return std::tanh(x); } static float d(float y, float, float) { return 1 - y * y; } };
struct Sigmoid { static constexpr Needs needs = Needs::y; static float y(float x, float, float) { return sigmoid(x); } static float d(float y, float, float) { return y * (1 - y); } };
struct Softplus {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float, float) { return std::max(x, 0.0f) + std::log1p(std::exp(-std::abs(x))); }
  static float d(float x, float, float) { return sigmoid(x); }
};
struct Softsign {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float, float) { return x / (1 + std::abs(x)); }
  static float d(float x, float, float) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); }
};
struct HardSigmoid {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float b) { const float l = a * x + b; return l < 0 ? 0.0f : l > 1 ? 1.0f : l; }
  static float d(float x, float a, float b) { const float l = a * x + b; return l > 0 && l < 1 ? a : 0.0f; }
};
struct HardSwish {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float, float) { return x * HardSigmoid::y(x, 1.0f / 6, 0.5f); }
  static float d(float x, float, float) { return x <= -3 ? 0.0f : x >= 3 ? 1.0f : x / 3 + 0.5f; }
};
struct Swish {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float) { return x * sigmoid(a * x); }
  static float d(float x, float a, float) { const float s = sigmoid(a * x); return s + a * x * s * (1 - s); }
};
// tanh(log(1 + e^x)) = n/(n + 2), n = e^x (e^x + 2); 1 - tanh^2 = 4 (n + 1)/(n + 2)^2.
struct Mish {
  static constexpr Needs needs = Needs::x;
  static float n(float x) { const float e = std::exp(std::min(x, 20.0f)); return e * (e + 2); }
  static float y(float x, float, float) { return x * (n(x) / (n(x) + 2)); }
  static float d(float x, float, float) {
    const float m = n(x), t = m / (m + 2);
    return t + x * sigmoid(x) * 4 * ((m + 1) / (m + 2)) / (m + 2);
  }
};
struct Gelu {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float, float) { return 0.5f * x * std::erfc(-x * sqrt_half); }
  static float d(float x, float, float) { return 0.5f * std::erfc(-x * sqrt_half) + x * density_at_0 * std::exp(-0.5f * x * x); }
};
struct GeluTanh {  // 0.5 (1 + tanh u) = sigmoid(2u)
  static constexpr Needs needs = Needs::x;
  static float u(float x) { return sqrt_2_over_pi * x * (1 + 0.044715f * x * x); }
  static float y(float x, float, float) { return x * sigmoid(2 * u(x)); }
  static float d(float x, float, float) {
    const float s = sigmoid(2 * u(x));
    return s + x * 2 * s * (1 - s) * sqrt_2_over_pi * (1 + 3 * 0.044715f * x * x);
  }
};
struct Square { static constexpr Needs needs = Needs::x; static float y(float x, float, float) { return x * x; } static float d(float x, float, float) { return 2 * x; } };
struct Pow {
  static constexpr Needs needs = Needs::x;
  static float y(float x, float a, float) { return std::pow(x, a); }
  static float d(float x, float a, float) { return a == 0 ? 0.0f : a * std::pow(x, a - 1); }
};
struct Clip {  // the gradient passes at the bounds
  static constexpr Needs needs = Needs::x;
  static float y(float x, float low, float high) { x = x < low ? low : x; return x > high ? high : x; }
  static float d(float x, float low, float high) { return x >= low && x <= high ? 1.0f : 0.0f; }
};

template <class F>
void forward(const float* x, float* y, std::int64_t n, float a, float b) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = F::y(x[i], a, b);
}
template <class F>
void backward(const float* s, const float* dy, float* dx, std::int64_t n, float a, float b, bool add) {
  const auto at = [s](std::int64_t i) { return F::needs == Needs::x || F::needs == Needs::y ? s[i] : 0.0f; };
  if (add)
    for (std::int64_t i = 0; i < n; ++i) dx[i] += dy[i] * F::d(at(i), a, b);
  else
    for (std::int64_t i = 0; i < n; ++i) dx[i] = dy[i] * F::d(at(i), a, b);
}
template <class F>
constexpr Function row() { return {forward<F>, backward<F>, F::needs}; }

}  // namespace

const Function& function(const std::string& name) {
  static const std::map<std::string, Function> functions{
      {"neg", row<Neg>()}, {"abs", row<Abs>()}, {"exp", row<Exp>()}, {"log", row<Log>()}, {"sqrt", row<Sqrt>()},
      {"reciprocal", row<Reciprocal>()}, {"erf", row<Erf>()}, {"sin", row<Sin>()}, {"cos", row<Cos>()},
      {"sign", row<Step<sign>>()}, {"floor", row<Step<floor_of>>()}, {"ceil", row<Step<ceil_of>>()}, {"round", row<Step<half_even>>()},
      {"relu", row<Relu>()}, {"leaky_relu", row<LeakyRelu>()}, {"thresholded_relu", row<ThresholdedRelu>()},
      {"elu", row<Elu>()}, {"celu", row<Celu>()}, {"selu", row<Selu>()}, {"tanh", row<Tanh>()}, {"sigmoid", row<Sigmoid>()},
      {"softplus", row<Softplus>()}, {"softsign", row<Softsign>()}, {"hard_sigmoid", row<HardSigmoid>()},
      {"hard_swish", row<HardSwish>()}, {"swish", row<Swish>()}, {"mish", row<Mish>()}, {"gelu", row<Gelu>()},
      {"gelu_tanh", row<GeluTanh>()}, {"clip", row<Clip>()},
      {"square", row<Square>()}, {"pow", row<Pow>()}};
  return functions.at(name);
}

}  // namespace lehr
