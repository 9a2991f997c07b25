#include <cmath>

#include "engine/ops/families.h"
#include "engine/ops/unary_functions.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("elementwise functions agree with double arithmetic, forward and backward", "[ops]") { check_ops(unary_cases()); }

TEST_CASE("every elementwise operator and opset has a row", "[ops]") { CHECK(uncovered(add_unary, unary_cases()) == std::vector<std::string>{}); }

TEST_CASE("elementwise functions keep NaN and do not overflow", "[ops]") {
  for (const char* name : {"neg", "abs", "exp", "log", "sqrt", "reciprocal", "erf", "sin", "cos", "sign", "floor", "ceil", "round", "relu",
                           "leaky_relu", "thresholded_relu", "elu", "celu", "selu", "tanh", "sigmoid", "softplus", "softsign",
                           "hard_sigmoid", "hard_swish", "swish", "mish", "gelu", "gelu_tanh", "square"}) {
    INFO(name);
    float y = 0;
    const float nan = std::nanf("");
    function(name).forward(&nan, &y, 1, 0.5f, 0.5f);
    CHECK(std::isnan(y));
  }
  for (const char* name : {"tanh", "sigmoid", "softplus", "softsign", "hard_sigmoid", "hard_swish", "swish", "mish", "gelu", "gelu_tanh", "elu", "selu", "celu"})
    for (const float x : {-1e4f, -100.0f, -20.0f, 20.0f, 100.0f, 1e4f}) {
      INFO(name << " at " << x);
      float y = 0, d = 0;
      const float one = 1;
      const Function& f = function(name);
      f.forward(&x, &y, 1, 1, 0.5f);
      CHECK(std::isfinite(y));
      f.backward(f.needs == Needs::y ? &y : &x, &one, &d, 1, 1, 0.5f, false);
      CHECK(std::isfinite(d));
    }
}

TEST_CASE("wrong attributes and inputs of elementwise operators are refused", "[ops]") {
  const auto bad = [](OpCase c, const std::string& part) {
    INFO(part);
    const std::string text = op_error(c);
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  bad({.op = "Gelu", .opset = 20, .attrs = {{"approximate", std::string("tahn")}}, .in = {parameter({2})}},
      "'tahn', 'none' or 'tanh' is needed, did you mean 'tanh'?");
  bad({.op = "Celu", .opset = 12, .attrs = {{"alpha", 0.0f}}, .in = {parameter({2})}}, "alpha is 0");
  bad({.op = "Relu", .opset = 14, .in = {constant({2}, {1, 2}, Dtype::i64)}}, "a float tensor is needed");
  bad({.op = "Relu", .opset = 14, .in = {parameter({2}), parameter({2})}}, "2 inputs given, 1 needed");
  bad({.op = "Clip", .opset = 13, .in = {parameter({2}), data({})}}, "must be known before the run");
  bad({.op = "Clip", .opset = 13, .in = {parameter({2}), constant({2}, {1, 2})}}, "one element is needed");
  bad({.op = "Elu", .opset = 6, .attrs = {{"alpha", std::int64_t{1}}}, .in = {parameter({2})}}, "'alpha' is not a float");
  bad({.op = "Gelu", .opset = 19, .in = {parameter({2})}}, "supported from opset 20");
}
