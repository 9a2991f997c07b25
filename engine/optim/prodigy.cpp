// Adam whose rate is lr d, d an estimate of the distance from the start to the solution that only grows; lr is a multiplier.
// With rate = d lr sqrt(1-beta2^t)/(1-beta1^t), beta3 = sqrt(beta2), d and s before the update, all sums over the group:
//   prodigy: n = beta3 n + (d/d0) rate <g, start - w>;  s = beta3 s + rate d g/d0 (safeguard_warmup: d instead of rate)
//            d' = max(d, growth n/|s|_1);  m, v the means of d g and (d g)^2;  w -= rate (wd w + m/(sqrt(v) + d' epsilon))
//   dadapt_adamw: n = beta3 n + (1-beta3) rate <g, s/(sqrt(v) + epsilon)>;  s = beta3 s + (1-beta3) rate g
//            d' = max(d, n/((1-beta3) |s|_1));  m the mean of rate g, v of g^2;  w -= rate wd w + m/(sqrt(v) + epsilon)
#include <algorithm>
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> prodigy_options{{"safeguard_warmup", "false | true"}};
const std::map<std::string, std::string> dadapt_options{};

class RateFree final : public Optimizer {
 public:
  RateFree(bool prodigy, bool safeguard) : prodigy_(prodigy), safeguard_(safeguard) {}
  std::vector<Slot> slots() const override {
    std::vector<Slot> out{{"m", 0}, {"v", 0}, {"s", 0}};
    if (prodigy_) out.push_back({"start", 0});
    return out;
  }
  std::vector<Hyper> hypers() const override {
    Hyper lr = lr_hyper();
    lr.required = false, lr.fallback = 1, lr.doc = "multiplies the estimated rate";
    std::vector<Hyper> out{lr,
                           beta_hyper("beta1", 0.9, "decay of the mean gradient"),
                           beta_hyper("beta2", 0.999, "decay of the mean square"),
                           epsilon_hyper(1e-8),
                           decay_hyper(),
                           {"d0", 1e-6, false, 1e-30, 1e6, "the first estimate"}};
    if (prodigy_) out.push_back({"growth", 1, false, 0, 1e6, "multiplies each new estimate"});
    return out;
  }

  std::vector<std::string> scalars() const override { return {"d", "numerator", "rate"}; }
  bool observes() const override { return true; }
  Sums observe(const Piece& p, const Step& at) const override {
    if (prodigy_ && at.t == 1) std::ranges::copy(p.w, p.slots[3].begin());
    const double b1 = at.hypers[1], b2 = at.hypers[2], d = estimate(at), now = rate(at), b3 = std::sqrt(b2);
    DistanceRule r;
    r.m_keep = float(b1), r.m_add = float((1 - b1) * (prodigy_ ? d : now));
    r.v_keep = float(b2), r.v_add = float((1 - b2) * (prodigy_ ? d * d : 1));
    r.s_keep = float(b3), r.s_add = float(prodigy_ ? (safeguard_ ? d : now) * d / at.hypers[5] : (1 - b3) * now);
    r.epsilon = float(at.hypers[3]);
    r.from_sum = !prodigy_;
    const States states(p);
    const Distance sums = estimate_distance(states.spans(p), r);
    return {sums.product, sums.size};
  }
  void settle(const Sums& sums, const Step& at, std::span<double> s) const override {
    const double d = estimate(at), b3 = std::sqrt(at.hypers[2]);
    s[2] = rate(at);
    s[1] = b3 * s[1] + (prodigy_ ? d / at.hypers[5] : 1 - b3) * s[2] * sums.first;
    const double divisor = prodigy_ ? sums.second : (1 - b3) * sums.second, growth = prodigy_ ? at.hypers[6] : 1;
    s[0] = divisor > 0 ? std::max(d, growth * s[1] / divisor) : d;
  }
  void update(const Piece& p, const Step& at) const override {
    const double now = at.scalars[2];
    LambRule r;
    r.epsilon = float(at.hypers[3] * (prodigy_ ? at.scalars[0] : 1));
    r.keep = float(1 - now * at.hypers[4]);
    r.step = float(prodigy_ ? now : 1);
    const States states(p);
    lamb_step(states.spans(p), r);
  }

 private:
  static double estimate(const Step& at) { return at.t == 1 ? at.hypers[5] : at.scalars[0]; }
  static double rate(const Step& at) {
    const auto t = double(at.t);
    return estimate(at) * at.hypers[0] * std::sqrt(1 - std::pow(at.hypers[2], t)) / (1 - std::pow(at.hypers[1], t));
  }
  bool prodigy_, safeguard_;
};

}  // namespace

void add_prodigy(OptimizerTable& table) {
  table.add("prodigy", {"adam at the rate lr d, d the estimated distance to the solution", prodigy_options,
                        [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                          return std::make_unique<RateFree>(true, Choices(prodigy_options, given).on("safeguard_warmup"));
                        }});
  table.add("dadapt_adamw", {"adamw at the rate lr d, d the estimated distance to the solution (D-Adaptation)", dadapt_options,
                             [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                               Choices(dadapt_options, given);
                               return std::make_unique<RateFree>(false, false);
                             }});
}

}  // namespace lehr
