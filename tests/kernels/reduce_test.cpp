#include "engine/kernels/reduce.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/kernels/reference.h"

using namespace lehr;
using test::noise;

TEST_CASE("sums and sums of squares in double", "[kernels]") {
  test::each_target([] {
    for (std::size_t n = 0; n <= 130; ++n) {
      const auto x = noise(n, n, 3);
      double total = 0, squares = 0;
      for (const float v : x) total += v, squares += double(v) * v;
      CHECK(sum(x) == Approx(total).margin(1e-12));
      CHECK(sum_of_squares(x) == Approx(squares).epsilon(1e-12));
    }
    const std::vector<float> large(9, 1e30f);
    CHECK(sum_of_squares(large) == Approx(9e60));
    const std::vector<float> many(1 << 20, 0.1f);
    CHECK(sum(many) == Approx(double(0.1f) * (1 << 20)).epsilon(1e-13));
  });
}

TEST_CASE("one bad value anywhere is found", "[kernels]") {
  constexpr float inf = std::numeric_limits<float>::infinity();
  test::each_target([] {
    for (const std::size_t n : {1, 2, 5, 8, 16, 17, 40})
      for (std::size_t at = 0; at < n; ++at) {
        auto x = noise(n, 1, 3e38f);
        CHECK(all_finite(x));
        for (const float bad : {inf, -inf, std::nanf("")}) {
          auto y = x;
          y[at] = bad;
          CHECK_FALSE(all_finite(y));
        }
        auto both = x;
        both[0] = inf;
        both[at] = -inf;
        CHECK_FALSE(all_finite(both));
      }
    CHECK(all_finite({}));
  });
}

TEST_CASE("the largest magnitude", "[kernels]") {
  test::each_target([] {
    CHECK(max_abs({}) == 0);
    for (const std::size_t n : {1, 2, 5, 8, 16, 17, 40})
      for (std::size_t at = 0; at < n; ++at) {
        auto x = noise(n, 1);
        x[at] = -7;
        CHECK(max_abs(x) == 7);
        x[at] = std::nanf("");
        CHECK(std::isnan(max_abs(x)));
      }
  });
}

TEST_CASE("scale, axpy and clamp touch their span only", "[kernels]") {
  test::each_target([] {
    for (std::size_t n = 0; n <= 40; ++n) {
      const auto x = noise(n, 2), before = noise(n + 1, 3, 2);
      auto scaled = before, added = before, clamped = before;
      scale({scaled.data(), n}, 0.5f);
      axpy(0.25f, x, {added.data(), n});
      clamp({clamped.data(), n}, 0.7f);
      for (std::size_t i = 0; i < n; ++i) {
        CHECK(scaled[i] == 0.5f * before[i]);
        CHECK(added[i] == Approx(before[i] + 0.25 * x[i]).margin(1e-7));
        CHECK(clamped[i] == std::min(std::max(before[i], -0.7f), 0.7f));
      }
      CHECK(scaled[n] == before[n]);
      CHECK(added[n] == before[n]);
      CHECK(clamped[n] == before[n]);
    }
    std::vector<float> nan(20, std::nanf(""));
    clamp(nan, 1);
    for (const float v : nan) CHECK(std::isnan(v));
  });
}

TEST_CASE("a span approaches another by a share", "[kernels]") {
  test::each_target([] {
    for (std::size_t n = 0; n <= 40; ++n) {
      const auto y = noise(n, 2, 1e-9f), before = noise(n + 1, 3, 2);
      auto part = before, whole = before;
      approach({part.data(), n}, 0.25f, y);
      approach({whole.data(), n}, 1, y);
      for (std::size_t i = 0; i < n; ++i) {
        CHECK(part[i] == Approx(before[i] + 0.25 * (double(y[i]) - before[i])).margin(1e-7));
        CHECK(whole[i] == y[i]);
      }
      CHECK(part[n] == before[n]);
      CHECK(whole[n] == before[n]);
    }
  });
}

TEST_CASE("the squares of a sum of two spans", "[kernels]") {
  test::each_target([] {
    for (std::size_t n = 0; n <= 40; ++n) {
      const auto x = noise(n, 5), y = noise(n, 6);
      double want = 0;
      for (std::size_t i = 0; i < n; ++i) want += (x[i] + 0.5 * y[i]) * (x[i] + 0.5 * y[i]);
      CHECK(sum_of_squares(x, 0.5f, y) == Approx(want).epsilon(1e-12));
    }
  });
}
