#include "engine/kernels/eltwise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "base/error.h"
#include "tests/kernels/reference.h"

using namespace lehr;

namespace {

constexpr double pi = 3.14159265358979323846;

struct Row {
  const char* name;
  float a, b;
  double (*f)(double x, double a, double b);
  double (*d)(double x, double a, double b);
  float low = -8, high = 8;  // range of x
  double relative = 1e-6;    // tolerance of the derivative beside `absolute`
  double absolute = 1e-30;
  double forward = 1e-6;  // relative tolerance of y
};

// Functions of exp(-x^2) keep all digits only where the square's rounding error can be had by a fused multiply-add.
double widened(const Row& r) {
  const std::string name = r.name;
  const bool square = name == "erf" || name == "gelu";
  return square && kernel_target().rfind("AVX", 0) != 0 ? 15 : 1;
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double phi(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }
double gelu_u(double x) { return std::sqrt(2 / pi) * (x + 0.044715f * x * x * x); }
double mish_t(double x) { return std::tanh(std::log1p(std::exp(x))); }

const std::vector<Row>& rows() {
  using D = double;
  static const std::vector<Row> table{
      {"neg", 0, 0, [](D x, D, D) { return -x; }, [](D, D, D) { return -1.0; }},
      {"abs", 0, 0, [](D x, D, D) { return std::abs(x); }, [](D x, D, D) { return x > 0   ? 1.0
                                                                                  : x < 0 ? -1.0
                                                                                          : 0.0; }},
      {"sign", 0, 0, [](D x, D, D) { return x > 0   ? 1.0
                                            : x < 0 ? -1.0
                                                    : 0.0; }, [](D, D, D) { return 0.0; }},
      {"floor", 0, 0, [](D x, D, D) { return std::floor(x); }, [](D, D, D) { return 0.0; }},
      {"ceil", 0, 0, [](D x, D, D) { return std::ceil(x); }, [](D, D, D) { return 0.0; }},
      {"round", 0, 0, [](D x, D, D) { return std::nearbyint(x); }, [](D, D, D) { return 0.0; }},
      {"exp", 0, 0, [](D x, D, D) { return std::exp(x); }, [](D x, D, D) { return std::exp(x); }, -80, 88},
      {"log", 0, 0, [](D x, D, D) { return std::log(x); }, [](D x, D, D) { return 1 / x; }, 1e-6f, 50},
      {"sqrt", 0, 0, [](D x, D, D) { return std::sqrt(x); }, [](D x, D, D) { return 0.5 / std::sqrt(x); }, 1e-6f, 50},
      {"reciprocal", 0, 0, [](D x, D, D) { return 1 / x; }, [](D x, D, D) { return -1 / (x * x); }, 0.01f, 50},
      {"square", 0, 0, [](D x, D, D) { return x * x; }, [](D x, D, D) { return 2 * x; }},
      {"erf", 0, 0, [](D x, D, D) { return std::erf(x); }, [](D x, D, D) { return 2 / std::sqrt(pi) * std::exp(-x * x); }},
      {"relu", 0, 0, [](D x, D, D) { return x < 0 ? 0.0 : x; }, [](D x, D, D) { return x > 0 ? 1.0 : 0.0; }},
      {"leaky_relu", 0.1f, 0, [](D x, D a, D) { return x < 0 ? a * x : x; }, [](D x, D a, D) { return x > 0 ? 1.0 : a; }},
      {"thresholded_relu", 0.7f, 0, [](D x, D a, D) { return x <= a ? 0.0 : x; }, [](D x, D a, D) { return x > a ? 1.0 : 0.0; }},
      {"clip", -0.5f, 1.5f, [](D x, D a, D b) { return std::min(std::max(x, a), b); }, [](D x, D a, D b) { return x >= a && x <= b ? 1.0 : 0.0; }},
      {"hard_sigmoid", 0.2f, 0.5f, [](D x, D a, D b) { return std::min(std::max(double(float(a) * x + b), 0.0), 1.0); },
       [](D x, D a, D b) {
         const float l = std::fma(float(a), float(x), float(b));
         return l > 0 && l < 1 ? a : 0.0;
       },
       -8, 8, 1e-6, 1e-30, 1e-3},
      {"hard_swish", 0, 0, [](D x, D, D) { return x * std::min(std::max(x / 6 + 0.5, 0.0), 1.0); },
       [](D x, D, D) { return x <= -3  ? 0.0
                              : x >= 3 ? 1.0
                                       : x / 3 + 0.5; }, -8, 8, 1e-6, 2e-7, 1e-3},
      {"elu", 1.3f, 0, [](D x, D a, D) { return x < 0 ? a * std::expm1(x) : x; }, [](D x, D a, D) { return x > 0 ? 1.0 : a * std::exp(x); }},
      {"celu", 0.7f, 0, [](D x, D a, D) { return x < 0 ? a * std::expm1(x / a) : x; }, [](D x, D a, D) { return x > 0 ? 1.0 : std::exp(x / a); }},
      {"celu", -0.7f, 0, [](D x, D a, D) { return x < 0 ? a * std::expm1(x / a) : x; }, [](D x, D a, D) { return x > 0 ? 1.0 : std::exp(x / a); }},
      {"selu", 1.6732632f, 1.050701f, [](D x, D a, D b) { return b * (x < 0 ? a * std::expm1(x) : x); },
       [](D x, D a, D b) { return b * (x > 0 ? 1.0 : a * std::exp(x)); }},
      {"tanh", 0, 0, [](D x, D, D) { return std::tanh(x); }, [](D x, D, D) { return 1 - std::tanh(x) * std::tanh(x); }, -10, 10, 1e-6, 3e-7},
      {"sigmoid", 0, 0, [](D x, D, D) { return sigmoid(x); }, [](D x, D, D) { return sigmoid(x) * sigmoid(-x); }, -60, 60, 1e-6, 1e-7},
      {"softplus", 0, 0, [](D x, D, D) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }, [](D x, D, D) { return sigmoid(x); }, -60, 60},
      {"softsign", 0, 0, [](D x, D, D) { return x / (1 + std::abs(x)); }, [](D x, D, D) { return 1 / ((1 + std::abs(x)) * (1 + std::abs(x))); }},
      {"swish", 1.7f, 0, [](D x, D a, D) { return x * sigmoid(a * x); },
       [](D x, D a, D) {
         const D s = sigmoid(a * x);
         return s + a * x * s * sigmoid(-a * x);
       },
       -20, 20, 3e-6, 3e-7, 3e-6},
      {"mish", 0, 0, [](D x, D, D) { return x * mish_t(x); },
       [](D x, D, D) {
         const D t = mish_t(x);
         return t + x * (1 - t * t) * sigmoid(x);
       },
       -20, 30, 3e-6, 3e-7},
      {"gelu", 0, 0, [](D x, D, D) { return x * phi(x); }, [](D x, D, D) { return phi(x) + x * std::exp(-x * x / 2) / std::sqrt(2 * pi); }, -12, 12, 1e-6,
       3e-7},
      {"gelu_tanh", 0, 0, [](D x, D, D) { return x * sigmoid(2 * gelu_u(x)); },
       [](D x, D, D) {
         const D v = 2 * gelu_u(x), s = sigmoid(v);
         return s + x * s * sigmoid(-v) * 2 * std::sqrt(2 / pi) * (1 + 3 * 0.044715f * x * x);
       },
       -4, 12, 1e-6, 3e-7, 2e-6},
      {"sin", 0, 0, [](D x, D, D) { return std::sin(x); }, [](D x, D, D) { return std::cos(x); }, -1e5f, 1e5f},
      {"cos", 0, 0, [](D x, D, D) { return std::cos(x); }, [](D x, D, D) { return -std::sin(x); }, -1e5f, 1e5f},
      {"pow", 2.5f, 0, [](D x, D a, D) { return std::pow(x, a); }, [](D x, D a, D) { return a * std::pow(x, a - 1); }, 0, 20},
  };
  return table;
}

// Even steps through the range, 0 and small numbers among them.
std::vector<float> points(const Row& r, std::size_t n) {
  std::vector<float> x(n);
  for (std::size_t i = 0; i < n; ++i) x[i] = float(r.low + (double(r.high) - r.low) * (double(i) + 0.37) / double(n));
  if (r.low < 0 && n >= 5) x[0] = 0, x[1] = 1e-4f, x[2] = -1e-4f, x[3] = 1e-20f, x[4] = -0.3f;
  return x;
}

}  // namespace

