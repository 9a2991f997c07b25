#include <map>

#include "engine/plan/emit.h"
#include "tests/plan/net.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::test;

namespace {
CompileOptions reading(std::vector<ValueId> outputs, std::int64_t batch = 1, Mode mode = Mode::evaluate) {
  CompileOptions options;
  options.outputs = std::move(outputs), options.batch = batch, options.mode = mode;
  return options;
}

// y = x + 1, and how often each node of that kind ran.
std::map<std::string, int> runs;
class Count final : public Op {
 public:
  explicit Count(const NodeView& node) : type_(node.type(0)), name_(node.output_name(0)) {}
  std::vector<TensorType> infer() const override { return {type_}; }
  void forward(Emit& e) const override {
    const Buffer x = e.in(0), y = e.out(0);
    e.step({"count", "test", 0}, {x}, {y}, [x, y, name = name_, n = elements(type_.shape)](const Memory& m) -> Run {
      return [name, n, from = m.f32(x), to = m.f32(y)] {
        ++runs[name];
        for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] + 1;
      };
    });
  }

 private:
  TensorType type_;
  std::string name_;
};
OpTable counting() {
  OpTable table = standard_ops();
  table.add("test.Count", [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Count>(node); });
  return table;
}
}  // namespace

TEST_CASE("an output may be a view of a value nobody else keeps", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 6);
  const ValueId h = net.node("Neg", {x}, "h");
  const ValueId view = net.node("Reshape", {h, net.integers("s", {-1, 3, 2})}, "view");
  ValueId later = h;  // keeps the arena busy after the view was made
  for (int i = 0; i < 6; ++i) later = net.node("Tanh", {later}, cat("t", i));
  Trained t(net.graph, reading({view, later}, 2));
  const auto values = ramp({2, 6});
  t.feed("x", values);
  for (int repeat = 0; repeat < 2; ++repeat) t.plan.forward();
  for (std::size_t i = 0; i < values.size(); ++i) CHECK(t.output(view)[i] == -values[i]);
  CHECK(t.plan.type(view) == TensorType{Dtype::f32, {2, 3, 2}});
}

TEST_CASE("outputs that share their bytes keep their own types", "[plan]") {
  Net net;
  const ValueId h = net.node("Neg", {net.rows("x", 6)}, "h");
  const ValueId a = net.node("Reshape", {h, net.integers("s", {-1, 2})}, "a"), b = net.node("Flatten", {a}, "b", {{"axis", std::int64_t{0}}});
  Trained t(net.graph, reading({h, a, b}));
  t.feed("x", {1, 2, 3, 4, 5, 6});
  t.plan.forward();
  for (const ValueId id : {h, a, b}) CHECK(t.output(id) == std::vector<float>{-1, -2, -3, -4, -5, -6});
  CHECK(t.plan.type(h).shape == Shape{1, 6});
  CHECK(t.plan.type(a).shape == Shape{3, 2});
  CHECK(t.plan.type(b).shape == Shape{1, 6});
}

TEST_CASE("an output may be an input, a parameter, a constant, or a view of one", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 2), w = net.parameter("w", {2}, {5, 6}), c = net.constant("c", {2}, {7, 8});
  SECTION("used by nobody") {
    Trained t(net.graph, reading({x, w, c}, 2));
    t.feed("x", {1, 2, 3, 4});
    t.plan.forward();
    CHECK(t.output(x) == std::vector<float>{1, 2, 3, 4});
    CHECK(t.output(w) == std::vector<float>{5, 6});
    CHECK(t.output(c) == std::vector<float>{7, 8});
    CHECK(t.plan.type(x) == TensorType{Dtype::f32, {2, 2}});
  }
  SECTION("used and renamed") {
    const ValueId vx = net.node("Identity", {x}, "vx"), vw = net.node("Reshape", {w, net.integers("s", {2, 1})}, "vw"), vc = net.node("Identity", {c}, "vc");
    const ValueId y = net.node("Add", {net.node("Mul", {x, w}, "p"), c}, "y");
    Trained t(net.graph, training(net.sum(y), {x, w, c, vx, vw, vc}));
    t.feed("x", {1, 2});
    for (int repeat = 0; repeat < 2; ++repeat) t.step();
    CHECK(t.output(vx) == std::vector<float>{1, 2});
    CHECK(t.output(vw) == std::vector<float>{5, 6});
    CHECK(t.output(vc) == std::vector<float>{7, 8});
    CHECK(t.output(w) == std::vector<float>{5, 6});
    CHECK(t.plan.type(vw).shape == Shape{2, 1});
    CHECK(t.gradient("w") == std::vector<float>{1, 2});
    t.set("w", {-1, -2});  // not a copy
    CHECK(t.output(vw) == std::vector<float>{-1, -2});
  }
}

