#include "base/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "tests/support/catch.h"
#include "tests/support/errors.h"

using namespace lehr;
using lehr::test::error_of;

namespace {
constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float not_a_number = std::numeric_limits<float>::quiet_NaN();


Tensor doubles(const std::vector<double>& values) {
  Tensor t(TensorType{Dtype::f64, {static_cast<std::int64_t>(values.size())}});
  std::ranges::copy(values, t.as<double>().begin());
  return t;
}

struct Format {
  const char* name;
  Dtype dtype;
  float (*widen)(std::uint16_t);
  std::uint16_t (*narrow)(float);
  std::uint16_t infinity;
};
const Format formats[] = {{"float16", Dtype::f16, half_to_float, float_to_half, 0x7C00}, {"bfloat16", Dtype::bf16, bfloat_to_float, float_to_bfloat, 0x7F80}};
}  // namespace

TEST_CASE("all 65536 values of 16 bits survive the way through float", "[base]") {
  for (const Format& format : formats) {
    int wrong = 0;
    for (std::uint32_t bits = 0; bits < 65536; ++bits) {
      const auto half = static_cast<std::uint16_t>(bits);
      const float wide = format.widen(half);
      const std::uint16_t back = format.narrow(wide);
      const bool number = (half & 0x7FFF) <= format.infinity;
      wrong += number ? back != half : !(std::isnan(wide) && std::isnan(format.widen(back)));
    }
    INFO(format.name);
    CHECK(wrong == 0);
  }
}

TEST_CASE("widened values", "[base]") {
  CHECK(half_to_float(0x3C00) == 1);
  CHECK(half_to_float(0xC000) == -2);
  CHECK(half_to_float(0x7BFF) == 65504);
  CHECK(half_to_float(0x0400) == 0x1p-14f);
  CHECK(half_to_float(0x0001) == 0x1p-24f);
  CHECK(half_to_float(0x83FF) == -1023 * 0x1p-24f);
  CHECK(std::signbit(half_to_float(0x8000)));
  CHECK(half_to_float(0x7C00) == inf);
  CHECK(half_to_float(0xFC00) == -inf);
  CHECK(bfloat_to_float(0x3F80) == 1);
  CHECK(bfloat_to_float(0xC049) == -3.140625f);
  CHECK(bfloat_to_float(0xFF80) == -inf);
}

// Between two neighbours: below the middle down, above it up, in the middle to the even one; both signs, subnormals included.
TEST_CASE("narrowing rounds to nearest even", "[base]") {
  for (const Format& format : formats) {
    int wrong = 0;
    for (std::uint32_t bits = 0; bits + 1 < format.infinity; ++bits) {
      const auto low = static_cast<std::uint16_t>(bits), high = static_cast<std::uint16_t>(bits + 1);
      const float a = format.widen(low), b = format.widen(high);
      const auto middle = static_cast<float>((double{a} + double{b}) / 2);  // exact but for bfloat16's subnormals, which are float's own
      for (const std::uint16_t sign : {std::uint16_t{0}, std::uint16_t{0x8000}}) {
        const auto to = [&](float v) { return static_cast<std::uint16_t>(format.narrow(sign ? -v : v) ^ sign); };
        wrong += to(middle) != (bits % 2 == 0 ? low : high);
        wrong += to(std::nextafter(middle, 0.0f)) != low;
        wrong += to(std::nextafter(middle, inf)) != high;
      }
    }
    INFO(format.name);
    CHECK(wrong == 0);
  }
}

TEST_CASE("what is too large for 16 bits is infinite", "[base]") {
  CHECK(float_to_half(65519.99f) == 0x7BFF);
  CHECK(float_to_half(65520) == 0x7C00);
  CHECK(float_to_half(-65520) == 0xFC00);
  CHECK(float_to_half(3e38f) == 0x7C00);
  CHECK(float_to_half(0x1p-25f) == 0);  // the middle between 0 and the smallest: even
  CHECK(float_to_half(0x1.000002p-25f) == 1);
  CHECK(float_to_half(-1e-30f) == 0x8000);
  CHECK(float_to_bfloat(std::numeric_limits<float>::max()) == 0x7F80);
  CHECK(float_to_bfloat(-inf) == 0xFF80);
  for (const float quiet : {not_a_number, -not_a_number, std::bit_cast<float>(0x7F800001u), std::bit_cast<float>(0xFF800001u)}) {
    CHECK(std::isnan(half_to_float(float_to_half(quiet))));
    CHECK(std::isnan(bfloat_to_float(float_to_bfloat(quiet))));
  }
}

