#include "engine/kernels/dense.h"

#include <algorithm>
#include <cmath>

#include "tests/kernels/reference.h"

using namespace lehr;
using test::noise;
using test::value;

namespace {

constexpr Activation all[] = {Activation::none, Activation::relu, Activation::leaky_relu, Activation::tanh, Activation::sigmoid, Activation::elu};

// f'(x) in double.
double slope(Activation f, double x, double alpha) {
  switch (f) {
    case Activation::relu:
      return x > 0 ? 1 : 0;
    case Activation::leaky_relu:
      return x > 0 ? 1 : alpha;
    case Activation::tanh:
      return 1 - std::tanh(x) * std::tanh(x);
    case Activation::sigmoid:
      return value(f, x, 0) * (1 - value(f, x, 0));
    case Activation::elu:
      return x > 0 ? 1 : alpha * std::exp(x);
    case Activation::none:
      break;
  }
  return 1;
}

}  // namespace

TEST_CASE("the derivative told from y agrees with the one told from x", "[kernels]") {
  constexpr float alpha = 0.3f;
  test::each_target([] {
    for (const auto f : all)
      for (std::size_t n = 1; n <= 70; ++n)
        for (const bool add : {false, true}) {
          const auto x = noise(n, n, 3), dy = noise(n, n + 100), before = noise(n + 1, 7);
          std::vector<float> y(n), dx = before;
          for (std::size_t i = 0; i < n; ++i) y[i] = float(value(f, x[i], alpha));
          activation_backward_kernel()(f, alpha, y.data(), dy.data(), dx.data(), std::int64_t(n), add);
          double worst = 0;
          for (std::size_t i = 0; i < n; ++i) worst = std::max(worst, std::abs(dx[i] - (dy[i] * slope(f, x[i], alpha) + (add ? before[i] : 0))));
          INFO("activation " << int(f) << " n " << n << " add " << add);
          CHECK(worst < 5e-7);
          CHECK(dx[n] == before[n]);
          auto in_place = dy;
          if (!add) {
            activation_backward_kernel()(f, alpha, y.data(), in_place.data(), in_place.data(), std::int64_t(n), false);
            CHECK(std::equal(in_place.begin(), in_place.end(), dx.begin()));
          }
        }
  });
}

TEST_CASE("bias gradients are the column sums, alone and fused with the activation", "[kernels]") {
  constexpr float alpha = 0.3f;
  test::each_target([] {
    for (const std::int64_t rows : {0, 1, 2, 28, 63, 64, 65, 200})
      for (const std::int64_t cols : {1, 2, 3, 7, 8, 15, 16, 17, 34, 70})
        for (const auto f : all)
          for (const bool add : {false, true}) {
            const auto n = std::size_t(rows * cols);
            const auto x = noise(n, 1, 3), dy = noise(n, 2), before = noise(std::size_t(cols) + 1, 3);
            std::vector<float> y(n), dx(n), db = before, plain = before;
            for (std::size_t i = 0; i < n; ++i) y[i] = float(value(f, x[i], alpha));
            activation_bias_grad_kernel()(f, alpha, y.data(), dy.data(), dx.data(), rows, cols, db.data(), add);
            bias_grad_kernel()(dx.data(), rows, cols, plain.data(), add);
            double worst = 0;
            for (std::int64_t j = 0; j < cols; ++j) {
              double sum = add ? before[std::size_t(j)] : 0;
              for (std::int64_t i = 0; i < rows; ++i) sum += dy[std::size_t(i * cols + j)] * slope(f, x[std::size_t(i * cols + j)], alpha);
              worst = std::max({worst, std::abs(db[std::size_t(j)] - sum), std::abs(plain[std::size_t(j)] - sum)});
            }
            INFO("activation " << int(f) << " rows " << rows << " cols " << cols << " add " << add);
            CHECK(worst < 5e-6);
            CHECK(db.back() == before.back());
            std::vector<float> in_place = dy, db_in_place = before;
            activation_bias_grad_kernel()(f, alpha, y.data(), in_place.data(), in_place.data(), rows, cols, db_in_place.data(), add);
            CHECK(in_place == dx);
            CHECK(db_in_place == db);
          }
  });
}

TEST_CASE("a long bias gradient keeps its digits", "[kernels]") {
  test::each_target([] {
    const std::int64_t rows = 200000;
    for (const std::int64_t cols : {1, 3}) {
      const auto n = static_cast<std::size_t>(cols);
      std::vector<float> dy(n * static_cast<std::size_t>(rows), 0.1f), db(n);
      bias_grad_kernel()(dy.data(), rows, cols, db.data(), false);
      CHECK(db[0] == Approx(20000).epsilon(1e-6));
    }
  });
}
