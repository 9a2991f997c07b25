// Optimizers whose evaluated weights are not the trained ones.
#include "tests/optim/driver.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
// One weight that starts at 3 and always meets the gradient 2.
struct Path {
  test::Driver driver;
  test::Driver::State state;
  Path(const std::string& name, const OptimizerOptions& options, const std::map<std::string, double>& hypers)
      : driver(name, options, hypers), state(driver.start({{{3}, {1}}})) {}
  void step(double next_lr) { driver.step(state, {{2}}, next_lr); }
  double trained() const { return double{state.tensors[0].w[0]}; }
  double evaluated() { return double{driver.evaluated(state, 0)[0]}; }
};
}  // namespace

TEST_CASE("before the first update the evaluated weights are the trained ones", "[optim]") {
  for (const auto& name : standard_optimizers().names()) {
    INFO(name);
    CHECK(Path(name, {}, {}).evaluated() == 3);
  }
}

TEST_CASE("asgd is evaluated at the mean of its last weights", "[optim]") {
  Path path("asgd", {}, {{"lr", 0.1}, {"lambda", 0}, {"t0", 2}});
  std::vector<double> w;
  for (int t = 1; t <= 7; ++t) {
    path.step(0);
    w.push_back(path.trained());
    CHECK(w.back() == Approx(3 - 0.2 * t));
    CHECK(path.evaluated() == Approx(t <= 4 ? w.back() : (w[3] + w.back()) / 2));  // w falls by equal steps
  }
}

TEST_CASE("schedule-free is evaluated at the mean of z, whatever beta1 does", "[optim]") {
  Path path("schedule_free_sgd", {}, {{"lr", 0.1}});
  for (int t = 1; t <= 6; ++t) {
    if (t == 4) path.driver.set("beta1", 0.5);
    path.step(0.1);
    const double z = 3 - 0.2 * t, x = 3 - 0.2 * (t + 1) / 2, beta = t < 4 ? 0.9 : 0.5;
    CHECK(path.evaluated() == Approx(x).epsilon(1e-5));
    CHECK(path.trained() == Approx(beta * x + (1 - beta) * z).epsilon(1e-5));
  }
}

TEST_CASE("the mean of schedule-free weighs each z by the square of the largest rate", "[optim]") {
  Path path("schedule_free_sgd", {}, {{"lr", 0}});
  const double rates[] = {0, 0.1, 0.2, 0.1};  // of update 0, 1, …
  double z = 3, sum = 0, weights = 0, largest = 0;
  for (int n = 0; n < 3; ++n) {
    path.driver.set("lr", rates[n]);
    path.step(rates[n + 1]);
    z -= rates[n] * 2;
    largest = std::max(largest, rates[n + 1]);
    weights += largest * largest;
    sum += largest * largest * z;
    CHECK(path.evaluated() == Approx(sum / weights).epsilon(1e-5));
  }
}

TEST_CASE("schedule-free stands still while its rates are 0", "[optim]") {
  Path path("schedule_free_adamw", {{"form", "optax"}}, {{"lr", 0}});
  path.step(0);
  CHECK(path.trained() == 3);
  CHECK(path.evaluated() == Approx(3));
}
