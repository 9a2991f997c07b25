// What every optimizer of the table must do, whatever its options.
#include <cmath>
#include <cstring>

#include "base/error.h"
#include "engine/optim/optimizer.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {

struct Variant {
  std::string name;
  OptimizerOptions options;
};

// The optimizer with each of its options at each of its values, the others at their first.
std::vector<Variant> variants() {
  std::vector<Variant> out;
  for (const auto& name : standard_optimizers().names()) {
    out.push_back({name, {}});
    for (const auto& [option, values] : standard_optimizers().find(name).options)
      for (const auto& value : split(values, '|')) out.push_back({name, {{option, std::string(trim(value))}}});
  }
  return out;
}
std::string text(const Variant& v) {
  std::string out = v.name;
  for (const auto& [key, value] : v.options) out += " " + key + "=" + value;
  return out;
}

struct State {
  std::vector<float> w;
  std::vector<std::vector<float>> slots;
};

// An optimizer with the hyperparameters a short run needs: lr as given, momentum .5, no decay, the others their own.
class Trained {
 public:
  Trained(const Variant& v, double lr) : optimizer_(standard_optimizers().find(v.name).make(v.options)) {
    for (const Hyper& h : optimizer_->hypers())
      hypers_.push_back(h.name == "lr" ? lr : h.name == "momentum" ? 0.5 : h.name == "weight_decay" ? 0.0 : h.name == "lr_max" ? 1.0 : h.fallback);
  }
  State fresh(std::vector<float> w) const {
    State s{std::move(w), {}};
    for (const Slot& slot : optimizer_->slots()) s.slots.emplace_back(s.w.size(), slot.initial);
    return s;
  }
  void step(State& s, const std::vector<float>& g, std::int64_t t) const {
    std::vector<std::span<float>> slots(s.slots.begin(), s.slots.end());
    optimizer_->update(s.w, g, slots, hypers_, t);
  }
  void set(const std::string& name, double value) {
    const auto known = optimizer_->hypers();
    for (std::size_t i = 0; i < known.size(); ++i)
      if (known[i].name == name) hypers_[i] = value;
  }
  const Optimizer& operator*() const { return *optimizer_; }

 private:
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<double> hypers_;
};

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

double train(const Trained& optimizer, State& s, Problem problem, std::int64_t from, std::int64_t to) {
  std::vector<float> g(s.w.size());
  for (std::int64_t t = from; t <= to; ++t) {
    problem(s.w, &g);
    optimizer.step(s, g, t);
  }
  return problem(s.w, nullptr);
}

// Best of a few rates: every optimizer has one that works.
double best(const Variant& v, Problem problem, std::vector<float> start) {
  double least = 1e300;
  for (const double lr : {0.001, 0.01, 0.1, 1.0, 10.0, 100.0}) {
    const Trained optimizer(v, lr);
    State s = optimizer.fresh(start);
    const double f = train(optimizer, s, problem, 1, 1000);
    if (f < least) least = f;
  }
  return least;
}

}  // namespace

TEST_CASE("every optimizer gets to the bottom of a bowl and along a valley", "[optim]") {
  for (const Variant& v : variants()) {
    INFO(text(v));
    const std::vector<float> bowl{3, -2, 1, 0, -1, 2, -3}, start{-1, 1, -0.5f, 0.5f};
    CHECK(best(v, quadratic, bowl) < 1e-2 * quadratic(bowl, nullptr));
    CHECK(best(v, valley, start) < 0.25 * valley(start, nullptr));
  }
}

TEST_CASE("every optimizer continues from its state to the bit", "[optim]") {
  for (const Variant& v : variants()) {
    INFO(text(v));
    const Trained one(v, 0.01), two(v, 0.01);
    State whole = one.fresh({3, -2, 1, 0, -1, 2, -3, 0.5f, 4});
    train(one, whole, quadratic, 1, 30);
    State first = one.fresh({3, -2, 1, 0, -1, 2, -3, 0.5f, 4});
    train(one, first, quadratic, 1, 13);
    State resumed = two.fresh(std::vector<float>(9));
    resumed.w = first.w;
    resumed.slots = first.slots;  // weights, slots and t are all there is
    train(two, resumed, quadratic, 14, 30);
    CHECK(std::memcmp(whole.w.data(), resumed.w.data(), 9 * sizeof(float)) == 0);
  }
}

TEST_CASE("padding stays 0 and an element does not depend on its place", "[optim]") {
  for (const Variant& v : variants()) {
    Trained optimizer(v, 0.05);
    optimizer.set("weight_decay", 0.1);
    INFO(text(v));
    for (const std::size_t n : {1, 7, 16, 33, 70}) {
      State s = optimizer.fresh(std::vector<float>(n));
      State live = optimizer.fresh(std::vector<float>(n, 1.5f));
      std::vector<float> zero(n), g(n, 0.25f);
      for (std::int64_t t = 1; t <= 5; ++t) {
        optimizer.step(s, zero, t);
        optimizer.step(live, g, t);
      }
      CHECK(s.w == std::vector<float>(n));
      if ((*optimizer).elementwise()) CHECK(live.w == std::vector<float>(n, live.w[0]));
      CHECK(live.w[0] < 1.5f);
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
}