TEST_CASE("every elementwise function has a row here", "[kernels]") {
  std::set<std::string> tested;
  for (const Row& r : rows()) tested.insert(r.name);
  const auto names = eltwise_names();
  CHECK(std::set<std::string>(names.begin(), names.end()) == tested);
  CHECK_THROWS_AS(eltwise("reluu"), Error);
}

TEST_CASE("elementwise functions to a millionth of their value", "[kernels]") {
  test::each_target([] {
    for (const Row& r : rows()) {
      const auto x = points(r, 20011);
      std::vector<float> y(x.size());
      eltwise(r.name).forward(x.data(), y.data(), std::int64_t(x.size()), r.a, r.b);
      double worst = 0;
      float where = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double want = r.f(x[i], r.a, r.b);
        const double off = std::abs(y[i] - want) / (std::abs(want) + 1e-37);
        if (!(off <= worst)) worst = std::isnan(off) ? 1e9 : off, where = x[i];
      }
      INFO(r.name << " at " << where);
      CHECK(worst < r.forward * widened(r));
    }
  });
}

TEST_CASE("derivatives of the elementwise functions", "[kernels]") {
  test::each_target([] {
    for (const Row& r : rows()) {
      const Eltwise& f = eltwise(r.name);
      const auto x = points(r, 20011);
      const auto n = std::int64_t(x.size());
      std::vector<float> s = x, dy(x.size(), 0.5f), dx(x.size());
      if (f.told == Told::by_y) f.forward(x.data(), s.data(), n, r.a, r.b);
      f.backward(s.data(), dy.data(), dx.data(), n, r.a, r.b, false);
      double worst = 0;
      float where = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double want = 0.5 * r.d(x[i], r.a, r.b);
        const double off = std::abs(dx[i] - want) / (r.relative * std::abs(want) + r.absolute);
        if (!(off <= worst)) worst = std::isnan(off) ? 1e9 : off, where = x[i];
      }
      INFO(r.name << " at " << where);
      CHECK(worst < widened(r));
    }
  });
}

