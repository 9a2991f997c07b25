// Steps that have the gradient's sign and not its size.
//   sign_sgd: w -= lr sign(g)
//   rprop: a step size for each element, lr at first: times grow where g keeps its sign, times shrink where it turns, within
//   [step_min, step_max]; torch: w -= step sign(g), no step where it turned; optax: the same one update later
#include <algorithm>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> sign_options{};
const std::map<std::string, std::string> rprop_options{{"form", "torch | optax"}};

class SignSgd final : public Optimizer {
 public:
  std::vector<Slot> slots() const override { return {}; }
  std::vector<Hyper> hypers() const override { return {lr_hyper(), decay_hyper()}; }
  void update(const Piece& p, const Step& at) const override {
    SignRule r;
    r.step = float(at.hypers[0]);
    r.keep = float(1 - at.hypers[0] * at.hypers[1]);
    apply(r, p);
  }
};

class Rprop final : public Optimizer {
 public:
  explicit Rprop(bool delayed) : delayed_(delayed) {}
  std::vector<Slot> slots() const override { return {{"before", 0}, {"step", 0}}; }
  std::vector<Hyper> hypers() const override {
    Hyper lr = lr_hyper();
    lr.doc = "the first step size; without effect after the first update";
    return {lr,
            {"shrink", 0.5, false, 0, 1, "of a step where the gradient turned"},
            {"grow", 1.2, false, 1, 100, "of a step where it kept its sign"},
            {"step_min", 1e-6, false, 0, 1e6, "smallest step"},
            {"step_max", 50, false, 0, 1e6, "largest step"}};
  }
  void update(const Piece& p, const Step& at) const override {
    if (at.t == 1) std::ranges::fill(p.slots[1], float(at.hypers[0]));
    RpropRule r;
    r.shrink = float(at.hypers[1]), r.grow = float(at.hypers[2]);
    r.low = float(at.hypers[3]), r.high = float(at.hypers[4]);
    r.delayed = delayed_;
    apply(r, p);
  }

 private:
  bool delayed_;
};

}  // namespace

void add_sign(OptimizerTable& table) {
  table.add("sign_sgd", {"w -= lr sign(g)", sign_options, [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                           Choices(sign_options, given);
                           return std::make_unique<SignSgd>();
                         }});
  table.add("rprop",
            {"w -= d sign(g), d grows while the sign stays; for whole batches", rprop_options, [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
               return std::make_unique<Rprop>(Choices(rprop_options, given)["form"] == "optax");
             }});
}

}  // namespace lehr
