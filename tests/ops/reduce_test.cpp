#include <cmath>

#include "engine/ops/families.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("reductions agree with double arithmetic", "[ops]") { check_ops(reduce_cases()); }

TEST_CASE("every reduction and opset has a row", "[ops]") { CHECK(uncovered(add_reduce, reduce_cases()) == std::vector<std::string>{}); }

TEST_CASE("equal extremes share the gradient", "[ops]") {
  for (const char* op : {"ReduceMax", "ReduceMin"}) {
    const Built b = build({.op = op, .opset = 13, .in = {parameter({4}, {2, 2, 2, 2})}}, {parameter({4}, {2, 2, 2, 2})});
    Weights weights(b.graph);
    CompileOptions options;
    options.loss = b.loss;
    Plan plan = compile(b.graph, test_ops(), weights, options);
    plan.forward();
    plan.backward();
    for (const float g : weights.gradient(weights.parameters()[0])) CHECK(g == Approx(projection(0, 0) / 4));
  }
}

TEST_CASE("wrong axes of reductions are refused", "[ops]") {
  const auto bad = [](const OpCase& c, const std::string& part) {
    const std::string text = op_error(c);
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  bad({.op = "ReduceSum", .opset = 13, .in = {parameter({2, 3}), integers({2})}}, "axis 2 is outside a tensor of rank 2");
  bad({.op = "ReduceMean", .opset = 13, .attrs = {{"axes", std::vector<std::int64_t>{1, -1}}}, .in = {parameter({2, 3})}}, "axis 1 is there twice");
  bad({.op = "ReduceSum", .opset = 13, .in = {parameter({2, 3}), data({1}, {0}, Dtype::i64)}}, "must be known before the run");
  bad({.op = "ReduceMean", .opset = 13, .in = {constant({2}, {1, 2}, Dtype::i64)}}, "not defined for int64 inputs");
  bad({.op = "GlobalAveragePool", .opset = 22, .in = {parameter({2, 3})}}, "X is float32[2,3], floats of [N,C,…] with at least one spatial axis");
}
