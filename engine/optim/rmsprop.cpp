// RMSprop: v the running mean of g^2 (centered: minus the squared mean gradient), d = g/sqrt(v).
//   keras: b = m b + lr g/sqrt(v + epsilon), w -= b; torch: b = m b + g/(sqrt(v) + epsilon), w -= lr b
//   optax: keras' form; epsilon_place moves epsilon, bias_correction divides the means by 1 - rho^t, nesterov steps by m b + d
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{
    {"form", "keras | torch | optax"}, {"centered", "false | true"},        {"epsilon_place", "form | inside | outside"},
    {"nesterov", "false | true"},      {"bias_correction", "false | true"}, {"decay", decay_forms}};
const std::vector<NumberOption> numbers{initial_accumulator("0")};

class RmsProp final : public Optimizer {
 public:
  explicit RmsProp(const Choices& c)
      : form_(c["form"]),
        centered_(c.on("centered")),
        nesterov_(c.on("nesterov")),
        corrected_(c.on("bias_correction")),
        outside_(c["epsilon_place"] == "outside" || (c["epsilon_place"] == "form" && form_ == "torch")),
        initial_(float(c.number("initial_accumulator", 0))),
        decay_(decay_of(c)) {}
  std::vector<Slot> slots() const override {
    std::vector<Slot> out{{"v", initial_}, {"velocity", 0}};
    if (centered_) out.push_back({"mean", 0});
    return out;
  }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(),
            beta_hyper("rho", form_ == "torch" ? 0.99 : 0.9, "decay of the mean square"),
            epsilon_hyper(form_ == "keras" ? 1e-7 : 1e-8),
            {"momentum", 0, false, 0, 1, "share of the velocity kept"},
            decay_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    RmsRule r;
    r.one_minus_rho = float(1 - at.hypers[1]);
    if (corrected_) r.c = float(1 / (1 - std::pow(at.hypers[1], double(at.t))));
    (outside_ ? r.outside : r.inside) = float(at.hypers[2]);
    r.mu = float(at.hypers[3]);
    (form_ == "torch" ? r.p : r.a_lr) = float(at.hypers[0]);
    r.centered = centered_, r.nesterov = nesterov_;
    decay_.set(r, at.hypers[4], at.hypers[0]);
    apply(r, p);
  }

 private:
  std::string form_;
  bool centered_, nesterov_, corrected_, outside_;
  float initial_;
  DecayScale decay_;
};

}  // namespace

void add_rmsprop(OptimizerTable& table) {
  table.add("rmsprop",
            {"v = rho v + (1-rho) g^2, w -= lr g/sqrt(v)", options,
             [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<RmsProp>(Choices(options, given, numbers)); }, numbers});
}

}  // namespace lehr
