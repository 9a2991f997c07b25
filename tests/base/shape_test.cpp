#include "base/shape.h"

#include <limits>

#include "base/error.h"
#include "tests/support/catch.h"
#include "tests/support/errors.h"

using namespace lehr;
using lehr::test::error_of;
using lehr::test::says;

TEST_CASE("elements of a shape", "[base]") {
  CHECK(elements({}) == 1);
  CHECK(elements({7}) == 7);
  CHECK(elements({2, 3, 4}) == 24);
  CHECK(elements({5, 0, 4}) == 0);
  CHECK(elements({1ll << 40, 1 << 7}) == 1ll << 47);
  CHECK(says(error_of([] { elements({1ll << 40, (1 << 7) + 1}); }), "shape [1099511627776,129] has more than 2^47 elements"));
  CHECK(says(error_of([] { elements({1ll << 32, 1ll << 32}); }), "2^47"));
  CHECK(says(error_of([] { elements({std::numeric_limits<std::int64_t>::max(), 2}); }), "2^47"));
  CHECK(says(error_of([] { elements({0, 1ll << 62, 1ll << 62}); }), "2^47"));  // also where a zero hides it
  CHECK(error_of([] { elements({3, -2}); }) == "shape [3,-2] has the negative dimension -2");
  CHECK(says(error_of([] { elements({0, -1}); }), "negative"));
}

TEST_CASE("strides are row-major", "[base]") {
  CHECK(strides({}).empty());
  CHECK(strides({5}) == Shape{1});
  CHECK(strides({2, 3, 4}) == Shape{12, 4, 1});
}

TEST_CASE("shapes broadcast as ONNX says", "[base]") {
  struct Row { Shape a, b, expected; };
  const Row rows[] = {{{}, {}, {}},    {{}, {3}, {3}},           {{2, 3}, {3}, {2, 3}}, {{2, 1}, {3}, {2, 3}}, {{4, 1, 3}, {2, 1}, {4, 2, 3}},
                      {{1}, {0}, {0}}, {{0, 3}, {1, 3}, {0, 3}}, {{1, 1}, {1}, {1, 1}}};
  for (const Row& row : rows) {
    INFO(cat(row.a, " ", row.b));
    CHECK(broadcast(row.a, row.b) == row.expected);
    CHECK(broadcast(row.b, row.a) == row.expected);
  }
  CHECK(error_of([] { broadcast({2, 3}, {4, 3}); }) == "shapes [2,3] and [4,3] do not broadcast: 2 and 4 differ");
  CHECK(says(error_of([] { broadcast({2, 3}, {2}); }), "3 and 2 differ"));
  CHECK(says(error_of([] { broadcast({0}, {2}); }), "0 and 2 differ"));
}

TEST_CASE("axes count from either end", "[base]") {
  CHECK(axis_of(0, 3) == 0);
  CHECK(axis_of(2, 3) == 2);
  CHECK(axis_of(-1, 3) == 2);
  CHECK(axis_of(-3, 3) == 0);
  CHECK(error_of([] { axis_of(3, 3); }) == "axis 3 is outside a tensor of rank 3");
  CHECK(says(error_of([] { axis_of(-4, 3); }), "axis -4"));
  CHECK(says(error_of([] { axis_of(0, 0); }), "rank 0"));
  CHECK(says(error_of([] { axis_of(std::numeric_limits<std::int64_t>::min(), 3); }), "rank 3"));
}

TEST_CASE("element types", "[base]") {
  CHECK(bytes(Dtype::f64) == 8);
  CHECK(bytes(Dtype::bf16) == 2);
  CHECK(bytes(Dtype::boolean) == 1);
  CHECK(bytes(Dtype::string) == 0);
  CHECK(text(TensorType{Dtype::bf16, {2, 3}}) == "bfloat16[2,3]");
  CHECK(is_float(Dtype::f16));
  CHECK_FALSE(is_float(Dtype::i32));
}
