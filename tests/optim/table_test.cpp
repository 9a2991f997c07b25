// What every optimizer of the table must do, whatever its options.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "tests/optim/driver.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {

struct Variant {
  std::string name;
  OptimizerOptions options;
};

// The optimizer with each of its options at each of its values (a number option at one of its range), the others at their first.
std::vector<Variant> variants() {
  std::vector<Variant> out;
  for (const auto& name : standard_optimizers().names()) {
    out.push_back({name, {}});
    for (const auto& [option, values] : standard_optimizers().find(name).options)
      for (const auto& value : split(values, '|')) out.push_back({name, {{option, std::string(trim(value))}}});
    for (const NumberOption& n : standard_optimizers().find(name).numbers) out.push_back({name, {{n.name, n.whole ? "3" : "0.01"}}});
  }
  return out;
}
std::string text(const Variant& v) {
  std::string out = v.name;
  for (const auto& [key, value] : v.options) out += " " + key + "=" + value;
  return out;
}

// An optimizer with the hyperparameters a short run needs: lr as given, momentum .5, no decay, the others their own.
test::Driver trained(const Variant& v, double lr) {
  test::Driver driver(v.name, v.options, {{"lr", lr}});
  for (const Hyper& h : (*driver).hypers()) {
    if (h.name == "momentum") driver.set(h.name, 0.5);
    if (h.name.ends_with("weight_decay")) driver.set(h.name, 0);
    if (h.name == "d0") driver.set(h.name, 0.01);
  }
  return driver;
}

// Weights as one vector, and as a matrix beside a vector.
std::vector<test::Driver::Tensor> vector(std::vector<float> w) {
  const auto size = static_cast<std::int64_t>(w.size());
  return {{std::move(w), {size}}};
}
std::vector<test::Driver::Tensor> matrix_and_vector(const std::vector<float>& w) {
  const auto rest = static_cast<std::int64_t>(w.size()) - 6;
  return {{{w.begin(), w.begin() + 6}, {2, 3}}, {{w.begin() + 6, w.end()}, {rest}}};
}
std::vector<float> joined(const test::Driver::State& s) {
  std::vector<float> out;
  for (const auto& t : s.tensors) out.insert(out.end(), t.w.begin(), t.w.end());
  return out;
}

// f(w) = sum (w_i - i/4)^2 (1 + i)/2.
double quadratic(const std::vector<float>& w, std::vector<float>* g) {
  double f = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double r = w[i] - double(i) / 4, scale = 1 + double(i);
    f += scale * r * r / 2;
    if (g) (*g)[i] = float(scale * r);
  }
  return f;
}
// Rosenbrock's valley in pairs, from (-1, 1)-like starts.
double valley(const std::vector<float>& w, std::vector<float>* g) {
  double f = 0;
  for (std::size_t i = 0; i + 1 < w.size(); i += 2) {
    const double x = w[i], y = w[i + 1], a = 1 - x, b = y - x * x;
    f += a * a + 10 * b * b;
    if (g) (*g)[i] = float(-2 * a - 40 * x * b), (*g)[i + 1] = float(20 * b);
  }
  return f;
}

using Problem = double (*)(const std::vector<float>&, std::vector<float>*);

void train(const test::Driver& driver, test::Driver::State& s, Problem problem, std::int64_t to) {
  while (s.t < to) {
    const auto w = joined(s);
    std::vector<float> g(w.size());
    problem(w, &g);
    std::vector<std::vector<float>> parts;
    for (auto at = g.begin(); const auto& t : s.tensors)
      parts.emplace_back(at, at + static_cast<std::ptrdiff_t>(t.w.size())), at += static_cast<std::ptrdiff_t>(t.w.size());
    driver.step(s, parts, 0.01);
  }
}

// Best of a few rates: every optimizer has one that works.
double best(const Variant& v, Problem problem, const std::vector<test::Driver::Tensor>& start) {
  double least = 1e300;
  for (const double lr : {0.001, 0.01, 0.1, 1.0, 10.0, 100.0}) {
    const auto driver = trained(v, lr);
    auto s = driver.start(start);
    train(driver, s, problem, 1000);
    std::vector<float> at;
    for (std::size_t i = 0; i < s.tensors.size(); ++i)
      for (const float w : driver.evaluated(s, i)) at.push_back(w);
    const double f = problem(at, nullptr);
    if (f < least) least = f;
  }
  return least;
}

}  // namespace

TEST_CASE("every optimizer gets to the bottom of a bowl and along a valley", "[optim]") {
  for (const Variant& v : variants()) {
    INFO(text(v));
    const std::vector<float> bowl{3, -2, 1, 0, -1, 2, -3}, start{-1, 1, -0.5f, 0.5f};
    CHECK(best(v, quadratic, vector(bowl)) < 1e-2 * quadratic(bowl, nullptr));
    CHECK(best(v, quadratic, matrix_and_vector(bowl)) < 1e-2 * quadratic(bowl, nullptr));
    CHECK(best(v, valley, vector(start)) < 0.25 * valley(start, nullptr));
  }
}

