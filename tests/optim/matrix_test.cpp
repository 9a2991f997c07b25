// Optimizers that look at a tensor as a matrix.
#include <array>
#include <cmath>

#include "tests/optim/driver.h"
#include "tests/support/catch.h"

using namespace lehr;
using Floats = std::vector<float>;

namespace {

Floats waves(std::size_t n, float phase) {
  Floats out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = std::sin(1.7f * float(i) + phase) + 0.1f;
  return out;
}

// A tensor of `shape` after three updates.
Floats after(const test::Driver& driver, const Shape& shape, const Floats& w, const std::vector<Floats>& g) {
  auto state = driver.start({{w, shape}});
  for (const auto& part : g) driver.step(state, {part}, 0);
  return state.tensors[0].w;
}

// The elements of a [o,r,m,c,i] tensor that make up the matrix at (o,m,i).
Floats slice(const Floats& x, const std::array<std::size_t, 5>& n, std::size_t o, std::size_t m, std::size_t i) {
  Floats out;
  for (std::size_t r = 0; r < n[1]; ++r)
    for (std::size_t c = 0; c < n[3]; ++c) out.push_back(x[(((o * n[1] + r) * n[2] + m) * n[3] + c) * n[4] + i]);
  return out;
}

}  // namespace

TEST_CASE("adafactor factors each matrix of a larger tensor by itself", "[optim]") {
  struct Case {
    std::string form;
    Shape shape;
    std::array<std::size_t, 5> view;
  };
  const Case cases[] = {{"keras", {2, 3, 4}, {2, 3, 1, 4, 1}},  // the last two
                        {"torch", {2, 2, 3, 3}, {4, 3, 1, 3, 1}},
                        {"optax", {4, 2, 3}, {1, 4, 2, 3, 1}},  // the two largest
                        {"optax", {3, 4, 2}, {1, 3, 1, 4, 2}},
                        {"optax", {2, 5, 2, 4, 3}, {2, 5, 2, 4, 3}}};
  for (const auto& [form, shape, view] : cases) {
    INFO(form << " " << cat(shape));
    // What looks at the whole tensor is off: the limit on the step and the size of the weights.
    const test::Driver driver("adafactor", {{"form", form}, {"scale_parameter", "false"}, {"factor", "all"}}, {{"lr", 0.01}, {"clip_threshold", 1e6}});
    const auto n = static_cast<std::size_t>(elements(shape));
    const Floats w = waves(n, 0);
    const std::vector<Floats> g{waves(n, 1), waves(n, 2), waves(n, 3)};
    const Floats whole = after(driver, shape, w, g);
    for (std::size_t o = 0; o < view[0]; ++o)
      for (std::size_t m = 0; m < view[2]; ++m)
        for (std::size_t i = 0; i < view[4]; ++i) {
          const auto part = [&](const Floats& x) { return slice(x, view, o, m, i); };
          const Floats alone = after(driver, {std::int64_t(view[1]), std::int64_t(view[3])}, part(w), {part(g[0]), part(g[1]), part(g[2])});
          const Floats within = part(whole);
          for (std::size_t k = 0; k < alone.size(); ++k) CHECK(within[k] == Approx(alone[k]).epsilon(1e-5));
        }
  }
}

TEST_CASE("adafactor keeps rows and columns of a matrix, not the matrix", "[optim]") {
  const auto floats = [](const OptimizerOptions& options, const Shape& shape) {
    const auto n = static_cast<std::size_t>(elements(shape));
    const auto state = test::Driver("adafactor", options, {}).start({{Floats(n), shape}});
    std::size_t count = 0;
    for (const auto& slot : state.tensors[0].slots) count += slot.size();
    return count;
  };
  CHECK(floats({}, {200, 300}) == 500);
  CHECK(floats({}, {7}) == 7);
  CHECK(floats({{"factor", "none"}}, {200, 300}) == 60000);
  CHECK(floats({{"form", "optax"}}, {200, 300}) == 500);
  CHECK(floats({{"form", "optax"}}, {127, 300}) == 127 * 300);
  CHECK(floats({{"momentum", "true"}}, {200, 300}) == 60500);
}

TEST_CASE("muon's step has singular values near 1, whichever way the matrix lies", "[optim]") {
  const Floats w(12), g = waves(12, 1);
  Floats turned(12);
  for (std::size_t i = 0; i < 2; ++i)
    for (std::size_t j = 0; j < 6; ++j) turned[j * 2 + i] = g[i * 6 + j];
  const test::Driver driver("muon", {{"form", "keras"}}, {{"lr", 1}, {"rms_rate", 1 / std::sqrt(6.0)}, {"weight_decay", 0}});
  const Floats wide = after(driver, {2, 6}, w, {g}), tall = after(driver, {6, 2}, w, {turned});
  double aa = 0, bb = 0, ab = 0;
  for (std::size_t j = 0; j < 6; ++j) {
    CHECK(tall[j * 2] == Approx(wide[j]).margin(1e-6));
    CHECK(tall[j * 2 + 1] == Approx(wide[6 + j]).margin(1e-6));
    aa += double{wide[j]} * double{wide[j]}, bb += double{wide[6 + j]} * double{wide[6 + j]}, ab += double{wide[j]} * double{wide[6 + j]};
  }
  const double middle = (aa + bb) / 2, off = std::hypot((aa - bb) / 2, ab);  // squared singular values: middle +- off
  CHECK(std::sqrt(middle + off) < 1.3);
  CHECK(std::sqrt(middle - off) > 0.6);
}

TEST_CASE("muon leaves embeddings and vectors to adamw", "[optim]") {
  const Floats w = waves(12, 0), g = waves(12, 1);
  const test::Driver muon("muon", {{"form", "torch"}}, {{"lr", 0.1}}),
      adamw("adamw", {{"form", "torch"}}, {{"lr", 0.1}, {"weight_decay", 0.1}, {"epsilon", 1e-7}});
  const Floats want = after(adamw, {12}, w, {g, g});
  CHECK(after(muon, {12}, w, {g, g}) == want);
  CHECK(after(muon, {3, 2, 2}, w, {g, g}) == want);
  CHECK(after(muon, {3, 4}, w, {g, g}) != want);
  auto table = muon.start({{w, {3, 4}, true}});
  for (int i = 0; i < 2; ++i) muon.step(table, {g}, 0);
  CHECK(table.tensors[0].w == want);
}
