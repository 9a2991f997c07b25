// NovoGrad (optax): each tensor's gradient over its own norm. v = beta2 v + (1-beta2) |g|^2, |g|^2 at first;
//   u = g/(sqrt(v) + epsilon) + wd w;  m = beta1 m + u;  w -= lr m
#include <cmath>

#include "engine/kernels/reduce.h"
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{};

class NovoGrad final : public Optimizer {
 public:
  bool elementwise() const override { return false; }
  std::vector<Slot> slots() const override { return {{"m", 0}, {"v", 0}}; }
  Shape slot_shape(std::size_t slot, const TensorInfo& tensor) const override { return slot == 0 ? Optimizer::slot_shape(slot, tensor) : Shape{}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(), beta_hyper("beta1", 0.9, "decay of the sum of steps"), beta_hyper("beta2", 0.25, "decay of the mean squared norm"), epsilon_hyper(1e-8),
            decay_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    const double square = sum_of_squares(p.g);
    float& v = p.slots[1][0];
    v = float(at.t == 1 ? square : at.hypers[2] * double{v} + (1 - at.hypers[2]) * square);
    const double norm = std::sqrt(double{v}) + at.hypers[3];
    MomentumRule r{};
    r.mu = at.t == 1 ? 0 : float(at.hypers[1]);
    r.l2 = float(at.hypers[4] * norm);
    r.a = norm > 0 ? float(1 / norm) : 0;
    r.p = float(-at.hypers[0]);
    apply(r, p);
  }
};

}  // namespace

void add_novograd(OptimizerTable& table) {
  table.add("novograd", {"m = beta1 m + g/|g|, w -= lr m, tensor by tensor", options, [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                           Choices(options, given);
                           return std::make_unique<NovoGrad>();
                         }});
}

}  // namespace lehr
