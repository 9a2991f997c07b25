#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/plan/net.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
constexpr float inf = std::numeric_limits<float>::infinity();

// x [N,6] -> 8 -> 3, mean square of the result.
struct Mlp {
  Net net;
  ValueId x, h, y, loss;
  explicit Mlp(bool dropout = false) {
    x = net.rows("x", 6);
    h = net.node("Tanh", {net.node("Gemm", {x, net.parameter("w1", {6, 8}, ramp({6, 8}, -0.5f, 0.02f)), net.parameter("b1", {8})}, "a")}, "h");
    if (dropout) h = net.node("Dropout", {h, net.constant("ratio", {}, {0.25f})}, "dropped");
    y = net.node("Gemm", {h, net.parameter("w2", {3, 8}, ramp({3, 8}, -0.3f, 0.05f))}, "y", {{"transB", std::int64_t{1}}});
    loss = net.node("ReduceMean", {net.node("Mul", {y, y}, "square")}, "loss", {{"keepdims", std::int64_t{0}}});
  }
};

struct Step {
  std::vector<float> out, hidden, gradients;
  float loss = 0;
  bool operator==(const Step&) const = default;
};
Step step(Trained& t, const Mlp& m, std::uint64_t seed = 0) {
  t.plan.seed() = seed;
  t.step();
  const auto g = t.weights->gradients();
  return {t.output(m.y), t.output(m.h), {g.begin(), g.end()}, t.plan.loss()};
}
std::size_t zeros(const std::vector<float>& values) { return static_cast<std::size_t>(std::ranges::count(values, 0.0f)); }
}  // namespace

TEST_CASE("a plan gives the same bits each time", "[plan]") {
  const Mlp m(true);
  Trained a(m.net.graph, training(m.loss, {m.y, m.h}, 17)), b(m.net.graph, training(m.loss, {m.y, m.h}, 17));
  const auto x = ramp({17, 6}, -1, 0.017f);
  a.feed("x", x);
  b.feed("x", x);
  const Step first = step(a, m, 3);
  CHECK(std::isfinite(first.loss));
  step(a, m, 4);
  CHECK(step(a, m, 3) == first);
  CHECK(step(b, m, 3) == first);
}

TEST_CASE("the loss and its gradient are those of the formula", "[plan]") {
  const Mlp m;
  Trained t(m.net.graph, training(m.loss, {m.y, m.h}, 5));
  t.feed("x", ramp({5, 6}, -1, 0.07f));
  const Step s = step(t, m);
  double loss = 0;
  std::vector<double> g(24);
  for (std::size_t i = 0; i < 15; ++i) {
    loss += double{s.out[i]} * s.out[i] / 15;
    for (std::size_t k = 0; k < 8; ++k) g[i % 3 * 8 + k] += 2.0 / 15 * s.out[i] * s.hidden[i / 3 * 8 + k];
  }
  CHECK(double{s.loss} == Approx(loss).epsilon(1e-6));
  for (std::size_t k = 0; k < 24; ++k) CHECK(double{t.gradient("w2")[k]} == Approx(g[k]).epsilon(1e-5));
  t.plan.loss_gradient(0.25f);
  const auto whole = t.gradient("w1");
  t.plan.backward();
  for (std::size_t k = 0; k < whole.size(); ++k) CHECK(t.gradient("w1")[k] == Approx(0.25f * whole[k]).epsilon(1e-6));
}

