// Lion: w -= lr sign(beta1 m + (1-beta1) g), then m = beta2 m + (1-beta2) g; weight decay decoupled: w -= scale wd w first.
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"decay_scale", decay_scales()}};

class Lion final : public Optimizer {
 public:
  explicit Lion(const Choices& choices) : decay_(choices["decay_scale"]) {}
  std::vector<Slot> slots() const override { return {{"m", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(), beta_hyper("beta1", 0.9, "share of the mean in the sign"), beta_hyper("beta2", 0.99, "decay of the mean gradient"), decay_hyper(),
            lr_max_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    LionRule r;
    r.one_minus_b1 = float(1 - at.hypers[1]), r.one_minus_b2 = float(1 - at.hypers[2]);
    r.step = float(at.hypers[0]);
    decay_.set(r, at.hypers[3], at.hypers[0], at.hypers[4]);
    apply(r, p);
  }

 private:
  DecayScale decay_;
};

}  // namespace

void add_lion(OptimizerTable& table) {
  table.add("lion", {"w -= lr sign(beta1 m + (1-beta1) g)", options,
                     [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Lion>(Choices(options, given)); }});
}

}  // namespace lehr
