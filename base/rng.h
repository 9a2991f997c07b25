#pragma once
#include <array>
#include <cstdint>
#include <span>

namespace lehr {

// Independent streams of one seed.
enum class Stream : std::uint32_t { init = 1, shuffle = 2, split = 3, dropout = 4, search = 5, data = 6 };

// Counter-based generator (Philox 4x32-10 of Random123): the numbers are a pure function of (seed, stream, substream, position).
class Random {
 public:
  Random(std::uint64_t seed, Stream stream, std::uint64_t substream = 0);
  std::uint32_t bits();
  double uniform();              // [0, 1), 53 bits
  double normal();               // mean 0, deviation 1 (Box-Muller)
  std::uint64_t below(std::uint64_t n);  // [0, n), unbiased; n > 0
  void shuffle(std::span<std::int32_t> values);  // Fisher-Yates

 private:
  std::uint64_t position_;
  std::uint32_t key_[2];
  std::uint32_t high_[2];
  std::array<std::uint32_t, 4> block_{};
  int left_ = 0;
  bool has_spare_ = false;
  double spare_ = 0;
};

// Four words at one counter, without state: for kernels (dropout) that need random access.
std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_high, std::uint64_t counter_low);

}  // namespace lehr
