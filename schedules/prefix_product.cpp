#include "schedules/prefix_product.h"

#include <algorithm>
#include <cmath>

namespace lehr {

double PrefixProduct::factor(const Moment& m, double x, bool epochs) const {
  const auto per_epoch = static_cast<double>(m.run.steps_per_epoch);
  Clock clock = m.run;
  const double step = epochs ? x * per_epoch : x;
  clock.samples = static_cast<std::int64_t>(step / per_epoch * static_cast<double>(m.run.samples_per_epoch));
  return factor_.at(Moment{step, m.length, clock});
}

// All products of a block whose start is known, and so the start of the next one.
void PrefixProduct::fill(const Moment& m, std::size_t block, bool epochs) {
  at_ = block;
  block_[0] = starts_[block];
  const auto next = [&](std::size_t i) {
    return block_[i - 1] == 0 ? 0 : block_[i - 1] * factor(m, static_cast<double>(block * block_size + i), epochs);
  };
  for (std::size_t i = 1; i < block_.size(); ++i) block_[i] = next(i);
  if (starts_.size() == block + 1) starts_.push_back(next(block_size));
}

double PrefixProduct::until(const Moment& m, bool epochs) {
  const double x = std::max(0.0, std::floor(epochs ? m.epoch() : m.step));
  if (factor_.constant()) return std::pow(factor_.at(m), x);
  const Key key{m.length, m.run.steps_per_epoch, m.run.steps, m.run.samples_per_epoch, m.run.by_samples, epochs};
  if (key != key_) {
    key_ = key;
    const auto count = static_cast<std::size_t>(std::clamp(epochs ? m.length / static_cast<double>(m.run.steps_per_epoch) : m.length, 0.0, 1e9));
    starts_.reserve(count / block_size + 3);
    starts_.assign(1, 1.0);
    block_.resize(block_size);
    fill(m, 0, epochs);
  }
  const auto wanted = static_cast<std::size_t>(std::min(x, 9e15)), block = wanted / block_size;
  while (starts_.size() <= block && starts_.back() != 0) fill(m, starts_.size() - 1, epochs);
  if (block >= starts_.size()) return 0;
  if (block != at_) fill(m, block, epochs);
  return block_[wanted % block_size];
}

}  // namespace lehr
