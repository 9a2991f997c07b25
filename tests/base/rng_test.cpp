#include "base/rng.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <vector>

#include "tests/support/catch.h"

using namespace lehr;

namespace {
constexpr Stream streams[] = {Stream::init, Stream::shuffle, Stream::split, Stream::dropout, Stream::search, Stream::data};

// Correlation of two streams' uniforms; its deviation is 1/sqrt(n) where they are independent.
double correlation(Random a, Random b, int n) {
  double sum = 0;
  for (int i = 0; i < n; ++i) sum += (a.uniform() - 0.5) * (b.uniform() - 0.5);
  return sum / n * 12;
}
}  // namespace

// Known answers that Random123 publishes for philox4x32 of 10 rounds (kat_vectors).
TEST_CASE("philox gives the published numbers", "[base]") {
  using Words = std::array<std::uint32_t, 4>;
  CHECK(philox(0, 0, 0) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox(~0ull, ~0ull, ~0ull) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88) == Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("a generator reads philox at counters of its own", "[base]") {
  Random random(0x0123456789abcdef, Stream::split, 7);
  for (std::uint64_t position = 0; position < 3; ++position)
    for (const std::uint32_t word : philox(0x0123456789abcdef, (std::uint64_t{7} << 32) | 3, position)) CHECK(random.bits() == word);
}

TEST_CASE("numbers are a pure function of seed, stream, substream and position", "[base]") {
  std::set<std::uint64_t> first;
  std::size_t count = 0;
  for (const std::uint64_t seed : {0ull, 1ull, 2ull, 1ull << 32, ~0ull})
    for (const Stream stream : streams)
      for (const std::uint64_t sub : {0ull, 1ull, 2ull, 1ull << 31, 1ull << 32, 3ull << 40}) {
        Random a(seed, stream, sub), b(seed, stream, sub);
        const std::uint64_t high = a.bits(), word = (high << 32) | a.bits();
        const std::uint64_t again = b.bits();
        CHECK(word == ((again << 32) | b.bits()));
        first.insert(word);
        ++count;
      }
  CHECK(first.size() == count);
}

TEST_CASE("uniform numbers have the moments of a uniform distribution", "[base]") {
  Random random(5, Stream::data);
  constexpr int n = 200000;
  double sum = 0, squares = 0, low = 1, high = 0;
  int bins[16] = {};
  for (int i = 0; i < n; ++i) {
    const double u = random.uniform();
    sum += u, squares += u * u, low = std::min(low, u), high = std::max(high, u);
    ++bins[static_cast<int>(u * 16)];
  }
  CHECK(low >= 0);
  CHECK(high < 1);
  CHECK(std::fabs(sum / n - 0.5) < 4 * std::sqrt(1.0 / 12 / n));
  CHECK(std::fabs(squares / n - 1.0 / 3) < 4 * std::sqrt(4.0 / 45 / n));
  double chi = 0;
  for (const int bin : bins) chi += std::pow(bin - n / 16.0, 2) / (n / 16.0);
  CHECK(chi < 37.7);  // 15 degrees of freedom, p = 0.001
}

TEST_CASE("normal numbers have the moments of a normal distribution", "[base]") {
  Random random(6, Stream::init);
  constexpr int n = 200000;
  double moments[4] = {};
  int beyond = 0;
  for (int i = 0; i < n; ++i) {
    const double z = random.normal();
    for (int k = 0; k < 4; ++k) moments[k] += std::pow(z, k + 1) / n;
    beyond += std::fabs(z) > 1.959963985;
  }
  CHECK(std::fabs(moments[0]) < 4 / std::sqrt(n));
  CHECK(std::fabs(moments[1] - 1) < 4 * std::sqrt(2.0 / n));
  CHECK(std::fabs(moments[2]) < 4 * std::sqrt(15.0 / n));
  CHECK(std::fabs(moments[3] - 3) < 4 * std::sqrt(96.0 / n));
  CHECK(std::fabs(beyond / double{n} - 0.05) < 4 * std::sqrt(0.05 * 0.95 / n));
}

TEST_CASE("below is unbiased", "[base]") {
  for (const std::uint64_t n : {1ull, 2ull, 3ull, 5ull, 7ull, 10ull}) {
    INFO(n);
    Random random(9, Stream::shuffle, n);
    std::vector<int> counts(n);
    const int draws = 20000 * static_cast<int>(n);
    for (int i = 0; i < draws; ++i) ++counts.at(random.below(n));
    for (const int count : counts) CHECK(std::fabs(count - 20000.0) < 5 * std::sqrt(20000.0));
  }
  // 3/4 of 2^32 and of 2^64: taking the remainder would make the lowest third twice as likely.
  for (const std::uint64_t n : {std::uint64_t{3} << 30, std::uint64_t{3} << 62}) {
    INFO(n);
    Random random(10, Stream::shuffle);
    int low = 0;
    for (int i = 0; i < 30000; ++i) {
      const std::uint64_t k = random.below(n);
      CHECK(k < n);
      low += k < n / 3;
    }
    CHECK(std::fabs(low - 10000.0) < 5 * std::sqrt(30000.0 * 2 / 9));
  }
  Random wide(11, Stream::data);
  CHECK(wide.below(~0ull) != wide.below(~0ull));
  CHECK(wide.below(1ull << 32) < (1ull << 32));
}

TEST_CASE("streams and substreams are uncorrelated", "[base]") {
  constexpr int n = 20000;
  const double limit = 5 / std::sqrt(n);
  for (const Stream a : streams)
    for (const Stream b : streams)
      if (a < b) CHECK(std::fabs(correlation(Random(3, a), Random(3, b), n)) < limit);
  CHECK(std::fabs(correlation(Random(3, Stream::init), Random(4, Stream::init), n)) < limit);
  CHECK(std::fabs(correlation(Random(3, Stream::init, 0), Random(3, Stream::init, 1), n)) < limit);
  CHECK(correlation(Random(3, Stream::init), Random(3, Stream::init), n) == Approx(1).margin(0.05));
}

TEST_CASE("a shuffle is a permutation, each as likely", "[base]") {
  std::vector<std::int32_t> values(1000);
  std::iota(values.begin(), values.end(), 0);
  auto order = values;
  Random(1, Stream::shuffle).shuffle(order);
  CHECK(order != values);
  std::ranges::sort(order);
  CHECK(order == values);
  std::map<std::vector<std::int32_t>, int> counts;
  Random random(2, Stream::shuffle);
  for (int i = 0; i < 24000; ++i) {
    std::vector<std::int32_t> four{0, 1, 2, 3};
    random.shuffle(four);
    ++counts[four];
  }
  CHECK(counts.size() == 24);
  for (const auto& [permutation, count] : counts) CHECK(std::abs(count - 1000) < 5 * std::sqrt(1000.0));
  std::vector<std::int32_t> none, one{4};
  random.shuffle(none);
  random.shuffle(one);
  CHECK(one.front() == 4);
}