TEST_CASE("dropout follows the seed and can be switched off", "[plan]") {
  const Mlp m(true), plain;
  Trained t(m.net.graph, training(m.loss, {m.y, m.h}, 500)), reference(plain.net.graph, training(plain.loss, {plain.y, plain.h}, 500));
  const auto x = ramp({500, 6}, -1, 0.001f);
  t.feed("x", x);
  reference.feed("x", x);
  const Step one = step(t, m, 1), two = step(t, m, 2);
  CHECK(one.hidden != two.hidden);
  CHECK(step(t, m, 1) == one);
  CHECK(std::fabs(static_cast<double>(zeros(one.hidden)) / 4000 - 0.25) < 5 * std::sqrt(0.25 * 0.75 / 4000));
  const Step full = step(reference, plain);
  for (std::size_t i = 0; i < 4000; ++i)
    if (one.hidden[i] != 0) CHECK(one.hidden[i] == Approx(full.hidden[i] / 0.75f));
  t.plan.dropout(0);
  CHECK(step(t, m, 1) == full);
  t.plan.dropout(std::nullopt);
  CHECK(step(t, m, 1) == one);
  CompileOptions options = training(m.loss, {m.y, m.h}, 500);
  options.threads = 3;
  Trained threaded(m.net.graph, options);
  threaded.feed("x", x);
  CHECK(step(threaded, m, 1).hidden == one.hidden);
  options.mode = Mode::evaluate;
  Trained evaluated(m.net.graph, options);
  evaluated.feed("x", x);
  evaluated.plan.forward();
  CHECK(evaluated.output(m.h) == full.hidden);
}

TEST_CASE("two dropouts of one step draw differently", "[plan]") {
  Net net;
  const ValueId w = net.parameter("w", {256}, std::vector<float>(256, 1)), ratio = net.constant("ratio", {}, {0.5f});
  const ValueId a = net.node("Dropout", {w, ratio}, "a"), b = net.node("Dropout", {w, ratio}, "b");
  Trained t(net.graph, training(net.sum(net.node("Add", {a, b}, "y")), {a, b}));
  t.step();
  CHECK(t.output(a) != t.output(b));
}

TEST_CASE("plans of several batch sizes share the weights", "[plan]") {
  const Mlp m;
  Weights weights(m.net.graph);
  const auto compiled = [&](std::int64_t batch, Mode mode) {
    CompileOptions options = training(m.loss, {m.y}, batch);
    options.mode = mode;
    return compile(m.net.graph, standard_ops(), weights, options);
  };
  Plan large = compiled(6, Mode::train), small = compiled(2, Mode::train), evaluate = compiled(3, Mode::evaluate);
  const auto rows = ramp({6, 6}, -1, 0.05f);
  const auto run = [&](Plan& plan, std::size_t from) {
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(from * 6), plan.batch() * 6, plan.input_f32("x").begin());
    plan.forward();
    const auto y = plan.output_f32(m.y);
    return std::vector<float>(y.begin(), y.end());
  };
  for (int round = 0; round < 2; ++round) {
    const auto all = run(large, 0);
    for (std::size_t i = 0; i < 6; ++i) {
      CHECK(run(small, 2)[i] == Approx(all[6 + i]));
      CHECK(run(evaluate, 3)[i] == Approx(all[9 + i]));
    }
    large.backward();
    std::vector<float> sum(weights.gradients().size()), whole(weights.gradients().begin(), weights.gradients().end());
    for (const std::size_t from : {0u, 2u, 4u}) {
      run(small, from);
      small.backward();
      for (std::size_t k = 0; k < sum.size(); ++k) sum[k] += weights.gradients()[k] / 3;
    }
    for (std::size_t k = 0; k < sum.size(); ++k) CHECK(sum[k] == Approx(whole[k]).epsilon(1e-4).margin(1e-6));
    for (float& v : weights.values()) v *= 1.5f;
  }
  CHECK(large.batch() == 6);
  CHECK(large.input_type("x") == TensorType{Dtype::f32, {6, 6}});
  CHECK(evaluate.type(m.y) == TensorType{Dtype::f32, {3, 3}});
  weights.reset();
  CHECK(weights.value(weights.parameters()[0])[0] == -0.5f);
  for (const float g : weights.gradients()) CHECK(g == 0);
}

TEST_CASE("parameters lie on lines of 64 bytes with zeros between", "[plan]") {
  Net net;
  const ValueId w = net.parameter("w", {5}, {1, 1, 1, 1, 1}), v = net.parameter("v", {5}, {2, 2, 2, 2, 2});
  Trained t(net.graph, training(net.sum(net.node("Mul", {w, v}, "y"))));
  t.step();
  CHECK(t.weights->values().size() == 32);
  CHECK(reinterpret_cast<std::uintptr_t>(t.weights->values().data()) % 64 == 0);
  CHECK(t.parameter("v").offset == 16);
  for (const auto span : {t.weights->values(), t.weights->gradients()})
    for (std::size_t i = 0; i < 32; ++i) CHECK((span[i] != 0) == (i % 16 < 5));
}

