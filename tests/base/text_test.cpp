#include "base/text.h"

#include "base/error.h"
#include "base/shape.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("numbers are the shortest text that reads back") {
  CHECK(number(0.1) == "0.1");
  CHECK(number(0.1f) == "0.1");
  CHECK(number(1e-7) == "1e-07");
  CHECK(cat("A is ", std::vector<int>{32, 34}, " but ", 1.5) == "A is [32,34] but 1.5");
}

TEST_CASE("names from files are escaped") {
  CHECK(quote("fc1") == "'fc1'");
  CHECK(quote("\x1b[31m") == "'\\x1b[31m'");
  CHECK(quote("a\xff") == "'a\\xff'");
}

TEST_CASE("the nearest known name") {
  const std::vector<std::string> known = {"momentum", "nesterov", "lr"};
  CHECK(nearest("momentun", known) == "momentum");
  CHECK(nearest("xyzzy", known).empty());
}

TEST_CASE("patterns") {
  CHECK(matches("*.bias", "fc1.bias"));
  CHECK(matches("conv?.*", "conv1.weight"));
  CHECK_FALSE(matches("*.bias", "fc1.bias2"));
}

TEST_CASE("an error collects frames") {
  try {
    within("model.onnx", [] { within("Gemm node 'fc1'", [] { throw Error("A is ", Shape{32, 34}); }); });
    FAIL();
  } catch (const Error& e) {
    CHECK(std::string(e.what()) == "A is [32,34]\n  in Gemm node 'fc1'\n  in model.onnx");
  }
}
