// torch's schedules that drive the momentum too: `drives: momentum` is that other half.
#include <array>

#include "schedules/dialect.h"

namespace lehr {
namespace {
using Finding = Schedule::Finding;

// Schedule::momentum() is the other half of a schedule that stands alone; as a part of another the momentum is left alone.
void momentum_apart(const Args& a, Curve& curve) {
  if (a.word("drives") == "momentum" || !a.flag("cycle_momentum")) return;
  curve.check = [name = a.type().name, before = curve.check](const Moment& m, std::vector<Finding>& findings) {
    if (before) before(m, findings);
    findings.push_back({false,
                        cat(name,
                            " also cycles the momentum in torch; as a part of another schedule it leaves the momentum alone unless `momentum` (or "
                            "`beta1`) gets the same schedule with `drives: momentum`; `cycle_momentum: false` says that is meant"),
                        Finding::About::momentum});
  };
}

Curve cyclic(const Args& a) {
  const double up = a.number("step_size_up"), total = up + (a.has("step_size_down") ? a.number("step_size_down") : up), rise = up / total;
  const bool momentum = a.word("drives") == "momentum";
  const double foot = a.number(momentum ? "max_momentum" : "base_lr"), top = a.number(momentum ? "base_momentum" : "max_lr");
  const std::string mode = a.word("mode");
  Curve curve = counted(counter_of(a), [=, gamma = a.number("gamma"), halves = mode == "triangular2", fades = mode == "exp_range"](double x) {
    const double cycle = std::floor(1 + x / total), at = 1 + x / total - cycle;
    const double height = at <= rise ? at / rise : (at - 1) / (rise - 1);
    return foot + (top - foot) * height * (halves ? std::exp2(1 - cycle) : fades ? std::pow(gamma, x) : 1);
  });
  momentum_apart(a, curve);
  return curve;
}

// Where the parts end, and the value at each end: 2 phases have 2 parts, 3 phases 3.
struct Parts {
  std::array<double, 3> ends{};
  std::array<double, 4> values{};
  std::size_t count = 2;
  bool linear = false;

  double at(double x) const {
    double start = 0;
    for (std::size_t i = 0;; ++i) {
      if (x <= ends[i] || i + 1 == count) {
        const double u = ends[i] > start ? std::min(1.0, (x - start) / (ends[i] - start)) : 1.0;
        return linear ? values[i] + (values[i + 1] - values[i]) * u : values[i + 1] + (values[i] - values[i + 1]) * half_cosine(u);
      }
      start = ends[i];
    }
  }
};

// The values at the parts' ends and where the first part ends, of a length still to be known.
struct OneCycle {
  double pct_start;
  bool three, linear;
  std::array<double, 4> values;

  explicit OneCycle(const Args& a) : pct_start(a.number("pct_start")), three(a.flag("three_phase")), linear(a.word("anneal_strategy") == "linear") {
    const double high = a.number("max_lr"), first = high / a.number("div_factor"), last = first / a.number("final_div_factor");
    const double slow = a.number("max_momentum"), fast = a.number("base_momentum");
    if (a.word("drives") == "momentum")
      values = {slow, fast, slow, slow};
    else if (three)
      values = {first, high, first, last};
    else
      values = {first, high, last, last};
  }
  Parts over(double total) const {
    const double rise = pct_start * total - 1;
    return {three ? std::array{rise, 2 * rise, total - 1} : std::array{rise, total - 1, total - 1}, values, three ? 3u : 2u, linear};
  }
};

// After the last update the last value stays (torch allows one step more and extrapolates it).
Curve one_cycle(const Args& a) {
  const Counter counter = counter_of(a);
  const bool counted_by_hand = a.has("epochs") && a.has("steps_per_epoch");
  if (a.has("epochs") != a.has("steps_per_epoch")) a.fail("epochs", "`epochs` and `steps_per_epoch` belong together");
  if (a.flag("three_phase") && a.number("pct_start") >= 0.5) a.fail("pct_start", "with three phases pct_start must be below 0.5");
  const double given = a.has("total_steps") ? a.number("total_steps") : counted_by_hand ? a.number("epochs") * a.number("steps_per_epoch") : 0;
  const auto total = [given, counter](const Moment& m) { return given > 0 ? given : std::max(1.0, m.length / updates(m, counter)); };
  Curve curve;
  const OneCycle cycle(a);
  curve.at = [cycle, counter, total](const Moment& m) {
    const double length = total(m);
    return cycle.over(length).at(std::min(count(m, counter), length - 1));
  };
  curve.check = [total, counter, start = a.number("pct_start")](const Moment& m, std::vector<Finding>& findings) {
    const double length = total(m), peak = start * length - 1;
    if (length * updates(m, counter) < m.length - 0.5)
      findings.push_back(
          {true, cat("its total_steps end after ", length * updates(m, counter), " of ", m.length, " updates (torch would stop there with an error)")});
    if (peak >= m.length / updates(m, counter))
      findings.push_back({true, cat("the peak is never reached: it comes after ", peak, " steps, the run has ", m.length / updates(m, counter))});
    else if (peak <= 0)
      findings.push_back({true, cat("the peak is never reached: pct_start ", start, " of ", length, " steps leaves no rise")});
    else if (peak != std::floor(peak))
      findings.push_back({false, cat("the peak falls between two steps (at ", peak, "), so max_lr itself is not reached")});
  };
  momentum_apart(a, curve);
  return curve;
}
}  // namespace

std::vector<Type> torch_cycle_types() {
  const Key per = per_key(), drives = word_key("drives", "which half of the schedule this is", "lr", {"lr", "momentum"});
  const Key cycles = flag_key("cycle_momentum", "torch cycles the momentum too", "true");
  const Range unit_open{0, 1};
  return {
      {"torch.CyclicLR",
       "base_lr + (max_lr - base_lr) * height(x) * scale",
       "torch.optim.lr_scheduler",
       {number_key("base_lr", "lowest value"), number_key("max_lr", "highest value"), count_key("step_size_up", "length of the rise", "2000"),
        count_key("step_size_down", "length of the fall", "none"),
        word_key("mode", "how the height shrinks", "triangular", {"triangular", "triangular2", "exp_range"}),
        number_key("gamma", "of exp_range, per step", "1", positive), cycles, number_key("base_momentum", "momentum at the top", "0.8", unit_open),
        number_key("max_momentum", "momentum at the foot", "0.9", unit_open), drives, per},
       cyclic},
      {"torch.OneCycleLR",
       "max_lr / div_factor -> max_lr -> max_lr / div_factor / final_div_factor",
       "torch.optim.lr_scheduler",
       {number_key("max_lr", "highest value"), count_key("total_steps", "length; the run's without it", "none"),
        count_key("epochs", "with steps_per_epoch: the length", "none"), count_key("steps_per_epoch", "with epochs: the length", "none"),
        number_key("pct_start", "fraction of the length until the peak", "0.3", unit_open), word_key("anneal_strategy", "shape", "cos", {"cos", "linear"}),
        cycles, number_key("base_momentum", "momentum at the peak", "0.85", unit_open), number_key("max_momentum", "momentum at both ends", "0.95", unit_open),
        number_key("div_factor", "max_lr over the first value", "25", positive), number_key("final_div_factor", "first value over the last", "10000", positive),
        flag_key("three_phase", "fall to the first value, then to the last", "false"), drives, per},
       one_cycle},
  };
}

}  // namespace lehr
