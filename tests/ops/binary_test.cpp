#include "engine/ops/binary.h"

#include "engine/ops/families.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("arithmetic, comparisons and variadic operators agree with double arithmetic", "[ops]") { check_ops(binary_cases()); }

TEST_CASE("every arithmetic operator and opset has a row", "[ops]") { CHECK(uncovered(add_binary, binary_cases()) == std::vector<std::string>{}); }

TEST_CASE("one value on both sides gathers both gradients", "[ops]") {
  struct Row { const char* op; double slope_at_2, slope_of_second; };
  for (const auto& [op, first, second] :
       {Row{"Mul", 2, 2}, Row{"Add", 1, 1}, Row{"Sub", 1, -1}, Row{"Div", 0.5, -0.5}, Row{"Max", 0.5, 0.5}, Row{"Sum", 1, 1}}) {
    INFO(op);
    for (const bool through_activation : {false, true}) {
      OpCase c{.op = op, .opset = 13, .in = {parameter({3}, {2, 2, 2})}};
      Graph graph;
      const float two[] = {2, 2, 2};
      Value x;
      x.name = "x";
      x.role = Role::parameter;
      x.data = std::make_shared<const Tensor>(Shape{3}, two);
      ValueId from = graph.add(x);
      const auto apply = [&](const char* name, const char* domain, std::vector<ValueId> in) {
        const ValueId to = graph.add(Value{});
        graph.add(Node{.op = name, .domain = domain, .name = "", .opset = 13, .attrs = {}, .in = std::move(in), .out = {to}});
        return to;
      };
      if (through_activation) from = apply("Neg", "", {apply("Neg", "", {from})});
      const ValueId loss = apply("Project", "test", {apply(op, "", {from, from})});
      Weights weights(graph);
      CompileOptions options;
      options.loss = loss;
      Plan plan = compile(graph, test_ops(), weights, options);
      plan.forward();
      plan.backward();
      const auto gradient = weights.gradient(weights.parameters()[0]);
      for (std::size_t k = 0; k < 3; ++k) CHECK(gradient[k] == Approx(projection(0, k) * (first + second)).margin(1e-6));
    }
  }
}

TEST_CASE("walks cover every element once, from any row on", "[ops]") {
  const Shape out{3, 2, 4, 5};
  const auto walk = make_walk<2>(out, {Shape{3, 1, 4, 1}, Shape{2, 1, 5}});
  const std::int64_t n = elements(out);
  CHECK(walk.rows * walk.columns == n);
  for (const std::int64_t split : {std::int64_t{0}, walk.rows / 3, walk.rows}) {
    std::vector<int> seen(static_cast<std::size_t>(n));
    const auto body = [&](std::int64_t at, const std::array<std::int64_t, 2>& from) {
      for (std::int64_t c = 0; c < walk.columns; ++c) {
        const std::int64_t k = at + c, i3 = k % 5, i2 = k / 5 % 4, i1 = k / 20 % 2, i0 = k / 40;
        ++seen[static_cast<std::size_t>(k)];
        CHECK(from[0] + c * walk.inner_step[0] == i0 * 4 + i2);
        CHECK(from[1] + c * walk.inner_step[1] == i1 * 5 + i3);
      }
    };
    walk.each_row(0, split, body);
    walk.each_row(split, walk.rows, body);
    CHECK(seen == std::vector<int>(static_cast<std::size_t>(n), 1));
  }
  CHECK(make_walk<2>({4, 6}, {Shape{4, 6}, Shape{4, 6}}).rows == 1);
  CHECK(make_walk<1>({0, 6}, {Shape{0, 6}}).rows * make_walk<1>({0, 6}, {Shape{0, 6}}).columns == 0);
}

TEST_CASE("wrong inputs of arithmetic operators are refused", "[ops]") {
  const auto bad = [](const OpCase& c, const std::string& part) {
    const std::string text = op_error(c);
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  const OpInput i64 = constant({2}, {1, 0}, Dtype::i64);
  bad({.op = "Add", .opset = 13, .in = {parameter({2, 3}), parameter({4})}}, "shapes [2,3] and [4] do not broadcast: 3 and 4 differ");
  bad({.op = "Add", .opset = 13, .in = {parameter({2}), i64}}, "input 0 is float32[2] but input 1 is int64[2]");
  bad({.op = "Add", .opset = 13, .in = {parameter({2})}}, "1 inputs given, 2 needed");
  bad({.op = "Div", .opset = 13, .in = {i64, i64}, .outputs = {Dtype::i64}, .graded = 0}, "divides integers by 0");
  bad({.op = "Mod", .opset = 13, .in = {parameter({2}), parameter({2})}}, "attribute 'fmod' is 0, floats need 1 before opset 28");
  bad({.op = "And", .opset = 7, .in = {parameter({2}), parameter({2})}}, "not defined for float32 inputs");
  bad({.op = "Max", .opset = 6, .in = {parameter({2}), parameter({1})}}, "do not broadcast before opset 8");
  bad({.op = "Add", .opset = 6, .in = {parameter({2, 3}), parameter({3})}}, "must agree before opset 7");
  bad({.op = "Add", .opset = 6, .attrs = {{"broadcast", std::int64_t{1}}}, .in = {parameter({1, 3}), parameter({2, 3})}},
      "does not broadcast to A");
  bad({.op = "PRelu", .opset = 16, .in = {parameter({3}), parameter({2, 3})}}, "slope is [2,3]");
}
