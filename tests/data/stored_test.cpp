#include <cstring>

#include "base/tensor.h"
#include "engine/data/dataset.h"
#include "tests/data/array_files.h"

using namespace lehr;
using namespace lehr::test;

namespace {
template <class T>
Stored held(Dtype dtype, std::int64_t width, const std::vector<T>& values) {
  auto owner = std::make_shared<std::vector<std::byte>>(values.size() * sizeof(T) + 1);
  std::memcpy(owner->data() + 1, values.data(), values.size() * sizeof(T));  // at an odd address
  Stored out(dtype, width);
  out.add({owner, owner->data() + 1, static_cast<std::int64_t>(values.size()) / width});
  return out;
}

// Every pattern of 2 bytes as T, and some more of wider types.
template <class T>
std::vector<T> many() {
  std::vector<T> out;
  for (std::uint32_t i = 0; i < 65536; ++i) {
    const std::uint64_t bits = sizeof(T) > 2 ? i * 0x9E3779B97F4A7C15u >> 13 : i;
    T value;
    std::memcpy(&value, &bits, sizeof(T));
    out.push_back(value);
  }
  return out;
}

// gather(), value() and the formula say the same, bit for bit.
template <class T, class Raw>
void check_as_formula(Dtype dtype, const Raw& raw) {
  INFO(name(dtype));
  const std::vector<T> all = many<T>();
  const std::vector<std::int32_t> rows = {16383, 0, 1, 5000, 77, 77};
  for (const auto& [shift, scale] : {std::pair<std::vector<double>, std::vector<double>>{}, {{0.1}, {1 / 255.0}}, {{1, 2, 3, 4}, {0.1, 0.2, 0.3, 1e-3}}}) {
    Stored stored = held(dtype, 4, all);
    stored.scale(shift, scale);
    std::vector<float> got(rows.size() * 4);
    stored.gather(rows, got.data());
    bool same = true;
    for (std::size_t i = 0; i < got.size(); ++i) {
      const std::size_t at = static_cast<std::size_t>(rows[i / 4]) * 4 + i % 4;
      const double v = raw(all[at]);
      const float right = static_cast<float>(shift.empty() ? v : (v - shift[shift.size() > 1 ? i % 4 : 0]) * scale[scale.size() > 1 ? i % 4 : 0]);
      same = same && (std::memcmp(&right, &got[i], sizeof(float)) == 0 || (right != right && got[i] != got[i]));
      const double value = stored.value(at);
      same = same && (value == static_cast<double>(right) || right != right);
    }
    CHECK(same);
  }
}
}  // namespace

TEST_CASE("stored values become float32((value - shift) * scale), whatever their type", "[arrays]") {
  const auto plain = [](auto v) { return static_cast<double>(v); };
  check_as_formula<std::int8_t>(Dtype::i8, plain);
  check_as_formula<std::uint8_t>(Dtype::u8, plain);
  check_as_formula<std::int16_t>(Dtype::i16, plain);
  check_as_formula<std::uint16_t>(Dtype::u16, plain);
  check_as_formula<std::int32_t>(Dtype::i32, plain);
  check_as_formula<std::uint32_t>(Dtype::u32, plain);
  check_as_formula<std::int64_t>(Dtype::i64, plain);
  check_as_formula<float>(Dtype::f32, plain);
  check_as_formula<double>(Dtype::f64, plain);
  check_as_formula<std::uint16_t>(Dtype::f16, [](std::uint16_t v) { return static_cast<double>(half_to_float(v)); });
  check_as_formula<std::uint8_t>(Dtype::boolean, [](std::uint8_t v) { return v != 0 ? 1.0 : 0.0; });
}

TEST_CASE("integers and truth values are taken as they are, scaled ones and fractions not", "[arrays]") {
  const std::vector<std::int32_t> rows = {2, 0};
  std::vector<std::int64_t> got(2);
  held<std::int8_t>(Dtype::i8, 1, {-1, 2, -128}).gather(rows, got.data());
  CHECK(got == std::vector<std::int64_t>{-128, -1});
  held<std::uint32_t>(Dtype::u32, 1, {1, 2, 4294967295}).gather(rows, got.data());
  CHECK(got == std::vector<std::int64_t>{4294967295, 1});
  std::vector<std::uint8_t> truth(2);
  const Stored flags = held<std::uint8_t>(Dtype::boolean, 1, {0, 1, 7});
  flags.gather(rows, truth.data());
  CHECK(truth == std::vector<std::uint8_t>{1, 0});
  flags.gather(rows, got.data());
  CHECK(got == std::vector<std::int64_t>{1, 0});
  CHECK_THROWS(held<float>(Dtype::f32, 1, {1, 2, 3}).gather(rows, got.data()));
  Stored scaled = held<std::uint8_t>(Dtype::u8, 1, {1, 2, 3});
  scaled.scale({0}, {0.5});
  CHECK(!scaled.whole());
  CHECK_THROWS(scaled.gather(rows, got.data()));
  CHECK_THAT(error_of([] { Stored(Dtype::string, 1); }), contains("values of type string are not held as data"));
  CHECK_THAT(error_of([] { Stored(Dtype::f32, 3).scale({1, 2}, {1, 2}); }), contains("2 shifts and 2 scales for 3 columns"));
}

TEST_CASE("a bfloat16 is the upper half of a float", "[arrays]") {
  Stored values = held<std::uint16_t>(Dtype::bf16, 2, {0x3f80, 0xc000, 0x3e20, 0x7f80});
  std::vector<float> out(4);
  values.gather(std::vector<std::int32_t>{0, 1}, out.data());
  CHECK(out == std::vector<float>{1, -2, 0.15625f, std::numeric_limits<float>::infinity()});
  values.scale({1}, {2});
  CHECK(values.value(2) == -1.6875);
}

TEST_CASE("rows copied, with a column or whole rows dealt from others", "[arrays]") {
  const Stored values = held<std::int16_t>(Dtype::i16, 2, {1, 2, 3, 4, 5, 6});
  const std::vector<std::int32_t> rows = {2, 0}, from = {0, 1};
  const auto all = [](const Stored& s) { return std::vector<double>{s.raw(0), s.raw(1), s.raw(2), s.raw(3)}; };
  CHECK(all(values.copied(rows)) == std::vector<double>{5, 6, 1, 2});
  CHECK(all(values.copied(rows, from, 1)) == std::vector<double>{5, 2, 1, 4});
  CHECK(all(values.copied(rows, from, {})) == std::vector<double>{1, 2, 3, 4});
}

TEST_CASE("rows of several files stand one behind another", "[arrays]") {
  Stored both = held<std::uint8_t>(Dtype::u8, 2, {1, 2, 3, 4, 5, 6});
  auto more = std::make_shared<std::vector<std::uint8_t>>(std::vector<std::uint8_t>{7, 8, 9, 10});
  both.add({more, reinterpret_cast<const std::byte*>(more->data()), 2});
  CHECK(both.rows() == 5);
  Field field{"x", {2}, Dtype::u8, {}, {}};
  field.stored = both;
  std::vector<float> got(6);
  gather(field, std::vector<std::int32_t>{4, 2, 3}, got);
  CHECK(got == std::vector<float>{9, 10, 5, 6, 7, 8});
  CHECK(field.value(7) == 8);
  CHECK_THROWS(gather(field, std::vector<std::int32_t>{4}, got));
}
