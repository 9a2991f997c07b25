#pragma once
#include <cstdint>
#include <vector>

#include "schedules/schedule.h"

namespace lehr {

// Products factor(1) * … * factor(x) of a schedule's values at whole updates (or epochs). A constant factor is a power. Otherwise the product at the
// beginning of each block of 1024 is kept, and all products of the block asked about last: a first visit of x multiplies each factor before it
// at most twice, however often and in whatever order it is asked; any later visit at most one block. The values depend on nothing but the
// run's clock: the factors are multiplied in the order of time. Not shared between threads (Schedule::clone).
class PrefixProduct {
 public:
  explicit PrefixProduct(Schedule factor) : factor_(std::move(factor)) {}
  double until(const Moment& m, bool epochs);

 private:
  static constexpr std::size_t block_size = 1024;
  struct Key {
    double length = -1;
    std::int64_t steps_per_epoch = 0, steps = 0, samples_per_epoch = 0;
    bool by_samples = false, epochs = false;
    bool operator==(const Key&) const = default;
  };
  double factor(const Moment& m, double x, bool epochs) const;
  void fill(const Moment& m, std::size_t block, bool epochs);

  Schedule factor_;
  Key key_;
  std::vector<double> starts_;  // starts_[b]: the product until b * block_size
  std::vector<double> block_;   // the products of block `at_`
  std::size_t at_ = 0;
};

}  // namespace lehr
