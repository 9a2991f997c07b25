// RAdam: Adam whose step is scaled by r while the second moment is uncertain, and is the plain mean gradient before that.
//   rho = 2/(1 - beta2) - 1; rho_t = rho - 2 t beta2^t/(1 - beta2^t); r^2 = (rho_t-4)(rho_t-2) rho/((rho-4)(rho-2) rho_t)
//   rectified where rho_t > 5 (optax: >= 5): w -= lr r m^/(sqrt(v^) + epsilon), torch: sqrt(v) + epsilon before the correction
//   else w -= lr m^
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"form", "torch | optax"}, {"decay", decay_forms}};

class RAdam final : public Optimizer {
 public:
  explicit RAdam(const Choices& choices) : torch_(choices["form"] == "torch"), decay_(decay_of(choices)) {}
  std::vector<Slot> slots() const override { return {{"m", 0}, {"v", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(), beta_hyper("beta1", 0.9, "decay of the mean gradient"), beta_hyper("beta2", 0.999, "decay of the mean square"), epsilon_hyper(1e-8),
            decay_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    const double b2 = at.hypers[2], power = std::pow(b2, double(at.t)), c1 = 1 - std::pow(at.hypers[1], double(at.t)), c2 = 1 - power;
    const double rho = 2 / (1 - b2) - 1, now = rho - 2 * double(at.t) * power / c2;
    AdamRule r;
    r.one_minus_b1 = float(1 - at.hypers[1]), r.one_minus_b2 = float(1 - b2);
    r.step = float(at.hypers[0] / c1);
    if (torch_ ? now > 5 : now >= 5) {
      const double rectified = std::sqrt((now - 4) * (now - 2) * rho / ((rho - 4) * (rho - 2) * now));
      r.epsilon = float(at.hypers[3]);
      r.step = float(at.hypers[0] / c1 * rectified * (torch_ ? std::sqrt(c2) : 1.0));
      r.c = torch_ ? 1 : float(1 / c2);
    } else {
      r.c = r.s = 0, r.epsilon = 1;  // the denominator is 1
    }
    decay_.set(r, at.hypers[4], at.hypers[0]);
    apply(r, p);
  }

 private:
  bool torch_;
  DecayScale decay_;
};

}  // namespace

void add_radam(OptimizerTable& table) {
  table.add("radam", {"adam, its step rectified while the mean square is uncertain", options,
                      [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<RAdam>(Choices(options, given)); }});
}

}  // namespace lehr
