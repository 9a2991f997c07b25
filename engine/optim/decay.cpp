#include "engine/optim/decay.h"

#include <limits>

namespace lehr {

std::string decay_scales() { return "lr | lr/lr_max | lr^2/lr_max | none"; }

void DecayScale::add_hyper(std::vector<Hyper>& hypers) const {
  if (name_ != "lr/lr_max" && name_ != "lr^2/lr_max") return;
  constexpr double smallest = std::numeric_limits<double>::min();
  hypers.push_back({"lr_max", 0, true, smallest, std::numeric_limits<double>::infinity(), "the schedule's largest rate, for decay_scale"});
}

void DecayScale::set(Decay& rule, double decay, double lr, double lr_max) const {
  if (coupled()) {
    rule.l2 = float(decay);
    return;
  }
  const double scale = name_ == "lr" ? lr : name_ == "lr/lr_max" ? lr / lr_max : name_ == "lr^2/lr_max" ? lr * lr / lr_max : 1.0;
  rule.keep = float(1 - decay * scale);
}

}  // namespace lehr
