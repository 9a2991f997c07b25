#include "base/rng.h"

#include <Random123/philox.h>

#include <cmath>
#include <numbers>
#include <utility>

namespace lehr {

namespace {
std::array<std::uint32_t, 4> block(const std::uint32_t key[2], std::uint64_t high, std::uint64_t low) {
  const r123::Philox4x32::ctr_type counter{{static_cast<std::uint32_t>(low), static_cast<std::uint32_t>(low >> 32),
                                            static_cast<std::uint32_t>(high), static_cast<std::uint32_t>(high >> 32)}};
  const r123::Philox4x32::key_type k{{key[0], key[1]}};
  const auto out = r123::Philox4x32{}(counter, k);
  return {out[0], out[1], out[2], out[3]};
}
}  // namespace

std::array<std::uint32_t, 4> philox(std::uint64_t key, std::uint64_t counter_high, std::uint64_t counter_low) {
  const std::uint32_t k[2] = {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)};
  return block(k, counter_high, counter_low);
}

// The counter: position and the substream's upper half | stream | the substream's lower half.
Random::Random(std::uint64_t seed, Stream stream, std::uint64_t substream)
    : position_(substream >> 32 << 32),
      key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
      high_{static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(substream)} {}

std::uint32_t Random::bits() {
  if (left_ == 0) {
    block_ = block(key_, (static_cast<std::uint64_t>(high_[1]) << 32) | high_[0], position_++);
    left_ = 4;
  }
  return block_[static_cast<std::size_t>(4 - left_--)];
}

double Random::uniform() {
  const std::uint64_t high = bits();
  return static_cast<double>(((high << 32) | bits()) >> 11) * 0x1p-53;
}

double Random::normal() {
  if (std::exchange(has_spare_, false)) return spare_;
  const double radius = std::sqrt(-2.0 * std::log(1.0 - uniform())), angle = 2 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::uint64_t Random::below(std::uint64_t n) {
  if (n <= 0xFFFFFFFFu) {  // Lemire: multiply and reject
    const auto m = static_cast<std::uint32_t>(n);
    std::uint64_t product = std::uint64_t{bits()} * m;
    if (static_cast<std::uint32_t>(product) < m)
      for (const std::uint32_t threshold = (0u - m) % m; static_cast<std::uint32_t>(product) < threshold;)
        product = std::uint64_t{bits()} * m;
    return product >> 32;
  }
  const std::uint64_t threshold = (0 - n) % n;
  for (;;) {
    const std::uint64_t high = bits();
    const std::uint64_t word = (high << 32) | bits();
    if (word >= threshold) return word % n;
  }
}

void Random::shuffle(std::span<std::int32_t> values) {
  for (std::size_t i = values.size(); i > 1; --i) std::swap(values[i - 1], values[below(i)]);
}

}  // namespace lehr
