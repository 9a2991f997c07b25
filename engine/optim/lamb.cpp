// LAMB: each tensor's Adam direction r = m^/(sqrt(v^) + epsilon) is brought to the tensor's own norm: w -= lr |w|/|r| r; the
// ratio is 1 where either norm is 0.
//   keras: weight decay decoupled, outside the ratio; optax, timm: r += wd w before it
//   timm: the ratio applies only where wd is not 0 or always_adapt is on; trust_clip limits it to 1. Its clipping of the global
//   norm to 1 is `clip: {norm: 1}` here.
#include <algorithm>
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> options{{"form", "keras | optax | timm"}, {"always_adapt", "false | true"}, {"trust_clip", "false | true"}};

class Lamb final : public Optimizer {
 public:
  explicit Lamb(const Choices& c) : form_(c["form"]), always_(c.on("always_adapt") || form_ != "timm"), clip_(c.on("trust_clip")) {}
  bool elementwise() const override { return false; }
  std::vector<Slot> slots() const override { return {{"m", 0}, {"v", 0}}; }
  std::vector<Hyper> hypers() const override {
    return {lr_hyper(), beta_hyper("beta1", 0.9, "decay of the mean gradient"), beta_hyper("beta2", 0.999, "decay of the mean square"),
            epsilon_hyper(form_ == "keras" ? 1e-7 : 1e-6), decay_hyper(form_ == "timm" ? 0.01 : 0)};
  }
  void update(const Piece& p, const Step& at) const override {
    LambRule r;
    r.one_minus_b1 = float(1 - at.hypers[1]), r.one_minus_b2 = float(1 - at.hypers[2]);
    r.c1 = float(1 / (1 - std::pow(at.hypers[1], double(at.t)))), r.c2 = float(1 / (1 - std::pow(at.hypers[2], double(at.t))));
    r.epsilon = float(at.hypers[3]);
    if (form_ == "keras")
      r.keep = float(1 - at.hypers[0] * at.hypers[4]);
    else
      r.inner = float(at.hypers[4]);
    const States states(p);
    const Spans spans = states.spans(p);
    const SquaredNorms norms = lamb_moments(spans, r);
    double ratio = 1;
    if ((always_ || at.hypers[4] != 0) && norms.w > 0 && norms.r > 0) ratio = std::sqrt(norms.w / norms.r);
    if (clip_) ratio = std::min(ratio, 1.0);
    r.step = float(at.hypers[0] * ratio);
    lamb_step(spans, r);
  }

 private:
  std::string form_;
  bool always_, clip_;
};

}  // namespace

void add_lamb(OptimizerTable& table) {
  table.add("lamb", {"w -= lr |w|/|r| r, r adam's direction, tensor by tensor", options,
                     [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> { return std::make_unique<Lamb>(Choices(options, given)); }});
}

}  // namespace lehr
