// FTRL-Proximal (Keras): weights are made anew from two sums, so that small ones become exactly 0.
//   n' = n + g^2;  z += g + 2 l2_shrinkage w - (sqrt(n') - sqrt(n))/lr w
//   w = (clamp(z, +-l1) - z)/(sqrt(n')/lr + 2 l2 + beta/lr)
// An update at the rate 0 changes nothing. A weight that has met no gradient becomes 0 at the first update.
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{};
const std::vector<NumberOption> numbers{initial_accumulator("0.1")};

class Ftrl final : public Optimizer {
 public:
  explicit Ftrl(const Choices& choices) : initial_(float(choices.number("initial_accumulator", 0.1))) {}
  std::vector<Slot> slots() const override { return {{"n", initial_}, {"z", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(),
            {"l1", 0, false, 0, 1e6, "strength of the L1 regularization"},
            {"l2", 0, false, 0, 1e6, "strength of the L2 regularization"},
            {"l2_shrinkage", 0, false, 0, 1e6, "an L2 penalty of the loss"},
            {"beta", 0, false, 0, 1e6, "added to the root of n"}};
  }
  void update(const Piece& p, const Step& at) const override {
    if (at.hypers[0] == 0) return;
    const double rate = 1 / at.hypers[0];
    FtrlRule r;
    r.keep = 0;  // nothing of the old weight is left but what z holds
    r.l2_shrink = float(2 * at.hypers[3]);
    r.rate = float(rate);
    r.l1 = float(at.hypers[1]);
    r.add = float(2 * at.hypers[2] + at.hypers[4] * rate);
    apply(r, p);
  }

 private:
  float initial_;
};

}  // namespace

void add_ftrl(OptimizerTable& table) {
  table.add("ftrl",
            {"w = (clamp(z, +-l1) - z)/(sqrt(n)/lr + 2 l2), n the sum of g^2, z of g - (change of sqrt(n))/lr w", options,
             [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Ftrl>(Choices(options, given, numbers)); }, numbers});
}

}  // namespace lehr
