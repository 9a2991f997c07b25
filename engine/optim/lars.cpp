// LARS: momentum on gradients brought to a fraction of the tensor's norm; the ratio is 1 where either norm is 0.
//   timm: ratio = trust |w|/(|g| + wd |w| + epsilon), only where wd is not 0 or always_adapt is on; trust_clip: min(ratio/lr, 1);
//         v = m v + (1-dampening) ratio (g + wd w), w -= lr v
//   optax: ratio = trust |w|/(|g + wd w| + epsilon); v = m v - lr ratio (g + wd w), w += v
#include <algorithm>
#include <cmath>

#include "engine/kernels/reduce.h"
#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{
    {"form", "timm | optax"}, {"nesterov", "false | true"}, {"always_adapt", "false | true"}, {"trust_clip", "false | true"}};

class Lars final : public Optimizer {
 public:
  explicit Lars(const Choices& c)
      : timm_(c["form"] == "timm"), nesterov_(c.on("nesterov")), always_(c.on("always_adapt") || !timm_), clip_(c.on("trust_clip")) {}
  bool elementwise() const override { return false; }
  std::vector<Slot> slots() const override { return {{"velocity", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(),
            {"momentum", 0.9, false, 0, 1, "share of the velocity kept"},
            decay_hyper(),
            {"trust", 0.001, false, 0, 1e6, "trust coefficient"},
            epsilon_hyper(timm_ ? 1e-8 : 0),
            {"dampening", 0, false, 0, 1, "share of the gradient kept from the velocity, but not at its first step"}};
  }
  void update(const Piece& p, const Step& at) const override {
    const double lr = at.hypers[0], momentum = at.hypers[1], decay = at.hypers[2];
    double ratio = 1;
    if (always_ || decay != 0) ratio = trust(p, at);
    if (clip_) ratio = std::min(ratio / lr, 1.0);
    const bool fresh = at.t == 1 || momentum == 0;
    const double share = ratio * (fresh ? 1 : 1 - at.hypers[5]);
    MomentumRule r{};
    r.l2 = float(decay);
    r.mu = fresh ? 0 : float(momentum);
    r.a = float(timm_ ? share : -lr * share);
    r.p = float((timm_ ? -lr : 1) * (nesterov_ ? momentum : 1));
    r.q = nesterov_ ? float(-lr * ratio) : 0;
    apply(r, p);
  }

 private:
  double trust(const Piece& p, const Step& at) const {
    const double w_norm = std::sqrt(sum_of_squares(p.w));
    const double g_norm = std::sqrt(timm_ ? sum_of_squares(p.g) : sum_of_squares(p.g, float(at.hypers[2]), p.w));
    if (!(w_norm > 0) || !(g_norm > 0)) return 1;
    return at.hypers[3] * w_norm / (g_norm + (timm_ ? w_norm * at.hypers[2] : 0.0) + at.hypers[4]);
  }
  bool timm_, nesterov_, always_, clip_;
};

}  // namespace

void add_lars(OptimizerTable& table) {
  table.add("lars", {"v = momentum v + trust |w|/|g| g, w -= lr v, tensor by tensor", options,
                     [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Lars>(Choices(options, given)); }});
}

}  // namespace lehr
