#include "engine/kernels/losses.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "tests/kernels/reference.h"

using namespace lehr;
using test::noise;

namespace {

struct Reference {
  double loss, gradient;  // of one element
};
using Loss = std::function<double(const float*, const float*, std::int64_t, float*, float)>;
using Formula = std::function<Reference(double, double)>;

// `near`: gradients smaller than this are differences of rounded numbers.
void compare(const Loss& loss, const Formula& formula, const std::vector<float>& x, const std::vector<float>& y, double near = 1e-30) {
  const auto n = x.size();
  std::vector<float> dx(n + 1, 5);
  const double mean = loss(x.data(), y.data(), std::int64_t(n), dx.data(), 0.5f);
  double want = 0, worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    const auto [l, g] = formula(x[i], y[i]);
    want += l / double(n);
    worst = std::max(worst, std::abs(dx[i] - 0.5 * g / double(n)) / (std::abs(0.5 * g / double(n)) + near / double(n)));
  }
  INFO("n " << n);
  CHECK(std::abs(mean - want) <= 1e-6 * std::abs(want) + 1e-30);
  CHECK(worst < 2e-6);
  CHECK(dx[n] == 5);
  CHECK(loss(x.data(), y.data(), std::int64_t(n), nullptr, 1) == mean);
}

void over_sizes(const Loss& loss, const Formula& formula, float scale, bool hard = false, double near = 1e-30) {
  test::each_target([&] {
    for (const std::size_t n : {1, 2, 3, 7, 8, 15, 16, 17, 28, 70, 1000}) {
      auto y = noise(n, 11);
      for (float& v : y) v = hard ? (v > 0 ? 1.0f : 0.0f) : std::abs(v);
      compare(loss, formula, noise(n, n, scale), y, near);
    }
  });
}

}  // namespace

TEST_CASE("binary cross-entropy on logits: loss and gradient", "[kernels]") {
  const Formula formula = [](double z, double y) -> Reference {
    const double e = std::exp(-std::abs(z));
    return {std::max(z, 0.0) - z * y + std::log1p(e), z < 0 ? e / (1 + e) - y : (1 - y) - e / (1 + e)};
  };
  for (const float scale : {1e-3f, 1.0f, 30.0f, 200.0f, 1e4f}) over_sizes(binary_cross_entropy, formula, scale, true);
  over_sizes(binary_cross_entropy, formula, 10, false, 0.1);
}

TEST_CASE("binary cross-entropy stays finite where the sigmoid rounds to 0 or 1", "[kernels]") {
  test::each_target([] {
    for (const float z : {0.0f, 16.2f, 28.0f, 88.0f, 104.0f, 1e4f, 3e38f})
      for (const float sign : {-1.0f, 1.0f})
        for (const float y : {0.0f, 1.0f}) {
          const float logit = sign * z;
          float dz = 9;
          const double loss = binary_cross_entropy(&logit, &y, 1, &dz);
          INFO("z " << logit << " y " << y);
          CHECK(std::isfinite(dz));
          CHECK(loss == Approx(std::max(logit, 0.0f) - double(logit) * y + std::log1p(std::exp(-std::abs(double(logit))))).epsilon(1e-6).margin(1e-40));
        }
    const float nan = std::nanf(""), one = 1;
    CHECK(std::isnan(binary_cross_entropy(&nan, &one, 1, nullptr)));
  });
}

TEST_CASE("binary cross-entropy on probabilities clamps the logarithm at -100", "[kernels]") {
  const Formula formula = [](double p, double y) -> Reference {
    return {-y * std::max(std::log(p), -100.0) - (1 - y) * std::max(std::log(double(1 - float(p))), -100.0), (p - y) / std::max(p * (1 - p), 1e-12)};
  };
  test::each_target([&] {
    for (const std::size_t n : {1, 8, 17, 70}) {
      auto p = noise(n, n), y = noise(n, 3);
      for (float& v : p) v = 0.001f + 0.998f * std::abs(v);
      for (float& v : y) v = std::abs(v);
      compare(binary_cross_entropy_of_probabilities, formula, p, y, 0.1);
    }
    const float p[] = {0, 1, 0, 1}, y[] = {1, 0, 0, 1};
    float dp[4];
    CHECK(binary_cross_entropy_of_probabilities(p, y, 4, dp) == Approx(50));
    for (const float g : dp) CHECK(std::isfinite(g));
  });
}

TEST_CASE("mse, mae and huber: loss and gradient", "[kernels]") {
  over_sizes(
      mean_squared_error,
      [](double x, double y) -> Reference {
        const double r = float(x) - float(y);
        return {r * r, 2 * r};
      },
      3);
  over_sizes(
      mean_absolute_error,
      [](double x, double y) -> Reference {
        const double r = float(x) - float(y);
        return {std::abs(r), r > 0 ? 1.0 : r < 0 ? -1.0 : 0.0};
      },
      3);
  for (const float delta : {0.1f, 1.0f, 2.5f}) {
    const Loss loss = [delta](const float* x, const float* y, std::int64_t n, float* dx, float scale) { return huber(x, y, n, delta, dx, scale); };
    over_sizes(
        loss,
        [delta](double x, double y) -> Reference {
          const double r = float(x) - float(y), size = std::abs(r), d = delta;
          return {size > d ? d * (size - d / 2) : r * r / 2, size > d ? std::copysign(d, r) : r};
        },
        3);
  }
  const float x = 2, y = 2;
  float dx = 7;
  CHECK(mean_absolute_error(&x, &y, 1, &dx) == 0);
  CHECK(dx == 0);
}

