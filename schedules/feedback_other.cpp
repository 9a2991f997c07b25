// What follows a metric in both directions: GreedyLR, Marian's stalled decay, bold driver.
#include <algorithm>
#include <cmath>

#include "schedules/feedback_type.h"

namespace lehr {
namespace {
using Rule = std::shared_ptr<const Feedback::Rule>;

double mean(const std::vector<double>& values) {
  double sum = 0;
  for (const double v : values) sum += v;
  return sum / static_cast<double>(values.size());
}

// Raises after `patience` gains in a row, cuts after `patience` losses in a row; rests in between.
struct Greedy {
  bool rising = false, relative = false;
  double initial = 1, factor = 0.95, patience = 10, threshold = 1e-6, cooldown = 0, warmup = 0, lowest = 0, highest = 1, eps = 1e-8, window = 0,
         reset_start = 500;

  bool better(double value, double best) const {
    if (std::isnan(best)) return !std::isnan(value);
    const double margin = relative ? best * threshold : threshold;
    return rising ? value > best + margin : value < best - margin;
  }

  Reaction move_to(FeedbackState& s, double next) const {
    const double now = initial * s.factor;
    if (!(std::abs(now - next) > eps)) return {};
    s.factor = next / initial;
    Reaction reaction;
    (next < now ? reaction.lowered : reaction.raised) = true;
    return reaction;
  }

  // At the lowest value (to within eps) cuts are counted; after reset_start of them all begins anew.
  Reaction cut(FeedbackState& s) const {
    s.bad = 0, s.cooldown = cooldown;
    const double now = initial * s.factor;
    const Reaction reaction = move_to(s, std::max(now * factor, lowest));
    if (initial * s.factor > lowest + eps) return reaction;
    if (++s.at_floor < reset_start || reset_start == 0) return reaction;
    const double observed = s.observed;
    s = FeedbackState{};
    s.observed = observed;
    Reaction reset;
    reset.raised = true;
    return reset;
  }

  Reaction observe(FeedbackState& s, double value) const {
    if (window > 0) {
      s.window.push_back(value);
      if (static_cast<double>(s.window.size()) > window) s.window.erase(s.window.begin());
      value = mean(s.window);
    }
    if (s.cooldown > 0 || s.warmup > 0) {
      (s.cooldown > 0 ? s.cooldown : s.warmup) -= 1;
      s.good = s.bad = 0;
      return {};
    }
    if (better(value, s.best))
      s.best = value, ++s.good, s.bad = 0;
    else
      ++s.bad, s.good = 0;
    if (s.good > patience) {
      s.good = 0, s.warmup = warmup;
      return move_to(s, std::min(initial * s.factor / factor, highest));
    }
    return s.bad > patience ? cut(s) : Reaction{};
  }
};

// Each time `start` validations in a row (and their multiples) bring no gain, a cut.
struct Stalled {
  bool rising = false;
  double factor = 0.9, start = 1;
  Reaction observe(FeedbackState& s, double value) const {
    if (std::isnan(s.best) ? !std::isnan(value) : rising ? value > s.best : value < s.best) return s.best = value, s.bad = 0, Reaction{};
    ++s.bad;
    if (std::fmod(s.bad, start) != 0) return {};
    s.factor *= factor;
    Reaction reaction;
    reaction.lowered = true;
    return reaction;
  }
};

// A loss that fell raises the rate a little; one that rose cuts it and takes the step back.
struct Bold {
  double up = 1.05, down = 0.5, tolerance = 0, lowest = 0, highest = std::numeric_limits<double>::infinity(), initial = 1;
  bool rollback = true;
  Reaction observe(FeedbackState& s, double value) const {
    if (std::isnan(s.best) && !std::isnan(value)) return s.best = value, Reaction{};
    Reaction reaction;
    if (value <= s.best + tolerance * std::abs(s.best)) {
      s.best = value;
      s.factor = std::min(initial * s.factor * up, highest) / initial;
      reaction.raised = true;
      return reaction;
    }
    s.factor = std::max(initial * s.factor * down, lowest) / initial;
    reaction.lowered = true, reaction.restore_previous = rollback;
    if (!rollback && !std::isnan(value)) s.best = value;
    return reaction;
  }
};

template <class Body>
class SimpleRule final : public RuleOf {
 public:
  SimpleRule(const Args& args, std::string metric, Schedule base, Body body, std::string on_missing)
      : RuleOf(args, std::move(metric), std::move(base), on_missing == "error"), body_(body), skip_(on_missing == "skip") {}
  bool restores() const override {
    if constexpr (requires { body_.rollback; }) return body_.rollback;
    return false;
  }
  Reaction observe(FeedbackState& state, double value, const Clock&) const override {
    return std::isnan(value) && skip_ ? Reaction{} : body_.observe(state, value);
  }

