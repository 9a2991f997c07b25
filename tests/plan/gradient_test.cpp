#include <cmath>

#include "base/rng.h"
#include "tests/plan/net.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
constexpr std::size_t parameters = 3, length = 6;

// A value and its derivatives by the same element of every parameter (all operators below work element by element).
struct Dual {
  double value = 0, d[parameters] = {};
};
using Duals = std::vector<Dual>;
template <class F>
Duals zip(const Duals& a, const Duals& b, F f) {  // f gives value, df/da, df/db
  Duals out(length);
  for (std::size_t k = 0; k < length; ++k) {
    const auto [v, da, db] = f(a[k].value, b[k].value);
    out[k].value = v;
    for (std::size_t p = 0; p < parameters; ++p) out[k].d[p] = da * a[k].d[p] + db * b[k].d[p];
  }
  return out;
}
struct Three { double v, da, db; };
Duals add(const Duals& a, const Duals& b) { return zip(a, b, [](double x, double y) { return Three{x + y, 1, 1}; }); }

struct Expression {
  Net net;
  std::vector<ValueId> ids;       // of shape [2,3]
  std::vector<Duals> values;
  std::vector<ValueId> views;     // other shapes of the same numbers
  std::vector<std::size_t> view_of;
  ValueId loss = no_value;
  Duals total;
};

// One more node, on operands drawn from all before (often the same one twice).
void grow(Expression& e, Random& random, int number) {
  const auto pick = [&] { return random.below(3) == 0 ? e.ids.size() - 1 : static_cast<std::size_t>(random.below(e.ids.size())); };
  const std::size_t a = pick(), b = random.below(4) == 0 ? a : pick(), c = random.below(3) == 0 ? a : pick();
  const std::string name = cat("v", number);
  const Duals &x = e.values[a], &y = e.values[b];
  Duals out;
  ValueId id = no_value;
  switch (random.below(8)) {
    case 0: id = e.net.node("Add", {e.ids[a], e.ids[b]}, name), out = add(x, y); break;
    case 1:
      id = e.net.node("Sub", {e.ids[a], e.ids[b]}, name);
      out = zip(x, y, [](double p, double q) { return Three{p - q, 1, -1}; });
      break;
    case 2:
      id = e.net.node("Mul", {e.ids[a], e.ids[b]}, name);
      out = zip(x, y, [](double p, double q) { return Three{p * q, q, p}; });
      break;
    case 3: id = e.net.node("Sum", {e.ids[a], e.ids[b], e.ids[c]}, name), out = add(add(x, y), e.values[c]); break;
    case 4: id = e.net.node("Identity", {e.ids[a]}, name), out = x; break;
    case 5: {  // there and back under other shapes, an operator in between
      const ValueId flat = e.net.node("Reshape", {e.ids[a], e.net.integers(name + ".flat", {6})}, name + ".view");
      e.views.push_back(flat), e.view_of.push_back(a);
      const ValueId negative = e.net.node("Neg", {flat}, name + ".neg");
      id = e.net.node("Reshape", {random.below(2) == 0 ? negative : flat, e.net.integers(name + ".back", {2, 3})}, name);
      out = e.net.graph.nodes().back().in[0] == flat ? x : zip(x, x, [](double p, double) { return Three{-p, -1, 0}; });
      break;
    }
    default:
      id = e.net.node("Tanh", {e.ids[a]}, name);
      out = zip(x, x, [](double p, double) { return Three{std::tanh(p), 1 - std::tanh(p) * std::tanh(p), 0}; });
  }
  for (const Dual& d : out)
    if (std::fabs(d.value) > 20) id = no_value;
  if (id == no_value) return;
  e.ids.push_back(id);
  e.values.push_back(std::move(out));
}

Expression random_expression(std::uint64_t seed) {
  Random random(seed, Stream::data);
  Expression e;
  for (std::size_t p = 0; p < parameters; ++p) {
    std::vector<float> start(length);
    Duals duals(length);
    for (std::size_t k = 0; k < length; ++k) {
      start[k] = static_cast<float>(2 * random.uniform() - 1);
      duals[k].value = start[k];
      duals[k].d[p] = 1;
    }
    e.ids.push_back(e.net.parameter(cat("p", p), {2, 3}, start));
    e.values.push_back(std::move(duals));
  }
  const int nodes = 1 + static_cast<int>(random.below(14));
  for (int i = 0; i < nodes; ++i) grow(e, random, i);
  const std::size_t last = e.ids.size() - 1, other = random.below(e.ids.size());
  std::vector<float> weights(length);
  Duals w(length);
  for (std::size_t k = 0; k < length; ++k) w[k].value = weights[k] = static_cast<float>(random.uniform() + 0.5);
  const ValueId weighted = e.net.node("Mul", {e.ids[last], e.net.constant("weights", {2, 3}, weights)}, "weighted");
  e.total = add(zip(e.values[last], w, [](double p, double q) { return Three{p * q, q, 0}; }), e.values[other]);
  e.loss = e.net.sum(e.net.node("Add", {weighted, e.ids[other]}, "total"));
  return e;
}

void same(const std::vector<float>& got, const std::vector<double>& want, double tolerance) {
  REQUIRE(got.size() == want.size());
  for (std::size_t k = 0; k < want.size(); ++k)
    if (!(std::fabs(double{got[k]} - want[k]) <= tolerance * std::max(1.0, std::fabs(want[k])))) {
      INFO("element " << k);
      CHECK(double{got[k]} == Approx(want[k]).epsilon(tolerance));
    }
}
std::vector<double> numbers(const Duals& duals) {
  std::vector<double> out;
  for (const Dual& d : duals) out.push_back(d.value);
  return out;
}
}  // namespace