namespace {

struct Target {
  bool dense = false, weighted = false, ignore = false;
  float smoothing = 0;
};

// The definition, in double: q and log p of every row, nothing fused.
void check_cross_entropy(std::int64_t rows, std::int64_t classes, const Target& t, Scores scores, float scale) {
  const auto n = std::size_t(rows * classes), c = std::size_t(classes);
  auto x = noise(n, 21, scale), weights = noise(c, 22), soft = noise(n, 23);
  for (float& w : weights) w = 0.5f + std::abs(w);
  for (float& v : soft) v = std::abs(v);
  std::vector<std::int64_t> index(static_cast<std::size_t>(rows));
  for (std::size_t i = 0; i < index.size(); ++i) index[i] = t.ignore && i % 3 == 1 ? -100 : std::int64_t(i * 7) % classes;
  if (scores == Scores::probabilities)
    for (float& v : x) v = 0.05f + std::abs(v) / scale;
  CrossEntropyArgs a;
  std::vector<float> dx(n + 1, 5);
  a.x = x.data(), a.scores = scores, a.rows = rows, a.classes = classes, a.dx = dx.data(), a.scale = 2, a.smoothing = t.smoothing;
  a.has_ignore = t.ignore;
  if (t.weighted) a.weights = weights.data();
  if (t.dense)
    a.target = soft.data();
  else
    a.index = index.data();
  const double loss = cross_entropy(a);
  double want = 0, norm = 0, worst = 0;
  std::vector<double> gradient(n);
  for (std::size_t i = 0; i < std::size_t(rows); ++i) {
    if (!t.dense && t.ignore && index[i] == -100) continue;
    norm += t.dense ? 1 : t.weighted ? weights[std::size_t(index[i])] : 1.0;
    const float* row = &x[i * c];
    double sum = 0, mass = 0, top = *std::max_element(row, row + c);
    for (std::size_t j = 0; j < c; ++j) sum += std::exp(row[j] - top);
    std::vector<double> q(c);
    for (std::size_t j = 0; j < c; ++j) {
      const double hit = t.dense ? soft[i * c + j] : std::size_t(index[i]) == j ? 1 : 0;
      q[j] = (t.weighted ? weights[j] : 1.0) * ((1 - double(t.smoothing)) * hit + t.smoothing / double(classes));
      mass += q[j];
    }
    for (std::size_t j = 0; j < c; ++j) {
      const double log_p = scores == Scores::logits ? row[j] - top - std::log(sum) : scores == Scores::log_probabilities ? row[j] : std::log(double(row[j]));
      want -= q[j] * log_p;
      gradient[i * c + j] = scores == Scores::logits              ? std::exp(row[j] - top) / sum * mass - q[j]
                            : scores == Scores::log_probabilities ? -q[j]
                                                                  : -q[j] / row[j];
    }
  }
  for (std::size_t i = 0; i < n; ++i) worst = std::max(worst, std::abs(dx[i] - 2 * gradient[i] / norm) / (1e-7 + std::abs(2 * gradient[i] / norm) + 1 / norm));
  INFO(rows << "x" << classes << " dense " << t.dense << " weighted " << t.weighted << " ignore " << t.ignore << " smoothing " << t.smoothing << " scores "
            << int(scores));
  CHECK(loss == Approx(want / norm).epsilon(1e-6).margin(2e-7));
  CHECK(worst < 1e-6);
  CHECK(dx[n] == 5);
}

}  // namespace

TEST_CASE("cross-entropy of indices, dense targets, weights, smoothing, ignored rows", "[kernels]") {
  test::each_target([] {
    for (const auto scores : {Scores::logits, Scores::log_probabilities, Scores::probabilities})
      for (const std::int64_t rows : {1, 5, 32})
        for (const std::int64_t classes : {1, 2, 3, 8, 10, 16, 17, 70})
          for (const float smoothing : {0.0f, 0.1f})
            for (int flags = 0; flags < 8; ++flags)
              check_cross_entropy(rows, classes, {bool(flags & 1), bool(flags & 2), bool(flags & 4), smoothing}, scores, 5);
    check_cross_entropy(4, 10, {}, Scores::logits, 1e4f);
  });
}

TEST_CASE("cross-entropy refuses an index that is no class and counts nothing when all is ignored", "[kernels]") {
  const auto x = noise(6, 1);
  std::int64_t index[] = {0, 3};
  CrossEntropyArgs a;
  a.x = x.data(), a.rows = 2, a.classes = 3, a.index = index;
  CHECK_THROWS_AS(cross_entropy(a), Error);
  try {
    cross_entropy(a);
  } catch (const Error& error) {
    CHECK(error.sentence() == "class index 3 in row 1 is outside [0,3)");
  }
  index[0] = index[1] = -1;
  std::vector<float> dx(6, 4);
  a.dx = dx.data(), a.has_ignore = true, a.ignore = -1;
  CHECK(cross_entropy(a) == 0);
  CHECK(dx == std::vector<float>(6));
}
