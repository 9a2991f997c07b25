#include "engine/optim/clip.h"

#include <cmath>
#include <vector>

#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("the three formulas of the clipping factor", "[optim]") {
  CHECK(clip_factor(ClipForm::torch, 2, 1) == Approx(1 / (2 + 1e-6)).epsilon(1e-12));
  CHECK(clip_factor(ClipForm::keras, 2, 1) == 0.5);
  CHECK(clip_factor(ClipForm::optax, 2, 1) == 0.5);
  for (const auto form : {ClipForm::torch, ClipForm::keras, ClipForm::optax}) {
    CHECK(clip_factor(form, 0.5, 1) == 1);
    CHECK(clip_factor(form, 0, 1) == 1);
  }
  CHECK(clip_factor(ClipForm::torch, 1, 1) < 1);
  CHECK(clip_factor(ClipForm::optax, 1, 1) == 1);
}

TEST_CASE("the global norm is over all tensors and told as it was before", "[optim]") {
  std::vector<float> a{3, 0, 0}, b{4};
  const std::vector<std::span<float>> all{a, b};
  CHECK(global_norm(all) == 5);
  CHECK(clip_by_global_norm(all, 1, ClipForm::keras) == 5);
  CHECK(a[0] == Approx(0.6));
  CHECK(b[0] == Approx(0.8));
  CHECK(clip_by_global_norm(all, 2) == Approx(1));
  CHECK(a[0] == Approx(0.6));
}

TEST_CASE("norms and values of one tensor", "[optim]") {
  std::vector<float> g{3, -4};
  clip_by_norm(g, 10);
  CHECK(g == std::vector<float>{3, -4});
  clip_by_norm(g, 1);
  CHECK(g[1] == Approx(-0.8));
  std::vector<float> v{3, -4, 0.5f};
  clip_by_value(v, 1);
  CHECK(v == std::vector<float>{1, -1, 0.5f});
}

TEST_CASE("a norm that is not finite is told", "[optim]") {
  std::vector<float> a{1, std::nanf("")}, b{4};
  const std::vector<std::span<float>> bad_first{a, b}, bad_last{b, a};
  CHECK(std::isnan(global_norm(bad_first, Norm::max)));
  CHECK(std::isnan(global_norm(bad_last, Norm::max)));
  CHECK(std::isnan(global_norm(bad_last)));
}

TEST_CASE("adaptive clipping looks at one output unit at a time", "[optim]") {
  // Units of norm 5 and 1; gradients of norm 10 and 0.1; at most a tenth of the weights' norm.
  const std::vector<float> w{3, 4, 1, 0}, g{6, 8, 0.06f, 0.08f};
  const std::vector<std::int64_t> matrix{2, 2}, kernel{2, 1, 2, 1}, vector{4};
  auto rows = g, units = g, columns = g, whole = g;
  clip_adaptive(rows, w, matrix, Units::first, 0.1);
  CHECK(rows[0] == Approx(0.3));
  CHECK(rows[1] == Approx(0.4));
  CHECK(rows[2] == 0.06f);  // norm 0.1 of an allowed 0.1
  clip_adaptive(units, w, kernel, Units::first, 0.1);
  CHECK(units == rows);
  clip_adaptive(columns, w, matrix, Units::last, 0.1);
  CHECK(columns[0] == Approx(6 * std::sqrt(0.1) / std::hypot(6, 0.06)));
  CHECK(columns[3] == Approx(0.08 * 0.4 / std::hypot(8, 0.08)));
  clip_adaptive(whole, w, vector, Units::first, 0.1);
  CHECK(whole[0] == Approx(6 * 0.1 * std::sqrt(26.0) / std::sqrt(100.01)));
  std::vector<float> zero(4), from_zero = g;
  clip_adaptive(from_zero, zero, matrix, Units::first, 0.1);  // epsilon keeps a weight of 0 from staying there
  CHECK(from_zero[0] == Approx(6e-5));
  std::vector<float> wide(3 * 130, 1.0f);
  const std::vector<float> ones(3 * 130, 1.0f);
  clip_adaptive(wide, ones, std::vector<std::int64_t>{3, 130}, Units::last, 0.5);
  CHECK(wide == std::vector<float>(3 * 130, 0.5f));
}

TEST_CASE("the root mean square of a tensor", "[optim]") {
  std::vector<float> g{3, -4, 0, 0};
  clip_by_rms(g, 2.5);
  CHECK(g[1] == -4);
  clip_by_rms(g, 1.25);
  CHECK(g[1] == Approx(-2));
}