TEST_CASE("doubles are rounded once on their way to 16 bits", "[base]") {
  // A little above and below the middle between two neighbours; as floats they would be the middle itself.
  const std::vector<double> values{1 + 0x1p-11 + 0x1p-40, 1 + 0x1.8p-10 - 0x1p-40, -1 - 0x1p-11 - 0x1p-40, 0x1p-25 + 0x1p-60, 1e300, -1e300};
  const Tensor half = convert(doubles(values), Dtype::f16);
  const std::vector<float> expected{1 + 0x1p-10f, 1 + 0x1p-10f, -1 - 0x1p-10f, 0x1p-24f, inf, -inf};
  CHECK(half.floats() == expected);
  const Tensor brain = convert(doubles({1 + 0x1p-8 + 0x1p-40, 1 + 0x1.8p-7 - 0x1p-40, 1e300}), Dtype::bf16);
  CHECK(brain.floats() == std::vector<float>{1 + 0x1p-7f, 1 + 0x1p-7f, inf});
}

TEST_CASE("every dtype converts to every other", "[base]") {
  const std::vector<Dtype> all{Dtype::f32, Dtype::f64, Dtype::f16, Dtype::bf16, Dtype::i8,  Dtype::u8,
                               Dtype::i16, Dtype::u16, Dtype::i32, Dtype::u32,  Dtype::i64, Dtype::u64};
  const float values[] = {0, 1, 2, 5, 100, 127};
  const Tensor start(Shape{2, 3}, std::span(values));
  for (const Dtype from : all)
    for (const Dtype to : all) {
      INFO(name(from) << " to " << name(to));
      const Tensor t = convert(convert(start, from), to);
      CHECK(t.type == TensorType{to, {2, 3}});
      CHECK(t.data.size() == 6 * bytes(to));
      CHECK(t.floats() == start.floats());
      CHECK(t.doubles() == start.doubles());
      if (!is_float(to)) CHECK(t.integers() == std::vector<std::int64_t>{0, 1, 2, 5, 100, 127});
    }
  for (const Dtype from : all) CHECK(convert(convert(start, from), Dtype::boolean).integers() == std::vector<std::int64_t>{0, 1, 1, 1, 1, 1});
}

TEST_CASE("floats become integers by dropping the fraction", "[base]") {
  const float values[] = {-1.9f, -0.5f, 0.5f, 1.9f, 1e9f};
  const Tensor t(Shape{5}, std::span(values));
  CHECK(convert(t, Dtype::i64).integers() == std::vector<std::int64_t>{-1, 0, 0, 1, 1000000000});
  CHECK(convert(t, Dtype::boolean).integers() == std::vector<std::int64_t>{1, 1, 1, 1, 1});
  for (const float bad : {not_a_number, inf, -inf, 1e19f}) {
    const Tensor one(Shape{1}, std::span(&bad, 1));
    CHECK(error_of([&] { convert(one, Dtype::i64); }).find("does not fit into int64") != std::string::npos);
  }
  CHECK(error_of([&] { (void)t.integers(); }) == "a float32 tensor where integers are needed");
}

TEST_CASE("a tensor holds what its shape says", "[base]") {
  const float values[] = {1, 2, 3};
  CHECK(error_of([&] { Tensor(Shape{2, 2}, std::span(values)); }) == "3 values given for a tensor of shape [2,2]");
  const std::int64_t whole[] = {1};
  CHECK(error_of([&] { Tensor(Shape{0}, std::span(whole)); }) == "1 values given for a tensor of shape [0]");
  CHECK(Tensor(TensorType{Dtype::f64, {3, 0, 2}}).data.empty());
  CHECK(Tensor(TensorType{Dtype::f32, {}}).size() == 1);
  for (const std::byte b : Tensor(TensorType{Dtype::i16, {7}}).data) CHECK(b == std::byte{0});
  CHECK(error_of([&] { Tensor(TensorType{Dtype::f32, {-1}}); }).find("negative dimension -1") != std::string::npos);
  CHECK(error_of([&] { (void)Tensor(TensorType{Dtype::string, {1}}).floats(); }) == "a string tensor where numbers are needed");
  CHECK(error_of([&] { convert(Tensor(Shape{3}, std::span(values)), Dtype::string); }) == "no conversion to string");
}
