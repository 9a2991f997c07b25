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

double PrefixProduct::until(const Moment& m, bool epochs) {
  if (m.length != length_ || m.run.steps_per_epoch != steps_per_epoch_ || m.run.steps != steps_) {
    kept_.assign(1, 1.0);
    length_ = m.length, steps_per_epoch_ = m.run.steps_per_epoch, steps_ = m.run.steps;
  }
  const double x = std::max(0.0, epochs ? m.epoch() : std::floor(m.step));
  const auto wanted = static_cast<std::size_t>(x);
  while (kept_.size() <= wanted && kept_.size() < kept_at_most && kept_.back() != 0)
    kept_.push_back(kept_.back() * factor(m, static_cast<double>(kept_.size()), epochs));
  if (wanted < kept_.size()) return kept_[wanted];
  double product = kept_.back();
  for (std::size_t k = kept_.size(); k <= wanted && product != 0; ++k) product *= factor(m, static_cast<double>(k), epochs);
  return product;
}

}  // namespace lehr