TEST_CASE("the first value that is not finite is named", "[plan]") {
  const Mlp m;
  Trained t(m.net.graph, training(m.loss, {}, 2));
  t.feed("x", ramp({2, 6}));
  CHECK(t.plan.first_bad().empty());
  SECTION("a weight") {
    t.weights->value(t.parameter("w2"))[5] = NAN;
    CHECK(t.plan.first_bad() == "w2");
  }
  SECTION("an input") {
    t.plan.input_f32("x")[3] = inf;
    CHECK(t.plan.first_bad() == "x");
  }
  SECTION("a product") {
    t.set("w2", std::vector<float>(24, 3e38f));
    t.step();
    CHECK_FALSE(std::isfinite(t.plan.loss()));
    CHECK(t.plan.first_bad() == "y");
  }
  SECTION("a square") {
    t.set("w2", std::vector<float>(24, 3e30f));
    CHECK(t.plan.first_bad() == "square");
  }
}

TEST_CASE("a gradient that is not finite is named", "[plan]") {
  Net net;
  const ValueId root = net.node("Sqrt", {net.parameter("scratch", {2}, {0, 1})}, "root");  // d sqrt(0) is infinite
  Trained t(net.graph, training(net.sum(root)));
  t.step();
  CHECK(t.plan.loss() == 1);
  CHECK(t.plan.first_bad() == "d(scratch)");
}

TEST_CASE("a value called scratch is looked at too", "[plan]") {
  Net net;
  const ValueId s = net.node("Log", {net.rows("x", 1)}, "scratch");
  Trained t(net.graph, [&] { CompileOptions o; o.outputs = {net.node("Neg", {s}, "y")}; return o; }());
  t.feed("x", {0});
  CHECK(t.plan.first_bad() == "scratch");
}

TEST_CASE("a plan explains itself", "[plan]") {
  const Mlp m;
  Trained t(m.net.graph, training(m.loss, {m.y}, 4));
  const auto steps = t.plan.steps();
  const std::string text = t.plan.explain();
  CHECK(says(text, cat("batch 4, ", steps.size(), " steps, arena ", t.plan.arena_bytes(), " bytes\n")));
  CHECK(static_cast<std::size_t>(std::ranges::count(text, '\n')) == steps.size() + 1);
  CHECK(says(text, "[4,8]@"));
  CHECK(says(text, "Gemm node"));
  CHECK(std::ranges::is_partitioned(steps, [](const Plan::StepInfo& s) { return !s.backward; }));
  double flops = 0;
  for (const Plan::StepInfo& s : steps) {
    CHECK_FALSE(s.what.empty());
    CHECK_FALSE(s.impl.empty());
    flops += s.flops;
  }
  // forward and dW of both layers, dX of the second: 2 * batch * (2 * 48 + 3 * 24)
  CHECK(flops >= 2 * 4 * (2 * 48 + 3 * 24));
  CHECK(flops < 1.5 * 2 * 4 * (2 * 48 + 3 * 24) + 1000);
}

TEST_CASE("a profile has one time a step", "[plan]") {
  const Mlp m;
  Trained t(m.net.graph, training(m.loss, {m.y, m.h}, 4));
  t.feed("x", ramp({4, 6}));
  const Step before = step(t, m);
  const auto times = t.plan.profile(3);
  CHECK(times.size() == t.plan.steps().size());
  for (const double s : times) CHECK((s >= 0 && s < 10));
  CHECK(t.plan.profile(0) == std::vector<double>(times.size(), 0));
  CHECK(step(t, m) == before);
}

TEST_CASE("a moved plan runs on", "[plan]") {
  const Mlp m;
  Trained t(m.net.graph, training(m.loss, {m.y, m.h}, 4));
  t.feed("x", ramp({4, 6}));
  const Step before = step(t, m);
  Plan moved = std::move(t.plan);
  t.plan = std::move(moved);
  CHECK(step(t, m) == before);
}
