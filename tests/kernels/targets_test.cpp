#include "engine/kernels/targets.h"

#include "base/error.h"
#include "tests/support/catch.h"

using namespace lehr;

TEST_CASE("the best kernel target is in use; a named one can be asked for", "[kernels]") {
  const auto names = kernel_targets();
  REQUIRE(!names.empty());
  CHECK(kernel_target() == names.front());
  use_kernel_target(names.back());
  CHECK(kernel_target() == names.back());
  CHECK_THROWS_AS(use_kernel_target("AVX9"), Error);
  use_kernel_target("");
  CHECK(kernel_target() == names.front());
}
