#include <cmath>
#include <numbers>

#include "tests/cases/cases.h"

namespace lehr::cases {

namespace {
using Map = std::function<double(double)>;

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::log1p(std::exp(x)); }
double gelu(double x) { return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2)); }
double gelu_tanh(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x))); }

struct Row {
  const char* op;
  std::vector<int> opsets;
  Map f;
  double low = -4, high = 4;
  std::vector<double> kinks = {};
  Attributes attrs = {};
  bool graded = true;
  const char* domain = "";
};

const float small_alpha = 0.3f, tall_gamma = 1.5f;

std::vector<Row> rows() {
  const double a = small_alpha, g = tall_gamma;
  return {
      {"Neg", {6, 13}, [](double x) { return -x; }},
      {"Abs", {6, 13}, [](double x) { return std::abs(x); }, -4, 4, {0}},
      {"Exp", {6, 13}, [](double x) { return std::exp(x); }},
      {"Log", {6, 13}, [](double x) { return std::log(x); }, 0.05, 9},
      {"Sqrt", {6, 13}, [](double x) { return std::sqrt(x); }, 0.05, 9},
      {"Reciprocal", {6, 13}, [](double x) { return 1 / x; }, 0.2, 5},
      {"Erf", {9, 13}, [](double x) { return std::erf(x); }},
      {"Sin", {7, 22}, [](double x) { return std::sin(x); }},
      {"Cos", {7, 22}, [](double x) { return std::cos(x); }},
      {"Sign", {9, 13}, [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }, -2, 2, {}, {}, false},
      {"Floor", {6, 13}, [](double x) { return std::floor(x); }, -4, 4, {}, {}, false},
      {"Ceil", {6, 13}, [](double x) { return std::ceil(x); }, -4, 4, {}, {}, false},
      {"Round", {11, 22}, [](double x) { return std::nearbyint(x); }, -4, 4, {}, {}, false},
      {"Relu", {6, 13, 14}, [](double x) { return std::max(x, 0.0); }, -4, 4, {0}},
      {"LeakyRelu", {6, 16}, [](double x) { return x < 0 ? static_cast<double>(0.01f) * x : x; }, -4, 4, {0}},
      {"LeakyRelu", {16}, [a](double x) { return x < 0 ? a * x : x; }, -4, 4, {0}, {{"alpha", small_alpha}}},
      {"LeakyRelu", {16}, [a](double x) { return x < 0 ? -a * x : x; }, -4, 4, {0}, {{"alpha", -small_alpha}}},
      {"ThresholdedRelu", {1, 10, 22}, [](double x) { return x > 1 ? x : 0.0; }, -4, 4, {1}},
      {"ThresholdedRelu", {10}, [a](double x) { return x > a ? x : 0.0; }, -4, 4, {a}, {{"alpha", small_alpha}}},
      {"Elu", {6, 22}, [](double x) { return x < 0 ? std::expm1(x) : x; }, -4, 4, {0}},
      {"Elu", {22}, [a](double x) { return x < 0 ? a * std::expm1(x) : x; }, -4, 4, {0}, {{"alpha", small_alpha}}},
      {"Celu", {12}, [](double x) { return x < 0 ? std::expm1(x) : x; }, -4, 4, {0}},
      {"Celu", {12}, [a](double x) { return x < 0 ? a * std::expm1(x / a) : x; }, -4, 4, {0}, {{"alpha", small_alpha}}},
      {"Selu", {6, 22}, [](double x) { return 1.05070102214813232421875 * (x < 0 ? 1.67326319217681884765625 * std::expm1(x) : x); }, -4, 4, {0}},
      {"Selu", {6}, [a, g](double x) { return g * (x < 0 ? a * std::expm1(x) : x); }, -4, 4, {0}, {{"alpha", small_alpha}, {"gamma", tall_gamma}}},
      {"Tanh", {6, 13}, [](double x) { return std::tanh(x); }},
      {"Sigmoid", {6, 13}, sigmoid, -20, 20},
      {"Softplus", {1, 22}, softplus, -20, 20},
      {"Softsign", {1, 22}, [](double x) { return x / (1 + std::abs(x)); }},
      {"HardSigmoid", {6, 22}, [](double x) { return std::min(1.0, std::max(0.0, static_cast<double>(0.2f) * x + 0.5)); }, -4, 4, {-2.5, 2.5}},
      {"HardSigmoid", {6}, [a](double x) { return std::min(1.0, std::max(0.0, a * x + 0.25)); }, -4, 4, {-0.25 / a, 0.75 / a},
       {{"alpha", small_alpha}, {"beta", 0.25f}}},
      {"HardSwish", {14, 22}, [](double x) { return x * std::min(1.0, std::max(0.0, x / 6 + 0.5)); }, -4, 4, {-3, 3}},
      {"Mish", {18, 22}, [](double x) { return x * std::tanh(softplus(x)); }, -10, 30},
      {"Swish", {24}, [](double x) { return x * sigmoid(x); }, -10, 10},
      {"Swish", {24}, [a](double x) { return x * sigmoid(a * x); }, -10, 10, {}, {{"alpha", small_alpha}}},
      {"Swish", {1}, [a](double x) { return x * sigmoid(a * x); }, -10, 10, {}, {{"alpha", small_alpha}}, true, "lehr"},
      {"Gelu", {20}, gelu, -6, 6},
      {"Gelu", {20}, gelu, -6, 6, {}, {{"approximate", std::string("none")}}},
      {"Gelu", {20}, gelu_tanh, -6, 6, {}, {{"approximate", std::string("tanh")}}},
      {"Gelu", {1}, gelu, -6, 6, {}, {}, true, "com.microsoft"},
      {"QuickGelu", {1}, [](double x) { return x * sigmoid(static_cast<double>(1.702f) * x); }, -6, 6, {}, {}, true, "com.microsoft"},
      {"QuickGelu", {1}, [a](double x) { return x * sigmoid(a * x); }, -6, 6, {}, {{"alpha", small_alpha}}, true, "com.microsoft"},
      {"Clip", {6}, [](double x) { return x; }},
      {"Clip", {6}, [a](double x) { return std::min(std::max(x, -a), 1.5); }, -4, 4, {-a, 1.5}, {{"min", -small_alpha}, {"max", 1.5f}}},
      {"Clip", {6}, [a](double x) { return std::max(x, -a); }, -4, 4, {-a}, {{"min", -small_alpha}}},
  };
}

