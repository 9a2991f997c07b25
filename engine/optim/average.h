#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/optim/optimizer.h"

namespace lehr {

// A running average of the weights: after update t, avg += share (w - avg); the first one copies. The share is
//   ema  1 - decay; with warmup: marian max(1 - decay, 1 - (t+1)/(t+10)); timm 1 - min(decay, 1 - (1 + k/gamma)^-power), k the
//        averages made before; optax (1 - decay)/(1 - decay^(k+1)), the unbiased mean of a start at 0
//   swa  1/(k+1), the plain mean
struct AverageRow {
  std::string doc;
  std::map<std::string, std::string> options;  // name -> allowed values "none | timm", first is the default
  std::vector<Hyper> numbers;                  // constants of a run
};
using AverageTable = Table<AverageRow>;
const AverageTable& standard_averages();

class Average {
 public:
  // values() are `initial` until the first update. Error on an unknown type, option or number, naming the known ones, and on a
  // number out of its range.
  Average(const std::string& type, const OptimizerOptions& options, const std::map<std::string, double>& numbers, std::span<const float> initial);

  // After update t = 1, 2, …: takes w in where t >= start and (t - start) % every == 0. No allocation.
  void update(std::span<const float> w, std::int64_t t);
  // Whether the weights are to become values() after update t: overwrite_every is given and divides t.
  bool overwrites(std::int64_t t) const { return overwrite_every_ > 0 && count_ > 0 && t % overwrite_every_ == 0; }
  std::span<const float> values() const { return values_; }
  std::int64_t count() const { return count_; }  // averages made: with values() the whole state
  // Continues from a saved state. Error where the sizes differ or the count is negative.
  void restore(std::span<const float> values, std::int64_t count);

 private:
  double share(std::int64_t t) const;

  enum class Warmup { none, timm, marian, optax };
  bool mean_;
  Warmup warmup_ = Warmup::none;
  double decay_ = 0, gamma_ = 1, power_ = 1;
  std::int64_t start_ = 1, every_ = 1, overwrite_every_ = 0, count_ = 0;
  std::vector<float> values_;
};

}  // namespace lehr
