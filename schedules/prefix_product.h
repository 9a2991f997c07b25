#pragma once
#include <cstdint>
#include <vector>

#include "schedules/schedule.h"

namespace lehr {

// Products factor(1) * … * factor(x) of a schedule's values at whole updates (or epochs), kept so that any x costs one look-up
// after the first visit. The kept values depend on nothing but the run's clock; not shared between threads (Schedule::clone).
class PrefixProduct {
 public:
  explicit PrefixProduct(Schedule factor) : factor_(std::move(factor)) {}
  double until(const Moment& m, bool epochs);

 private:
  static constexpr std::size_t kept_at_most = std::size_t{1} << 21;
  double factor(const Moment& m, double x, bool epochs) const;

  Schedule factor_;
  std::vector<double> kept_{1.0};
  double length_ = -1;
  std::int64_t steps_per_epoch_ = 0, steps_ = 0;
};

}  // namespace lehr
