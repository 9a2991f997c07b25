// Adamax: u the decayed largest |g|, w -= lr/(1 - beta1^t) m/u.
//   keras: u = max(beta2 u, |g|), the quotient by u + epsilon; torch, optax: u = max(beta2 u, |g| + epsilon)
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"form", "keras | torch | optax"}, {"decay", decay_forms}};

class Adamax final : public Optimizer {
 public:
  explicit Adamax(const Choices& choices) : keras_(choices["form"] == "keras"), decay_(decay_of(choices)) {}
  std::vector<Slot> slots() const override { return {{"m", 0}, {"u", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(), beta_hyper("beta1", 0.9, "decay of the mean gradient"), beta_hyper("beta2", 0.999, "decay of the largest gradient"),
            epsilon_hyper(keras_ ? 1e-7 : 1e-8), decay_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    AdamaxRule r;
    r.one_minus_b1 = float(1 - at.hypers[1]), r.b2 = float(at.hypers[2]);
    (keras_ ? r.outside : r.inside) = float(at.hypers[3]);
    r.step = float(at.hypers[0] / (1 - std::pow(at.hypers[1], double(at.t))));
    decay_.set(r, at.hypers[4], at.hypers[0]);
    apply(r, p);
  }

 private:
  bool keras_;
  DecayScale decay_;
};

}  // namespace

void add_adamax(OptimizerTable& table) {
  table.add("adamax", {"w -= lr m^/u, u = max(beta2 u, |g|)", options,
                       [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Adamax>(Choices(options, given)); }});
}

}  // namespace lehr
