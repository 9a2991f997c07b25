// Averaged SGD (torch): eta = lr/(1 + lambda lr (t-1))^alpha;  w = (1 - lambda eta) w - eta (g + wd w)
//   mean += (w - mean)/max(1, t - 1 - t0): the last w up to t = t0 + 2, the plain mean from there on; it is what is evaluated
#include <algorithm>
#include <cmath>

#include "engine/kernels/reduce.h"
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{};

class Asgd final : public Optimizer {
 public:
  std::vector<Slot> slots() const override { return {{"mean", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(),
            {"lambda", 1e-4, false, 0, 1e6, "decay, and how fast the rate falls"},
            {"alpha", 0.75, false, 0, 100, "exponent of the rate's fall"},
            {"t0", 1e6, false, 0, 1e15, "updates before the mean begins"},
            decay_hyper()};
  }
  void update(const Piece& p, const Step& at) const override {
    const double lr = at.hypers[0], lambda = at.hypers[1], before = double(at.t - 1);
    const double eta = lr / std::pow(1 + lambda * lr * before, at.hypers[2]);
    MomentumRule r{};
    r.mu = 1;  // the state stays: it is the mean
    r.q = float(-eta);
    r.l2 = float(at.hypers[4]);
    r.keep = float(1 - lambda * eta);
    apply(r, p);
    approach(p.slots[0], float(1 / std::max(1.0, before - at.hypers[3])), p.w);
  }
  bool has_evaluation_point() const override { return true; }
  void evaluation_point(const Piece& p, const Step& at, std::span<float> out) const override {
    std::ranges::copy(at.t == 0 ? std::span<const float>(p.w) : p.slots[0], out.begin());
  }
};

}  // namespace

void add_asgd(OptimizerTable& table) {
  table.add("asgd", {"w -= lr/(1 + lambda lr t)^alpha g, evaluated at the mean of w", options, [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                       Choices(options, given);
                       return std::make_unique<Asgd>();
                     }});
}

}  // namespace lehr
