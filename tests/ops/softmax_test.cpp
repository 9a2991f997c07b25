#include <cmath>

#include "engine/ops/families.h"
#include "tests/cases/cases.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::cases;

TEST_CASE("softmax over both meanings of axis agrees with double arithmetic", "[ops]") { check_ops(softmax_cases()); }

TEST_CASE("every softmax opset has a row", "[ops]") { CHECK(uncovered(add_softmax, softmax_cases()) == std::vector<std::string>{}); }

TEST_CASE("softmax along an axis that does not exist is refused", "[ops]") {
  CHECK(
      op_error({.op = "Softmax", .opset = 13, .attrs = {{"axis", std::int64_t{2}}}, .in = {parameter({2, 3})}}).find("axis 2 is outside a tensor of rank 2") !=
      std::string::npos);
  CHECK(op_error({.op = "Softmax", .opset = 13, .in = {constant({2}, {1, 2}, Dtype::i64)}}).find("a float tensor is needed") != std::string::npos);
}
