// Adagrad and Adadelta.
//   adagrad: v += g^2; keras, optax: w -= lr g/sqrt(v + epsilon); torch: lr/(1 + (t-1) lr_decay) g/(sqrt(v) + epsilon)
//   adadelta: a the mean of g^2, s the mean of d^2, d = sqrt(s + epsilon)/sqrt(a + epsilon) g; w -= lr d
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> adagrad_options{{"form", "keras | torch | optax"}, {"decay", decay_forms}};
const std::vector<NumberOption> adagrad_numbers{initial_accumulator("0.1, with form: torch 0")};
const std::map<std::string, std::string> adadelta_options{{"form", "keras | torch | optax"}, {"decay", decay_forms}};

class Adagrad final : public Optimizer {
 public:
  explicit Adagrad(const Choices& choices)
      : torch_(choices["form"] == "torch"),
        initial_(float(choices.number("initial_accumulator", torch_ ? 0 : 0.1))),
        decay_(decay_of(choices)) {}
  std::vector<Slot> slots() const override { return {{"v", initial_}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(), epsilon_hyper(torch_ ? 1e-10 : 1e-7), {"lr_decay", 0, false, 0, 1e6, "the rate is divided by 1 + (t-1) lr_decay"}, decay_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    AdagradRule r;
    (torch_ ? r.outside : r.inside) = float(at.hypers[1]);
    r.step = float(at.hypers[0] / (1 + double(at.t - 1) * at.hypers[2]));
    decay_.set(r, at.hypers[3], at.hypers[0]);
    apply(r, p);
  }

 private:
  bool torch_;
  float initial_;
  DecayScale decay_;
};

class Adadelta final : public Optimizer {
 public:
  explicit Adadelta(const Choices& choices) : keras_(choices["form"] == "keras"), decay_(decay_of(choices)) {}
  std::vector<Slot> slots() const override { return {{"a", 0}, {"s", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(), beta_hyper("rho", keras_ ? 0.95 : 0.9, "decay of the mean squares"), epsilon_hyper(keras_ ? 1e-7 : 1e-6), decay_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    AdadeltaRule r;
    r.one_minus_rho = float(1 - at.hypers[1]);
    r.epsilon = float(at.hypers[2]);
    r.step = float(at.hypers[0]);
    decay_.set(r, at.hypers[3], at.hypers[0]);
    apply(r, p);
  }

 private:
  bool keras_;
  DecayScale decay_;
};

}  // namespace

void add_adagrad(OptimizerTable& table) {
  table.add("adagrad", {"v += g^2, w -= lr g/sqrt(v)", adagrad_options, [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                          return std::make_unique<Adagrad>(Choices(adagrad_options, given, adagrad_numbers));
                        }, adagrad_numbers});
  table.add("adadelta", {"w -= lr d, d = g sqrt(mean d^2)/sqrt(mean g^2)", adadelta_options, [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                           return std::make_unique<Adadelta>(Choices(adadelta_options, given));
                         }});
}

}  // namespace lehr