TEST_CASE("elementwise tails, in place, added", "[kernels]") {
  test::each_target([] {
    for (const Row& r : rows()) {
      const Eltwise& f = eltwise(r.name);
      bool same = true;
      for (std::size_t n = 1; n <= 40; ++n) {
        const auto x = points(r, 40), dy = test::noise(40, 3), before = test::noise(41, 4);
        std::vector<float> whole(40), y = before, in_place = x, dx(40), added = before;
        const auto size = std::int64_t(n);
        f.forward(x.data(), whole.data(), 40, r.a, r.b);
        f.forward(x.data(), y.data(), size, r.a, r.b);
        f.forward(in_place.data(), in_place.data(), size, r.a, r.b);
        same = same && std::equal(whole.begin(), whole.begin() + size, y.begin()) && y[n] == before[n];
        same = same && std::equal(whole.begin(), whole.begin() + size, in_place.begin());
        f.backward(x.data(), dy.data(), dx.data(), size, r.a, r.b, false);
        f.backward(x.data(), dy.data(), added.data(), size, r.a, r.b, true);
        for (std::size_t i = 0; i < n; ++i) same = same && (std::abs(added[i] - (dx[i] + before[i])) <= 1e-6f * (std::abs(dx[i]) + 1) || std::isinf(dx[i]));
        same = same && added[n] == before[n];
      }
      INFO(r.name);
      CHECK(same);
    }
  });
}

TEST_CASE("elementwise functions of NaN and of the ends", "[kernels]") {
  constexpr float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const auto at = [](const char* name, float x, float a = 1, float b = 0) {
    float y = 0;
    eltwise(name).forward(&x, &y, 1, a, b);
    return y;
  };
  test::each_target([&] {
    for (const Row& r : rows()) {
      INFO(r.name);
      CHECK(std::isnan(at(r.name, nan, r.a, r.b)));
    }
    CHECK(at("exp", -inf) == 0);
    CHECK(at("exp", -1e30f) == 0);
    CHECK(at("exp", 1000) == inf);
    CHECK(at("exp", inf) == inf);
    CHECK(at("log", 0) == -inf);
    CHECK(std::isnan(at("log", -1)));
    CHECK(at("log", inf) == inf);
    for (const float x : {100.0f, 1e30f, inf}) {
      CHECK(at("sigmoid", x) == 1);
      CHECK(at("sigmoid", -x) <= 1e-38f);
      CHECK(at("tanh", x) == 1);
      CHECK(at("tanh", -x) == -1);
      CHECK(at("erf", x) == 1);
      CHECK(at("erf", -x) == -1);
      CHECK(at("softplus", x) == x);
      CHECK(at("elu", -x) == -1);
    }
    CHECK(at("gelu", 50) == 50);
    CHECK(at("mish", 50) == 50);
    CHECK(std::abs(at("gelu", -50)) == 0);
  });
}
