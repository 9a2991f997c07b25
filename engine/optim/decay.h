#pragma once
#include "engine/kernels/update.h"
#include "engine/optim/optimizer.h"

namespace lehr {

// The values of an option `decay_scale`, "lr" first.
std::string decay_scales();

// What weight decay is multiplied with: coupled (g += wd w) or decoupled (w -= wd scale w), scale one of
// lr | lr/lr_max | lr^2/lr_max | none. The two with lr_max ask for a hyperparameter of that name, the last one.
class DecayScale {
 public:
  explicit DecayScale(std::string name) : name_(std::move(name)) {}
  bool coupled() const { return name_ == "coupled"; }
  void add_hyper(std::vector<Hyper>& hypers) const;
  void set(Decay& rule, double decay, double lr, double lr_max) const;

 private:
  std::string name_;
};

}  // namespace lehr
