#pragma once
#include "engine/kernels/update.h"
#include "engine/optim/optimizer.h"

namespace lehr {

// The values of an option `decay_scale`, "lr" first.
std::string decay_scales();
// For the two scales that name it; 1 where it is not given.
Hyper lr_max_hyper();

// What weight decay is multiplied with: coupled (g += wd w) or decoupled (w -= wd scale w first), scale one of
// lr | lr/lr_max | lr^2/lr_max | none.
class DecayScale {
 public:
  explicit DecayScale(std::string name) : name_(std::move(name)) {}
  double scale(double lr, double lr_max) const;  // of a decoupled one
  void set(Decay& rule, double decay, double lr, double lr_max = 1) const;

 private:
  std::string name_;
};

// A piece's slots as a kernel takes them.
class States {
 public:
  explicit States(const Piece& p) {
    for (std::size_t i = 0; i < p.slots.size() && i < most; ++i) state_[i] = p.slots[i].data();
  }
  Spans spans(const Piece& p) const { return {p.w.data(), p.g.data(), state_, p.w.size()}; }
  static constexpr std::size_t most = 8;

 private:
  float* state_[most] = {};
};
template <class Rule>
void apply(const Rule& rule, const Piece& p) {
  const States states(p);
  update(states.spans(p), rule);
}

}  // namespace lehr
