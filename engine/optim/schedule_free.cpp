// Schedule-Free: gradients are taken at y, steps are made at z, and x, the weighted mean of the z, is what is evaluated.
//   z' = z - lr u;  x' = (1-c) x + c z';  y' = beta1 x' + (1-beta1) z';  the trained weights are y, and x = (y - (1-beta1) z)/beta1
//   optax: c = W/(sum of W), W = (largest rate so far)^power, each update's rate being the next one's, as optax reads its schedule;
//          decay in u: u = d + wd y
//   keras: c = 1/t; decay at y: y -= lr wd y first
// schedule_free_sgd: d = g; schedule_free_adamw: d = g/(sqrt(v/(1-beta2^t)) + epsilon). A warm-up is the rate's own.
#include <algorithm>
#include <cmath>

#include "engine/optim/choices.h"
#include "engine/optim/standard.h"

namespace lehr {

namespace {

const std::map<std::string, std::string> sgd_options{};
const std::map<std::string, std::string> adamw_options{{"form", "keras | optax"}};

class ScheduleFree final : public Optimizer {
 public:
  ScheduleFree(bool adaptive, bool keras) : adaptive_(adaptive), keras_(keras) {}
  std::vector<Slot> slots() const override {
    std::vector<Slot> out{{"z", 0}};
    if (adaptive_) out.push_back({"v", 0});
    return out;
  }
  std::vector<Hyper> hypers() const override {
    std::vector<Hyper> out{lr_hyper(),
                           {"beta1", 0.9, false, 0.01, 1, "share of the mean in the point where gradients are taken"},
                           decay_hyper(),
                           {"power", 2, false, 0, 100, "of the largest rate, in a step's weight in the mean; without effect in keras' form"}};
    if (adaptive_) out.push_back(beta_hyper("beta2", 0.999, "decay of the mean square")), out.push_back(epsilon_hyper(1e-8));
    return out;
  }
  bool wants_next_lr() const override { return !keras_; }

  // share: c; beta: the one y was made with.
  std::vector<std::string> scalars() const override { return {"weight_sum", "largest_lr", "share", "beta", "beta_before"}; }
  void settle(const Sums&, const Step& at, std::span<double> s) const override {
    s[1] = std::max(s[1], at.next_lr);
    const double weight = keras_ ? 1 : std::pow(s[1], at.hypers[3]);
    s[0] += weight;
    s[2] = s[0] > 0 ? weight / s[0] : 0;
    s[4] = at.t == 1 ? at.hypers[1] : s[3];
    s[3] = at.hypers[1];
  }

  void update(const Piece& p, const Step& at) const override {
    if (at.t == 1) std::ranges::copy(p.w, p.slots[0].begin());
    const double lr = at.hypers[0], decay = at.hypers[2], c = at.scalars[2], beta = at.scalars[3], before = at.scalars[4];
    const double of_x = beta * (1 - c) / before, of_z = 1 - beta * (1 - c);  // y' = of_x (y - (1-before) z) + of_z z'
    ScheduleFreeRule r;
    r.keep = float(of_x * (keras_ ? 1 - lr * decay : 1));
    r.z_share = float(of_z - of_x * (1 - before));
    r.u_share = float(of_z * lr);
    r.step = float(lr);
    if (adaptive_) {
      r.adaptive = true;
      r.one_minus_b2 = float(1 - at.hypers[4]);
      r.c = float(1 / (1 - std::pow(at.hypers[4], double(at.t))));
      r.epsilon = float(at.hypers[5]);
      if (!keras_) r.inner = float(decay);
    } else {
      r.l2 = float(decay);
    }
    apply(r, p);
  }

  bool has_evaluation_point() const override { return true; }
  void evaluation_point(const Piece& p, const Step& at, std::span<float> out) const override {
    if (at.t == 0) return Optimizer::evaluation_point(p, at, out);
    const auto beta = float(at.scalars[3]);
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = p.w[i] + (p.w[i] - p.slots[0][i]) * ((1 - beta) / beta);
  }

 private:
  bool adaptive_, keras_;
};

}  // namespace

void add_schedule_free(OptimizerTable& table) {
  table.add("schedule_free_sgd",
            {"z -= lr g, evaluated at the mean of z, gradients between the two", sgd_options, [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
               Choices(sgd_options, given);
               return std::make_unique<ScheduleFree>(false, false);
             }});
  table.add("schedule_free_adamw", {"z -= lr g/(sqrt(v^) + epsilon), evaluated at the mean of z, gradients between the two", adamw_options,
                                    [](const OptimizerOptions& given) -> std::unique_ptr<Optimizer> {
                                      return std::make_unique<ScheduleFree>(true, Choices(adamw_options, given)["form"] == "keras");
                                    }});
}

}  // namespace lehr
