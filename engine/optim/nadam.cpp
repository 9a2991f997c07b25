// NAdam: Adam that looks one momentum step ahead. With q = 0.96^momentum_decay and mu_t = beta1 (1 - q^t/2):
//   w -= lr (mu_{t+1} m/(1 - prod mu to t+1) + (1 - mu_t) g/(1 - prod mu to t))/(sqrt(v/(1 - beta2^t)) + epsilon)
// keras: momentum_decay 1; torch: 0.004; optax: mu is beta1 throughout.
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"form", "keras | torch | optax"}, {"decay", decay_forms}};

// The product of 1 - q^k/2 for k = 1..t, in closed form: its logarithm is -sum_n 2^-n/n q^n (1 - q^nt)/(1 - q^n).
double product(double q, double t) {
  if (q >= 1) return std::pow(0.5, t);
  const double qt = std::pow(q, t);
  double log = 0, qn = 1, qnt = 1, half = 1;
  for (int n = 1; n <= 55; ++n) {
    qn *= q, qnt *= qt, half *= 0.5;
    log -= half / n * qn * (1 - qnt) / (1 - qn);
  }
  return std::exp(log);
}

class NAdam final : public Optimizer {
 public:
  explicit NAdam(const Choices& choices) : form_(choices["form"]), decay_(decay_of(choices)) {}
  std::vector<Slot> slots() const override { return {{"m", 0}, {"v", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(),
            beta_hyper("beta1", 0.9, "decay of the mean gradient"),
            beta_hyper("beta2", 0.999, "decay of the mean square"),
            epsilon_hyper(form_ == "keras" ? 1e-7 : 1e-8),
            decay_hyper(),
            {"momentum_decay", form_ == "keras" ? 1 : 0.004, false, 0, 1e6, "how fast the momentum grows to beta1; without effect in optax' form"}};
  }
  void update(const Piece& p, const Step& at) const override {
    const double b1 = at.hypers[1], steps = double(at.t);
    double now = b1, next = b1, factor_now = 1, factor_next = 1;
    if (form_ != "optax") {
      const double q = std::pow(0.96, at.hypers[5]);
      now *= 1 - 0.5 * std::pow(q, steps), next *= 1 - 0.5 * std::pow(q, steps + 1);
      factor_now = product(q, steps), factor_next = product(q, steps + 1);
    }
    AdamRule r;
    r.one_minus_b1 = float(1 - b1), r.one_minus_b2 = float(1 - at.hypers[2]);
    r.c = float(1 / (1 - std::pow(at.hypers[2], steps)));
    r.epsilon = float(at.hypers[3]);
    r.step = float(at.hypers[0]);
    r.m_share = float(next / (1 - std::pow(b1, steps + 1) * factor_next));
    r.g_share = float((1 - now) / (1 - std::pow(b1, steps) * factor_now));
    decay_.set(r, at.hypers[4], at.hypers[0]);
    apply(r, p);
  }

 private:
  std::string form_;
  DecayScale decay_;
};

}  // namespace

void add_nadam(OptimizerTable& table) {
  table.add("nadam", {"adam with Nesterov momentum that grows to beta1", options,
                      [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<NAdam>(Choices(options, given)); }});
}

}  // namespace lehr
