#include "engine/ops/families.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("elementwise functions agree with double arithmetic, forward and backward", "[ops]") { check_ops(unary_cases()); }

TEST_CASE("every elementwise operator and opset has a row", "[ops]") { CHECK(uncovered(add_unary, unary_cases()) == std::vector<std::string>{}); }

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