TEST_CASE("what depends on constants alone runs when compiling, once", "[plan]") {
  const OpTable table = counting();
  Net net;
  const ValueId c = net.constant("c", {2}, {1, 2});
  const ValueId a = net.node("Count", {c}, "a", {}, 1, "test");
  const ValueId b = net.node("Count", {net.node("Reshape", {a, net.integers("s", {1, 2})}, "r")}, "b", {}, 1, "test");
  const ValueId y = net.node("Count", {net.node("Add", {net.rows("x", 2), b}, "s2")}, "y", {}, 1, "test");
  runs.clear();
  Trained t(net.graph, reading({y, a}, 3), table);
  CHECK(runs == std::map<std::string, int>{{"a", 1}, {"b", 1}});
  for (int i = 0; i < 4; ++i) {
    t.feed("x", ramp({3, 2}, static_cast<float>(i)));
    t.plan.forward();
  }
  CHECK(runs == std::map<std::string, int>{{"a", 1}, {"b", 1}, {"y", 4}});
  CHECK(t.output(a) == std::vector<float>{2, 3});
  CHECK(t.output(y)[0] == Approx(3 + 3 + 1));
  for (const Plan::StepInfo& step : t.plan.steps()) CHECK_FALSE((says(step.node, "'a'") || says(step.node, "'b'")));
}

TEST_CASE("dropout of a constant is drawn anew each step", "[plan]") {
  Net net;
  const ValueId c = net.constant("c", {64}, std::vector<float>(64, 1));
  const ValueId d = net.node("Dropout", {c, net.constant("ratio", {}, {0.5f})}, "d");
  const ValueId y = net.node("Mul", {d, net.parameter("w", {64})}, "y");
  Trained t(net.graph, training(net.sum(y), {d}));
  t.plan.seed() = 1;
  t.step();
  const auto first = t.output(d);
  CHECK(t.gradient("w") == first);
  t.plan.seed() = 2;
  t.step();
  CHECK(t.output(d) != first);
  CHECK(t.gradient("w") == t.output(d));
}

TEST_CASE("outputs nobody uses cost nothing and disturb nothing", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 6), w = net.parameter("w", {6}, {1, 2, 3, 4, 5, 6});
  const auto parts = net.nodes("Split", {net.node("Mul", {x, w}, "p"), net.integers("sizes", {1, 2, 3})}, {"a", "b", "c"}, {{"axis", std::int64_t{1}}});
  Trained t(net.graph, training(net.sum(parts[1]), {parts[1]}));
  t.feed("x", {1, 1, 1, 1, 1, 1});
  for (int repeat = 0; repeat < 2; ++repeat) t.step();
  CHECK(t.output(parts[1]) == std::vector<float>{2, 3});
  CHECK(t.gradient("w") == std::vector<float>{0, 1, 1, 0, 0, 0});
}

TEST_CASE("what is behind the asked for values is not compiled", "[plan]") {
  Net net;
  const ValueId x = net.rows("x", 2), unused = net.input("z", {{-1, "N"}, {-1, "M"}});
  const ValueId y = net.node("Gemm", {x, net.parameter("w", {2, 2})}, "y");
  const ValueId label = net.node("ZipMap", {y}, "label", {}, 1, "ai.onnx.ml");
  net.node("Gemm", {unused, y}, "bad", {{"alpha", std::string("no")}});
  net.graph.outputs = {y, label};
  Trained t(net.graph, reading({y}));
  CHECK(t.plan.input_names() == std::vector<std::string>{"x"});
  t.feed("x", {1, 0});
  t.plan.forward();
  CHECK(t.output(y)[0] == Approx(0.1f));
  CHECK(says(error_of([&] { Trained(net.graph, reading({label})); }), "ZipMap"));
}
