// Adam with other second moments; m^ = m/(1-beta1^t), v^ = v/(1-beta2^t), w -= lr m^/(sqrt(v^) + epsilon).
//   adabelief: v = beta2 v + (1-beta2) (g - m)^2 + eps_root: the surprise, not the size
//   yogi: v -= (1-beta2) sign(v - g^2) g^2: grows no faster than it shrinks; m and v start at initial_accumulator
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{};
const std::vector<NumberOption> yogi_numbers{initial_accumulator("1e-06")};

class OtherMoment final : public Optimizer {
 public:
  OtherMoment(bool belief, double initial) : belief_(belief), initial_(float(initial)) {}
  std::vector<Slot> slots() const override { return {{"m", initial_}, {"v", initial_}}; }
  std::vector<Hyper> hypers() const override {
    std::vector<Hyper> out{lr_hyper(), beta_hyper("beta1", 0.9, "decay of the mean gradient"), beta_hyper("beta2", 0.999, "decay of the second moment"),
                           epsilon_hyper(belief_ ? 1e-16 : 1e-3), decay_hyper()};
    if (belief_) out.push_back({"eps_root", 1e-16, false, 0, 1, "added to the second moment at each update"});
    return out;
  }
  void update(const Piece& p, const Step& at) const override {
    AdamRule r;
    r.one_minus_b1 = float(1 - at.hypers[1]), r.one_minus_b2 = float(1 - at.hypers[2]);
    r.c = float(1 / (1 - std::pow(at.hypers[2], double(at.t))));
    r.epsilon = float(at.hypers[3]);
    r.step = float(at.hypers[0] / (1 - std::pow(at.hypers[1], double(at.t))));
    r.keep = float(1 - at.hypers[0] * at.hypers[4]);
    r.second = belief_ ? AdamRule::Second::belief : AdamRule::Second::yogi;
    if (belief_) r.v_add = float(at.hypers[5]);
    apply(r, p);
  }

 private:
  bool belief_;
  float initial_;
};

std::unique_ptr<Optimizer> make_belief(const OptimizerOptions& given) {
  Choices(options, given);
  return std::make_unique<OtherMoment>(true, 0);
}
std::unique_ptr<Optimizer> make_yogi(const OptimizerOptions& given) {
  return std::make_unique<OtherMoment>(false, Choices(options, given, yogi_numbers).number("initial_accumulator", 1e-6));
}

}  // namespace

void add_belief(OptimizerTable& table) {
  table.add("adabelief", {"adam with the mean square of g - m in place of that of g", options, make_belief});
  table.add("yogi", {"adam with v -= (1-beta2) sign(v - g^2) g^2", options, make_yogi, yogi_numbers});
}

}  // namespace lehr