// Random graphs: values read by many nodes, by one node twice, through views, requested by the caller; the arena is reused.
TEST_CASE("gradients and outputs of random graphs agree with dual numbers", "[plan]") {
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    INFO("graph " << seed);
    const Expression e = random_expression(seed);
    Random random(seed, Stream::search);
    CompileOptions options = training(e.loss);
    std::vector<std::pair<ValueId, std::size_t>> read;
    for (std::size_t i = 0; i < e.ids.size(); ++i)
      if (random.below(3) == 0) read.emplace_back(e.ids[i], i);
    for (std::size_t i = 0; i < e.views.size(); ++i)
      if (random.below(2) == 0) read.emplace_back(e.views[i], e.view_of[i]);
    for (const auto& [id, index] : read) options.outputs.push_back(id);
    bool reached = false;
    for (const Dual& d : e.total)
      for (const double v : d.d) reached |= v != 0;
    if (!reached) continue;
    Trained t(e.net.graph, options);
    for (int repeat = 0; repeat < 2; ++repeat) t.step();
    double loss = 0;
    for (const Dual& d : e.total) loss += d.value;
    CHECK(double{t.plan.loss()} == Approx(loss).epsilon(1e-5).margin(1e-5));
    for (std::size_t p = 0; p < parameters; ++p) {
      INFO("gradient of parameter " << p);
      std::vector<double> want;
      for (const Dual& d : e.total) want.push_back(d.d[p]);
      same(t.gradient(cat("p", p)), want, 1e-4);
    }
    for (const auto& [id, index] : read) {
      INFO("output " << e.net.graph.value(id).name);
      same(t.output(id), numbers(e.values[index]), 1e-5);
      CHECK(elements(t.plan.type(id).shape) == 6);
    }
  }
}

TEST_CASE("a value added to itself several times", "[plan]") {
  for (const int times : {2, 3, 4, 5}) {
    INFO(times);
    Net net;
    const ValueId h = net.node("Mul", {net.parameter("w", {3}), net.constant("c", {3}, {1, 2, 3})}, "h");
    Trained t(net.graph, training(net.sum(net.node("Sum", std::vector<ValueId>(static_cast<std::size_t>(times), h), "y"))));
    t.step();
    const auto k = static_cast<float>(times);
    CHECK(t.gradient("w") == std::vector<float>{k, 2 * k, 3 * k});
  }
}

TEST_CASE("a residual chain hands the gradient through", "[plan]") {
  // h <- h + a_i * h, n times: dloss/dh0 = prod(1 + a_i).
  Net net;
  const ValueId w = net.parameter("w", {2}, {1, -1});
  ValueId h = w;
  std::vector<float> product{1, 1};
  for (int i = 0; i < 6; ++i) {
    const std::vector<float> a{0.5f + static_cast<float>(i) * 0.125f, -0.25f};
    h = net.node("Add", {h, net.node("Mul", {h, net.constant(cat("a", i), {2}, a)}, cat("f", i))}, cat("h", i));
    for (std::size_t k = 0; k < 2; ++k) product[k] *= 1 + a[k];
  }
  Trained t(net.graph, training(net.sum(h)));
  t.step();
  const auto g = t.gradient("w");
  for (std::size_t k = 0; k < 2; ++k) CHECK(g[k] == Approx(product[k]));
}

TEST_CASE("a parameter two layers share gets both gradients", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 2), w = net.parameter("w", {2, 2}, {1, 2, 3, 4});
  const ValueId y = net.node("MatMul", {net.node("MatMul", {x, w}, "h"), w}, "y");
  Trained t(net.graph, training(net.sum(y)));
  t.feed("x", {1, -1});
  t.step();
  // y = x W W: d/dW = x^T (1 W^T) + (x W)^T 1, 1 = [1,1]; W 1^T = [3,7], x W = [-2,-2].
  CHECK(t.gradient("w") == std::vector<float>{3 - 2, 7 - 2, -3 - 2, -7 - 2});
}

TEST_CASE("accumulation adds to the gradients, the default overwrites them", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 2), w = net.parameter("w", {2, 1}, {1, 1}), b = net.parameter("b", {1}, {0});
  const ValueId loss = net.sum(net.node("Gemm", {x, w, b}, "y"));
  for (const bool accumulate : {false, true}) {
    INFO(accumulate);
    CompileOptions options = training(loss, {}, 2);
    options.accumulate = accumulate;
    Trained t(net.graph, options);
    t.feed("x", {1, 2, 3, 4});
    t.step();
    CHECK(t.gradient("w") == std::vector<float>{4, 6});
    CHECK(t.gradient("b") == std::vector<float>{2});
    t.feed("x", {10, 0, 0, 20});
    t.plan.loss_gradient(0.5f);
    t.step();
    CHECK(t.gradient("w") == (accumulate ? std::vector<float>{9, 16} : std::vector<float>{5, 10}));
    CHECK(t.gradient("b") == std::vector<float>{accumulate ? 3.0f : 1.0f});
    CHECK(t.plan.loss() == 30);  // scaled is what goes back, not what is reported
  }
}

TEST_CASE("nothing is computed for what needs no gradient", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 2);
  const ValueId frozen = net.node("Gemm", {x, net.constant("w0", {2, 2}, {1, 0, 0, 1})}, "h0");
  const ValueId y = net.node("Gemm", {frozen, net.parameter("w1", {2, 2})}, "y");
  const Trained t(net.graph, training(net.sum(y), {}, 4));
  for (const Plan::StepInfo& step : t.plan.steps())
    if (step.backward) CHECK_FALSE(says(step.node, "h0"));
}
