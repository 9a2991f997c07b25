#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <random>

#include "engine/data/numbers.h"
#include "tests/support/catch.h"

using namespace lehr;

namespace {
bool same_bits(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::isnan(a[i]) ? !std::isnan(b[i]) : std::bit_cast<std::uint64_t>(a[i]) != std::bit_cast<std::uint64_t>(b[i])) return false;
  return true;
}

CompactNumbers held(const std::vector<double>& values) {
  CompactNumbers out;
  for (const double value : values) out.push_back(value);
  return out;
}
}  // namespace

TEST_CASE("what is read from a column is what was put in, to the last bit", "[numbers]") {
  std::mt19937_64 random(5);
  const auto whole = [&](int bits) {
    return static_cast<double>(static_cast<std::int64_t>(random() >> (64 - bits))) - static_cast<double>(std::int64_t{1} << (bits - 1));
  };
  const double nan = std::numeric_limits<double>::quiet_NaN();
  struct Row { const char* name; double bytes; std::function<double()> draw; };
  for (const Row& row : {
           Row{"pixels", 1, [&] { return static_cast<double>(random() % 256); }},
           {"bytes and gaps", 2, [&] { return random() % 50 ? static_cast<double>(random() % 256) : nan; }},
           {"signed bytes", 1, [&] { return static_cast<double>(random() % 255) - 127; }},
           {"two decimals", 2, [&] { return std::round(whole(14)) / 100; }},
           {"six decimals", 3, [&] { return whole(21) / 1e6; }},
           {"24 bits", 3, [&] { return random() % 2 ? 8388607.0 : -8388607.0; }},
           {"one more", 4, [&] { return random() % 2 ? 8388608.0 : -8388608.0; }},
           {"stamps", 8, [&] { return 1550083467346370.0 + static_cast<double>(random() % 1000); }},
           {"floats", 4, [&] { return static_cast<double>(static_cast<float>(whole(40)) / 3.0f); }},
           {"doubles", 8, [&] { return whole(50) / 3.0; }},
           {"zeros of either sign", 4, [&] { return random() % 2 ? 0.0 : -0.0; }},
           {"extremes", 8, [&] { return random() % 2 ? 2147483648.0 : 5e-324; }},
           {"31 bits", 4, [&] { return random() % 2 ? 2147483647.0 : -2147483647.0; }},
       })
    for (const std::size_t size : {std::size_t{1}, CompactNumbers::block - 1, CompactNumbers::block, 3 * CompactNumbers::block + 17}) {
      INFO(row.name << ", " << size);
      std::vector<double> values;
      for (std::size_t i = 0; i < size; ++i) values.push_back(i % 97 == 5 && row.bytes > 1 ? nan : row.draw());
      CompactNumbers numbers = held(values);
      CHECK(same_bits(numbers.all(), values));
      numbers.finish();
      CHECK(numbers.size() == size);
      CHECK(same_bits(numbers.all(), values));
      std::vector<double> one_by_one;
      for (const double value : numbers) one_by_one.push_back(value);
      CHECK(same_bits(one_by_one, values));
      std::vector<double> part(size / 2);
      numbers.read(size / 3, part);
      CHECK(same_bits(part, {values.begin() + static_cast<std::ptrdiff_t>(size / 3), values.begin() + static_cast<std::ptrdiff_t>(size / 3 + size / 2)}));
      const double most = 1.1 * row.bytes * static_cast<double>(size) + 8.0 * CompactNumbers::block + 400;
      if (size > 3 * CompactNumbers::block) CHECK(static_cast<double>(numbers.bytes()) < most);
    }
}

TEST_CASE("blocks of one column are held each as small as it can be", "[numbers]") {
  std::vector<double> values;
  for (std::size_t i = 0; i < 4 * CompactNumbers::block; ++i) {
    const auto x = static_cast<double>(i);
    values.push_back(i < CompactNumbers::block ? static_cast<double>(i % 100) : i < 2 * CompactNumbers::block ? 0.1 + x : 1 / x);
  }
  CompactNumbers numbers = held(values);
  CHECK(same_bits(numbers.all(), values));
  CHECK(numbers == held(values));
  CHECK_FALSE(numbers == held({1, 2}));
  CHECK(CompactNumbers{1, 2} == CompactNumbers{1, 2});
}

TEST_CASE("rows are gathered from blocks, in parts", "[numbers]") {
  std::vector<double> values;
  for (std::size_t i = 0; i < 5 * CompactNumbers::block + 100; ++i) values.push_back(i % 11 == 3 ? std::nan("") : static_cast<double>(i) / 8);
  CompactNumbers numbers = held(values);
  for (const bool finished : {false, true}) {
    if (finished) numbers.finish();
    for (const std::size_t step : {1u, 2u, 7u, 1000u, 5000u}) {
      std::vector<std::int32_t> rows;
      std::vector<double> expected, got;
      for (std::size_t i = step / 2; i < values.size(); i += step) rows.push_back(static_cast<std::int32_t>(i)), expected.push_back(values[i]);
      numbers.gather(rows, [&](std::span<double> some) { got.insert(got.end(), some.begin(), some.end()); });
      CHECK(same_bits(got, expected));
    }
  }
}

TEST_CASE("columns are the same whatever the parts they come in; blocks that were given back cost nothing", "[numbers]") {
  std::vector<double> values;
  for (std::size_t i = 0; i < 6 * CompactNumbers::block + 5; ++i) values.push_back(static_cast<double>(i % 5000) / 100);
  CompactNumbers once, parts;
  once.append(values);
  std::span<const double> left(values);
  for (std::size_t size = 1; !left.empty(); size = 3 * size % 10'007) {
    parts.append(left.first(std::min(size, left.size())));
    left = left.subspan(std::min(size, left.size()));
  }
  once.finish(), parts.finish();
  CHECK(same_bits(once.all(), values));
  CHECK(same_bits(parts.all(), values));
  const std::size_t whole = parts.bytes();
  parts.release(3 * CompactNumbers::block + 17);
  CHECK(parts.bytes() + 3 * 2 * CompactNumbers::block == whole);
  CHECK(parts[3 * CompactNumbers::block] == values[3 * CompactNumbers::block]);
  CHECK(parts.size() == values.size());
}
