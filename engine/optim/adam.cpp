// Adam and AdamW. m, v: running means of g and g^2; c1 = 1 - beta1^t, c2 = 1 - beta2^t.
//   keras: w -= lr sqrt(c2)/c1 m/(sqrt(v) + epsilon): epsilon stands beside the uncorrected root
//   torch: w -= lr/c1 m/(sqrt(v)/sqrt(c2) + epsilon)
//   optax: w -= lr (m/c1)/(sqrt(v/c2 + eps_root) + epsilon)
// amsgrad: the largest v so far instead of v (optax: of v/c2).
// Weight decay: adam couples it in torch's form (g += wd w) and decouples it in the others; adamw decouples: w -= wd scale w
// first, where decay_scale is lr, lr/lr_max, lr^2/lr_max or none (1).
#include <cmath>

#include "engine/kernels/update.h"
#include "engine/optim/choices.h"
#include "engine/optim/decay.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> adam_options{{"form", "keras | torch | optax"}, {"amsgrad", "false | true"}};
const std::map<std::string, std::string> adamw_options{{"form", "keras | torch | optax"}, {"amsgrad", "false | true"}, {"decay_scale", decay_scales()}};

class Adam final : public Optimizer {
 public:
  Adam(const Choices& choices, bool decoupled)
      : form_(choices["form"]),
        amsgrad_(choices.on("amsgrad")),
        w_(decoupled),
        decay_(!decoupled && form_ == "torch" ? "coupled"
               : decoupled                    ? choices["decay_scale"]
                                              : "lr") {}

  std::vector<Slot> slots() const override {
    std::vector<Slot> out{{"m", 0}, {"v", 0}};
    if (amsgrad_) out.push_back({"v_max", 0});
    return out;
  }
  std::vector<Hyper> hypers() const override {
    const double decay = !w_ ? 0 : form_ == "keras" ? 0.004 : form_ == "torch" ? 0.01 : 1e-4;
    std::vector<Hyper> out{lr_hyper(), beta_hyper("beta1", 0.9, "decay of the mean gradient"), beta_hyper("beta2", 0.999, "decay of the mean square"),
                           epsilon_hyper(form_ == "keras" ? 1e-7 : 1e-8), decay_hyper(decay)};
    out.push_back({"eps_root", 0, false, 0, 1, "added inside the root"});
    if (w_) out.push_back(lr_max_hyper());
    return out;
  }

  void update(const Piece& p, const Step& at) const override {
    const double lr = at.hypers[0], b1 = at.hypers[1], b2 = at.hypers[2], steps = double(at.t);
    const double c1 = 1 - std::pow(b1, steps), c2 = 1 - std::pow(b2, steps);
    AdamRule r{};
    r.one_minus_b1 = float(1 - b1), r.one_minus_b2 = float(1 - b2);
    r.epsilon = float(at.hypers[3]);
    r.c = r.s = 1;
    r.step = float(lr / c1);
    if (form_ == "keras") r.step = float(lr * std::sqrt(c2) / c1);
    if (form_ == "torch") r.s = float(1 / std::sqrt(c2));
    if (form_ == "optax") r.c = float(1 / c2);
    r.root = float(at.hypers[5]);
    decay_.set(r, at.hypers[4], lr, at.hypers.back());
    r.maximum = amsgrad_;
    apply(r, p);
  }

 private:
  std::string form_;
  bool amsgrad_, w_;
  DecayScale decay_;
};

}  // namespace

void add_adam(OptimizerTable& table) {
  table.add("adam", {"w -= lr m^/(sqrt(v^) + epsilon), m^ and v^ the bias-corrected running means of g and g^2", adam_options,
                     [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Adam>(Choices(adam_options, given), false); }});
  table.add("adamw", {"adam with decoupled decay: w -= lr weight_decay w before the step", adamw_options,
                      [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Adam>(Choices(adamw_options, given), true); }});
}

}  // namespace lehr
