#include "engine/kernels/gemm.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "tests/kernels/reference.h"

using namespace lehr;
using test::noise;

namespace {

// Largest error over C, as a multiple of what rounding may cost; bytes around C must stay.
struct Case {
  std::int64_t m, n, k;
  bool trans_a = false, trans_b = false, bias = false, add = false;
  Activation activation = Activation::none;
  float scale = 1;
  int pad = 0;  // ld beyond the row
};

double error_of(const Case& c) {
  const std::int64_t lda = (c.trans_a ? c.m : c.k) + c.pad, ldb = (c.trans_b ? c.k : c.n) + c.pad, ldc = c.n + c.pad;
  const auto a = noise(std::size_t((c.trans_a ? c.k : c.m) * lda), 1), b = noise(std::size_t((c.trans_b ? c.n : c.k) * ldb), 2);
  const auto bias = noise(std::size_t(c.n), 3), before = noise(std::size_t(c.m * ldc), 4);
  auto out = before;
  GemmArgs g;
  g.m = c.m, g.n = c.n, g.k = c.k, g.a = a.data(), g.lda = lda, g.trans_a = c.trans_a, g.b = b.data(), g.ldb = ldb;
  g.trans_b = c.trans_b, g.c = out.data(), g.ldc = ldc, g.bias = c.bias ? bias.data() : nullptr, g.add = c.add;
  g.activation = c.activation, g.scale = c.scale, g.alpha = 0.3f;
  std::vector<float> scratch(gemm_scratch(g) + 1, 77.0f);
  g.scratch = scratch.data();
  gemm(g);
  double worst = scratch.back() == 77.0f ? 0 : 1e9;
  for (std::int64_t i = 0; i < c.m; ++i)
    for (std::int64_t j = 0; j < ldc; ++j) {
      const auto at = std::size_t(i * ldc + j);
      if (j >= c.n) {
        if (out[at] != before[at]) worst = 1e9;
        continue;
      }
      double sum = 0, size = 0;
      for (std::int64_t k = 0; k < c.k; ++k) {
        const double x = a[std::size_t(c.trans_a ? k * lda + i : i * lda + k)], y = b[std::size_t(c.trans_b ? j * ldb + k : k * ldb + j)];
        sum += x * y, size += std::abs(x * y);
      }
      sum = c.scale * sum + (c.bias ? bias[std::size_t(j)] : 0) + (c.add ? before[at] : 0);
      size = std::abs(c.scale) * size + 1;
      const double want = test::value(c.activation, sum, 0.3f);
      worst = std::max(worst, std::abs(out[at] - want) / (size * 1.2e-7));
    }
  return worst;
}

void check(const Case& c) {
  INFO(c.m << "x" << c.n << "x" << c.k << " trans " << c.trans_a << c.trans_b << " bias " << c.bias << " add " << c.add << " act " << int(c.activation)
           << " pad " << c.pad);
  CHECK(error_of(c) < 8);
}

}  // namespace

TEST_CASE("gemm agrees with a double-precision sum for every size and flag", "[kernels]") {
  test::each_target([] {
    const std::int64_t sizes[] = {1, 2, 3, 5, 7, 8, 9, 15, 16, 17, 23, 31, 33, 34, 47, 48, 49, 70};
    int turn = 0;
    for (const auto m : sizes)
      for (const auto n : sizes)
        for (const auto k : {1, 2, 9, 34, 65}) {
          const int t = turn++ * 7;
          Case c{m, n, k};
          c.trans_a = t & 1, c.trans_b = t & 2, c.bias = t & 4, c.add = t & 8, c.pad = t & 16 ? 5 : 0;
          c.activation = Activation((t >> 5) % 6), c.scale = t % 3 == 0 ? 0.5f : 1.0f;
          check(c);
        }
  });
}

TEST_CASE("gemm's thin forms agree for every flag", "[kernels]") {
  test::each_target([] {
    for (const auto& [m, n, k] : {std::array<int, 3>{1, 1, 1}, {28, 1, 34}, {34, 1, 28}, {1, 64, 64}, {1, 33, 70}, {28, 34, 1}, {5, 1, 1}, {1, 5, 1}})
      for (int flags = 0; flags < 32; ++flags) {
        Case c{m, n, k, bool(flags & 1), bool(flags & 2), bool(flags & 4), bool(flags & 8)};
        c.pad = flags & 16 ? 3 : 0;
        check(c);
        c.activation = Activation::relu;
        check(c);
        c.activation = Activation::tanh;
        check(c);
      }
  });
}

TEST_CASE("gemm with nothing to sum gives bias, and with no rows nothing", "[kernels]") {
  test::each_target([] {
    for (const std::int64_t n : {1, 3, 34}) {
      check({4, n, 0, false, false, true, false});
      check({4, n, 0, true, true, false, true});
      check({0, n, 5, false, true, true, false});
    }
    check({3, 0, 5, false, true, true, false});
  });
}

TEST_CASE("gemm repeats to the bit and passes NaN on", "[kernels]") {
  test::each_target([] {
    const auto a = noise(28 * 34, 5), b = noise(34 * 34, 6);
    std::vector<float> one(28 * 34), two(28 * 34), scratch(34 * 34);
    GemmArgs g;
    g.m = 28, g.n = g.k = 34, g.a = a.data(), g.b = b.data(), g.lda = g.ldb = g.ldc = 34, g.c = one.data(), g.scratch = scratch.data();
    g.trans_b = true, g.activation = Activation::relu;
    gemm(g);
    g.c = two.data();
    gemm(g);
    CHECK(std::memcmp(one.data(), two.data(), one.size() * sizeof(float)) == 0);
    for (const auto kind : {Activation::none, Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::sigmoid, Activation::elu})
      for (const std::int64_t n : {1, 34}) {
        auto bad = a;
        bad[3 * 34 + 7] = std::numeric_limits<float>::quiet_NaN();
        g.a = bad.data(), g.n = n, g.activation = kind;
        gemm(g);
        CHECK(std::isnan(two[std::size_t(3 * 34)]));
        CHECK(std::isfinite(two[std::size_t(4 * 34)]));
      }
  });
}
