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
