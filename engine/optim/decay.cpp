#include "engine/optim/decay.h"

#include <limits>

namespace lehr {

std::string decay_scales() { return "lr | lr/lr_max | lr^2/lr_max | none"; }

Hyper lr_max_hyper() {
  constexpr double smallest = std::numeric_limits<double>::min();
  return {"lr_max", 1, false, smallest, std::numeric_limits<double>::infinity(), "the schedule's largest rate, for decay_scale"};
}

double DecayScale::scale(double lr, double lr_max) const {
  return name_ == "lr" ? lr : name_ == "lr/lr_max" ? lr / lr_max : name_ == "lr^2/lr_max" ? lr * lr / lr_max : 1.0;
}

void DecayScale::set(Decay& rule, double decay, double lr, double lr_max) const {
  if (name_ == "coupled")
    rule.l2 = float(decay);
  else
    rule.keep = float(1 - decay * scale(lr, lr_max));
}

}  // namespace lehr