OpCase clip(int opset, OpInput low, OpInput high, Map f, std::vector<double> kinks) {
  return {.op = "Clip", .opset = opset, .variant = "bounds as inputs",
          .in = {parameter({3, 7}, -4, 4, std::move(kinks)), std::move(low), std::move(high)}, .reference = map(std::move(f)), .each = 1e-6};
}
OpCase integer(const char* op, int opset, std::vector<OpInput> in, Map f) {
  return {.op = op, .opset = opset, .variant = "int64", .in = std::move(in), .reference = map(std::move(f)),
          .outputs = {Dtype::i64}, .graded = 0};
}
}  // namespace

std::vector<OpCase> unary_cases() {
  std::vector<OpCase> out;
  for (const Row& row : rows())
    for (const int opset : row.opsets)
      for (const Shape& shape : {Shape{1}, Shape{5, 7}, Shape{3, 1, 11, 2}, Shape{}}) {
        OpInput x = row.graded ? parameter(shape, row.low, row.high, row.kinks) : data(shape, row.low, row.high);
        out.push_back({.op = row.op, .domain = row.domain, .opset = opset, .variant = cat(shape), .attrs = row.attrs, .in = {x},
                       .reference = map(row.f), .graded = row.graded ? std::size_t{1} : 0, .each = 3e-6});
      }
  const OpInput low = constant({}, {-0.5}), high = constant({1}, {1.25});
  for (const int opset : {11, 12, 13}) {
    out.push_back(clip(opset, low, high, [](double x) { return std::min(std::max(x, -0.5), 1.25); }, {-0.5, 1.25}));
    out.push_back(clip(opset, left_out(), high, [](double x) { return std::min(x, 1.25); }, {1.25}));
    out.push_back(clip(opset, low, left_out(), [](double x) { return std::max(x, -0.5); }, {-0.5}));
  }
  const OpInput whole = data({5}, {-7, -1, 0, 2, 9}, Dtype::i64);
  out.push_back(integer("Neg", 13, {whole}, [](double x) { return -x; }));
  out.push_back(integer("Abs", 13, {whole}, [](double x) { return std::abs(x); }));
  out.push_back(integer("Sign", 13, {whole}, [](double x) { return x > 0 ? 1.0 : x < 0 ? -1.0 : 0.0; }));
  out.push_back(integer("Clip", 12, {whole, constant({}, {-2}, Dtype::i64), constant({}, {5}, Dtype::i64)},
                        [](double x) { return std::min(std::max(x, -2.0), 5.0); }));
  return out;
}

}  // namespace lehr::cases