TEST_CASE("every optimizer continues from its state to the bit", "[optim]") {
  for (const Variant& v : variants()) {
    INFO(text(v));
    const auto one = trained(v, 0.01), two = trained(v, 0.01);
    const auto start = matrix_and_vector({3, -2, 1, 0, -1, 2, -3, 0.5f, 4});
    auto whole = one.start(start), first = one.start(start);
    train(one, whole, quadratic, 30);
    train(one, first, quadratic, 13);
    auto resumed = first;  // weights, slots, scalars and t are all there is
    train(two, resumed, quadratic, 30);
    CHECK(std::ranges::equal(joined(whole), joined(resumed), [](float a, float b) { return std::memcmp(&a, &b, sizeof a) == 0; }));
    for (std::size_t i = 0; i < start.size(); ++i) CHECK(one.evaluated(whole, i) == two.evaluated(resumed, i));
  }
}

TEST_CASE("padding stays 0 and an element does not depend on its place", "[optim]") {
  for (const Variant& v : variants()) {
    auto driver = trained(v, 0.05);
    for (const Hyper& h : (*driver).hypers())
      if (h.name == "weight_decay") driver.set(h.name, 0.1);
    INFO(text(v));
    for (const std::size_t n : {1, 7, 16, 33, 70}) {
      auto gap = driver.start(vector(std::vector<float>(n)));
      for (auto& slot : gap.tensors[0].slots) std::ranges::fill(slot, 0.0f);
      auto live = driver.start(vector(std::vector<float>(n, 1.5f)));
      const std::vector<float> zero(n), g(n, 0.25f);
      for (int t = 1; t <= 5; ++t) {
        driver.step(gap, {zero}, 0.05);
        driver.step(live, {g}, 0.05);
      }
      const auto& w = live.tensors[0].w;
      CHECK(gap.tensors[0].w == zero);
      if ((*driver).elementwise()) CHECK(w == std::vector<float>(n, w[0]));
      CHECK(w[0] < 1.5f);
    }
  }
}

TEST_CASE("hyperparameters have a rate first, a range that holds the default, distinct names", "[optim]") {
  for (const Variant& v : variants()) {
    INFO(text(v));
    const auto optimizer = standard_optimizers().find(v.name).make(v.options);
    const auto hypers = optimizer->hypers();
    REQUIRE(!hypers.empty());
    CHECK(hypers[0].name == "lr");
    for (std::size_t i = 0; i < hypers.size(); ++i) {
      if (!hypers[i].required) CHECK((hypers[i].fallback >= hypers[i].low && hypers[i].fallback <= hypers[i].high));
      CHECK(!hypers[i].doc.empty());
      for (std::size_t j = 0; j < i; ++j) CHECK(hypers[i].name != hypers[j].name);
    }
    CHECK(!standard_optimizers().find(v.name).doc.empty());
  }
}

TEST_CASE("an option that is a number may be any number", "[optim]") {
  const auto start = [](const std::string& name, const OptimizerOptions& options) {
    return standard_optimizers().find(name).make(options)->slots().front().initial;
  };
  CHECK(start("adagrad", {}) == 0.1f);
  CHECK(start("adagrad", {{"form", "torch"}}) == 0);
  for (const char* name : {"adagrad", "ftrl", "yogi", "rmsprop"}) {
    INFO(name);
    CHECK(start(name, {{"initial_accumulator", "0.37"}}) == 0.37f);
  }
  const std::vector<float> w{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  const auto after = [&](const std::string& name, const OptimizerOptions& options) {
    test::Driver driver(name, options, {{"lr", 0.1}});
    auto state = driver.start({{w, {3, 4}}});
    driver.step(state, {{0.5f, -1, 2, 0.1f, 1, 1, -3, 0.2f, 0.3f, 2, 1, -1}}, 0.1);
    return joined(state);
  };
  CHECK(after("muon", {}) == after("muon", {{"iterations", "5"}}));
  CHECK(after("muon", {}) != after("muon", {{"iterations", "4"}}));
  CHECK(after("adafactor", {{"factor", "large"}, {"factor_from", "4"}}) == after("adafactor", {{"factor", "none"}}));
  CHECK(after("adafactor", {{"factor", "large"}, {"factor_from", "3"}}) == after("adafactor", {{"factor", "all"}}));
}

TEST_CASE("unknown optimizers, options and values are named with the nearest known one", "[optim]") {
  const auto message = [](const std::string& name, const OptimizerOptions& options) -> std::string {
    try {
      standard_optimizers().find(name).make(options);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  const auto contains = [](const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; };
  CHECK(contains(message("adamm", {}), "unknown optimizer 'adamm', did you mean 'adam'?"));
  CHECK(contains(message("sgd", {{"nesterow", "true"}}), "unknown option 'nesterow', did you mean 'nesterov'?"));
  CHECK(contains(message("sgd", {{"form", "kears"}}), "option 'form' is 'kears', allowed are keras | torch | optax, did you mean 'keras'?"));
  CHECK(contains(message("adagrad", {{"initial_acumulator", "1"}}), "unknown option 'initial_acumulator', did you mean 'initial_accumulator'?"));
  CHECK(contains(message("adagrad", {{"initial_accumulator", "form"}}), "is 'form', it takes a number; without it: 0.1, with form: torch 0"));
  CHECK(contains(message("adagrad", {{"initial_accumulator", "-1"}}), "is -1, allowed is any from 0 to"));
  CHECK(contains(message("muon", {{"iterations", "2.5"}}), "is 2.5, allowed is a whole number from 1 to 99"));
  CHECK(message("adagrad", {{"initial_accumulator", "0.37"}}).empty());
}