 private:
  Body body_;
  bool skip_;
};

template <class Body>
Rule rule(const Args& a, double base, const Body& body, const std::string& on_missing) {
  return std::make_shared<SimpleRule<Body>>(a, a.word("on"), Schedule(base), body, on_missing);
}

Greedy greedy_of(const Args& a, double initial, double lowest, double highest) {
  Greedy g;
  g.initial = initial, g.lowest = lowest, g.highest = highest;
  if (lowest > highest) a.fail("factor", cat("the lowest value ", lowest, " is above the highest ", highest));
  g.factor = a.number("factor"), g.patience = a.number("patience"), g.threshold = a.number("threshold"), g.relative = a.word("threshold_mode") == "rel";
  g.cooldown = a.number("cooldown"), g.warmup = a.number("warmup"), g.eps = a.number("eps"), g.reset_start = a.number("reset_start");
  return g;
}

Rule hf_greedy(const Args& a) {
  Greedy g = greedy_of(a, a.number("lr"), a.number("min_lr"), a.number("max_lr"));
  g.rising = a.word("mode") == "max", g.window = a.flag("smooth") ? a.number("window_size") : 0;
  return rule(a, g.initial, g, "bad");
}

Rule greedy(const Args& a) {
  Greedy g = greedy_of(a, a.number("initial"), a.number("min"), a.number("max"));
  g.rising = rises(a, a.word("on")), g.window = a.has("window") ? a.number("window") : 0;
  return rule(a, g.initial, g, a.word("on_missing"));
}

Rule stalled(const Args& a) {
  return rule(a, a.number("initial"), Stalled{rises(a, a.word("on")), a.number("factor"), a.number("start")}, a.word("on_missing"));
}

Rule bold(const Args& a) {
  const Bold b{
      a.number("up"),      a.number("down"),  a.number("tolerance"), a.number("min"), a.has("max") ? a.number("max") : std::numeric_limits<double>::infinity(),
      a.number("initial"), a.flag("rollback")};
  return rule(a, b.initial, b, a.word("on_missing"));
}
}  // namespace

std::vector<FeedbackType> other_feedback_types() {
  const Range shrinks{0, 1, true};
  const Key initial = number_key("initial", "value at the start", "1", positive), on = word_key("on", "the metric, e.g. val_loss", "", {});
  const Key mode = word_key("mode", "auto: by the metric's name", "auto", {"auto", "min", "max"});
  const Key missing = word_key("on_missing", "a metric that is missing or not a number", "error", {"error", "skip", "bad"});
  const Key factor = number_key("factor", "divided by after gains, multiplied by after losses", "0.95", shrinks),
            patience = integer_key("patience", "gains or losses in a row that are let pass", "10");
  const Key threshold = number_key("threshold", "gain that counts", "1e-06", not_negative),
            threshold_mode = word_key("threshold_mode", "the gain as it is, or as a share of the best", "abs", {"abs", "rel"});
  const Key cooldown = integer_key("cooldown", "observations of rest after a cut", "0"),
            warmup = integer_key("warmup", "observations of rest after a rise", "0");
  const Key eps = number_key("eps", "smallest change", "1e-08", not_negative),
            reset = integer_key("reset_start", "cuts at the lowest value until all begins anew; 0: never", "500");
  return {
      {{"greedy",
        "initial * factor ^ (cuts - rises)",
        "GreedyLR, arXiv 2512.14527",
        {initial, on, mode, factor, patience, threshold, threshold_mode, cooldown, warmup, number_key("min", "lowest value", "0.001", not_negative),
         number_key("max", "highest value", "1", positive), eps, integer_key("window", "look at the mean of so many observations", "none", Range{1}), reset,
         missing},
        nullptr},
       greedy},
      {{"hf.greedy",
        "lr * factor ^ (cuts - rises)",
        "transformers.get_scheduler",
        {number_key("lr", "the optimizer's base rate", "", positive), word_key("on", "the metric", "val_loss", {}),
         word_key("mode", "whether less or more is better", "min", {"min", "max"}), factor, patience, threshold, threshold_mode, cooldown, warmup,
         number_key("min_lr", "lowest value", "0.001", not_negative), number_key("max_lr", "highest value", "1", positive), eps,
         flag_key("smooth", "look at the mean of the last window_size", "false"), integer_key("window_size", "of smooth", "50", Range{1}), reset},
        nullptr},
       hf_greedy},
      {{"stalled",
        "initial * factor ^ (cuts); a cut at every `start` observations in a row without a gain",
        "Marian lr-decay-strategy stalled",
        {initial, on, mode, number_key("factor", "multiplied at each cut", "0.9", shrinks),
         integer_key("start", "observations without a gain until a cut", "1", Range{1}), missing},
        nullptr},
       stalled},
      {{"bold_driver",
        "times `up` while the loss falls; times `down`, and the step taken back, when it rises",
        "bold driver",
        {initial, on, number_key("up", "factor after a fall", "1.05", Range{1}), number_key("down", "factor after a rise", "0.5", shrinks),
         number_key("tolerance", "rise, as a share, that still counts as a fall", "0", not_negative), number_key("min", "lowest value", "0", not_negative),
         number_key("max", "highest value", "none", positive), flag_key("rollback", "go back to the parameters before the rise", "true"), missing},
        nullptr},
       bold},
  };
}

}  // namespace lehr
