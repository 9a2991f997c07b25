// Stochastic gradient descent with momentum m.
//   keras: v = m v - lr g, w += v; nesterov w += m v - lr g; weight decay decoupled: w -= lr wd w first
//   torch, optax: v = m v + (1-dampening) g, v = g at first, w -= lr v; nesterov w -= lr (g + m v); weight decay in the gradient
// The rate sits inside keras' velocity: after a drop of lr it lingers for about 1/(1-m) steps.
#include "engine/kernels/update.h"
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"form", "keras | torch | optax"}, {"nesterov", "false | true"}};

class Sgd final : public Optimizer {
 public:
  explicit Sgd(const Choices& choices) : keras_(choices["form"] == "keras"), nesterov_(choices.on("nesterov")) {}
  std::vector<Slot> slots() const override { return {{"velocity", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(),
            {"momentum", 0, false, 0, 1, "share of the velocity kept"},
            decay_hyper(),
            {"dampening", 0, false, 0, 1, "share of the gradient kept from the velocity, but not at its first step"}};
  }
  void update(const Piece& p, const Step& at) const override {
    const double lr = at.hypers[0], momentum = at.hypers[1], decay = at.hypers[2];
    const bool fresh = at.t == 1 || momentum == 0;
    const double share = fresh ? 1 : 1 - at.hypers[3];  // of the gradient that enters the velocity
    MomentumRule r{};
    r.mu = fresh ? 0 : float(momentum);
    if (keras_) {
      r.keep = float(1 - lr * decay);
      r.a = float(-lr * share);
      r.p = nesterov_ ? float(momentum) : 1;
    } else {
      r.l2 = float(decay);
      r.a = float(share);
      r.p = float(nesterov_ ? -lr * momentum : -lr);
    }
    r.q = nesterov_ ? float(-lr) : 0;
    apply(r, p);
  }

 private:
  bool keras_, nesterov_;
};

}  // namespace

void add_sgd(OptimizerTable& table) {
  table.add("sgd", {"v = momentum v - lr g, w += v (keras); v = momentum v + (1-dampening) g, w -= lr v (torch, optax)", options,
                    [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Sgd>(Choices(options, given)); }});
}

}  // namespace lehr
