// Cuts when a metric stops getting better. One rule, in which the libraries' differences are options.
#include <algorithm>
#include <cmath>

#include "schedules/feedback_type.h"

namespace lehr {
namespace {

struct Better {
  bool rising = false;
  double relative = 0, absolute = 0;
  bool of_magnitude = false;  // a share of |best|, so that a negative metric is treated as a positive one
  bool float32 = false;       // compared in single precision
  bool operator()(double value, double best) const {
    if (std::isnan(value)) return false;
    if (std::isnan(best)) return std::isfinite(value) || value == (rising ? 1 : -1) * std::numeric_limits<double>::infinity();
    const double margin = relative * (of_magnitude ? std::abs(best) : best) + absolute;
    if (float32) {
      const float moved = rising ? static_cast<float>(value) - static_cast<float>(margin) : static_cast<float>(value) + static_cast<float>(margin);
      return rising ? moved > static_cast<float>(best) : moved < static_cast<float>(best);
    }
    // The relative margin of a rising metric grows the bar, of a falling one lowers it.
    return rising ? value > best + margin : value < best - margin;
  }
};

struct Smoothing {
  enum class Kind { none, mean, ema } kind = Kind::none;
  double amount = 1;
  // The value to look at, absent while a mean is still being collected.
  std::optional<double> operator()(FeedbackState& s, double value) const {
    if (kind == Kind::none) return value;
    if (kind == Kind::ema) {
      if (s.window.empty())
        s.window = {value};
      else
        s.window[0] = amount * s.window[0] + (1 - amount) * value;
      return s.window[0];
    }
    s.window.push_back(value);
    if (static_cast<double>(s.window.size()) < amount) return {};
    double sum = 0;
    for (const double each : s.window) sum += each;
    s.window.clear();
    return sum / amount;
  }
};

struct Plateau {
  Better better;
  Smoothing smoothing;
  double factor = 0.1, lowest = 0, highest = std::numeric_limits<double>::infinity(), eps = 0;  // the latter in units of the base
  double initial = 1;
  std::optional<Span> patience_span;
  Span every{Span::Unit::epochs, 1};
  double patience = 10;
  bool after = false;  // cut at the check after `patience` bad ones, not at the last of them
  std::optional<Span> cooldown_span;
  double cooldown = 0;
  bool cooldown_first = false;  // the check that ends the cooldown counts already (Keras)
  double ignore_epochs = 0;     // metrics up to this epoch are not looked at
  bool skip_missing = false, restore_best = false;

  double checks(const std::optional<Span>& span, double count, const Clock& clock) const {
    return span ? std::max(0.0, std::round(span->steps(clock) / std::max(1.0, every.steps(clock)))) : count;
  }

  bool fires(FeedbackState& s, double value, const Clock& clock) const {
    const double wait = checks(patience_span, patience, clock);
    if (cooldown_first) {
      if (s.cooldown > 0) --s.cooldown, s.bad = 0;
      if (better(value, s.best)) return s.best = value, s.bad = 0, false;
      if (s.cooldown > 0) return false;
      return ++s.bad >= wait;
    }
    if (better(value, s.best))
      s.best = value, s.bad = 0;
    else
      ++s.bad;
    if (s.cooldown > 0) return --s.cooldown, s.bad = 0, false;
    return s.bad > 0 && (after ? s.bad > wait : s.bad >= std::max(1.0, wait));
  }

  Reaction observe(FeedbackState& s, double value, const Clock& clock) const {
    if (static_cast<double>(clock.epoch()) <= ignore_epochs && ignore_epochs > 0) return {};
    if (std::isnan(value) && skip_missing) return {};
    const auto looked_at = smoothing(s, value);
    if (!looked_at || !fires(s, *looked_at, clock)) return {};
    const double now = initial * s.factor;
    if (cooldown_first && now <= lowest) return {};
    s.bad = 0, s.cooldown = checks(cooldown_span, cooldown, clock);
    const double next = std::max(now * factor, lowest);
    if (!(now - next > eps)) return {};
    s.factor = next / initial;
    Reaction reaction;
    reaction.lowered = true, reaction.restore_best = restore_best;
    return reaction;
  }
};

class PlateauRule final : public RuleOf {
 public:
  PlateauRule(const Args& args, std::string metric, Schedule base, Plateau plateau, bool errors = false)
      : RuleOf(args, std::move(metric), std::move(base), errors), plateau_(std::move(plateau)) {}
  Reaction observe(FeedbackState& state, double value, const Clock& clock) const override { return plateau_.observe(state, value, clock); }
  Span every() const override { return plateau_.every; }
  bool restores() const override { return plateau_.restore_best; }
  void check(const Clock& clock, std::vector<Schedule::Finding>& findings) const override {
    if (const auto& span = plateau_.patience_span; span && span->steps(clock) >= static_cast<double>(clock.steps))
      findings.push_back({false, cat("it never cuts: its patience of ", span->text(), " is not shorter than the ", clock.steps, " updates there are")});
  }

 private:
  Plateau plateau_;
};

using Rule = std::shared_ptr<const Feedback::Rule>;

Rule own(const Args& a) {
  const std::string metric = a.word("on");
  Plateau p;
  const std::string& threshold_mode = a.word("threshold_mode");
  p.better.rising = rises(a, metric);
  (threshold_mode == "abs" ? p.better.absolute : p.better.relative) = a.number("threshold");
  p.better.of_magnitude = threshold_mode == "rel";
  p.initial = a.number("initial"), p.factor = a.number("factor"), p.lowest = a.number("min");
  if (p.initial <= 0) a.fail("initial", cat("`initial` must be above 0, but it is ", p.initial));
  if (p.lowest > p.initial) a.fail("min", cat("`min` ", p.lowest, " is above `initial` ", p.initial));
  p.patience_span = a.span("patience"), p.every = a.span("every"), p.cooldown_span = a.span("cooldown");
  p.after = a.word("count") == "after", p.cooldown_first = a.word("cooldown_mode") == "minus1";
  if (a.has("mean") && a.has("ema")) a.fail("ema", "give `mean` or `ema`, not both");
  if (a.has("mean")) p.smoothing = {Smoothing::Kind::mean, a.number("mean")};
  if (a.has("ema")) p.smoothing = {Smoothing::Kind::ema, a.number("ema")};
  p.skip_missing = a.word("on_missing") == "skip", p.restore_best = a.flag("restore_best");
  return std::make_shared<PlateauRule>(a, metric, Schedule(p.initial), p, a.word("on_missing") == "error");
}

Rule keras(const Args& a) {
  const std::string metric = a.word("monitor");
  Plateau p;
  p.better = {a.word("mode") == "max" || (a.word("mode") == "auto" && metric.find("acc") != std::string::npos), 0, a.number("min_delta"), false, true};
  p.initial = a.number("lr"), p.factor = a.number("factor"), p.lowest = a.number("min_lr");
  p.patience = a.number("patience"), p.cooldown = a.number("cooldown"), p.cooldown_first = true;
  return std::make_shared<PlateauRule>(a, metric, Schedule(p.initial), p);
}

Plateau torch_plateau(const Args& a) {
  Plateau p;
  p.better.rising = a.word("mode") == "max";
  (a.word("threshold_mode") == "rel" ? p.better.relative : p.better.absolute) = a.number("threshold");
  p.initial = a.number("lr"), p.factor = a.number("factor"), p.lowest = a.number("min_lr"), p.eps = a.number("eps");
  p.patience = a.number("patience"), p.cooldown = a.number("cooldown"), p.after = true;
  return p;
}

Rule torch(const Args& a) { return std::make_shared<PlateauRule>(a, a.word("on"), Schedule(a.number("lr")), torch_plateau(a)); }

Rule optax(const Args& a) {
  Plateau p;
  p.better = {false, a.number("rtol"), a.number("atol"), false, false};
  p.factor = a.number("factor"), p.lowest = a.number("min_scale"), p.patience = a.number("patience"), p.cooldown = a.number("cooldown");
  if (const double size = a.number("accumulation_size"); size > 1) p.smoothing = {Smoothing::Kind::mean, size};
  return std::make_shared<PlateauRule>(a, a.word("on"), Schedule(1.0), p);
}

Rule timm(const Args& a) {
  Plateau p;
  p.better = {a.word("mode") == "max", a.number("threshold"), 0, false, false};
  p.initial = a.number("lr"), p.factor = a.number("decay_rate"), p.lowest = a.number("lr_min"), p.eps = 1e-8;
  p.patience = a.number("patience_t"), p.cooldown = a.number("cooldown_t"), p.after = true;
  const double warmup = a.number("warmup_t");
  p.ignore_epochs = warmup;
  const Schedule base = warmup == 0 ? Schedule(p.initial)
                                    : parse_schedule(cat("{type: timm.StepLRScheduler, lr: ", p.initial, ", decay_t: 1, decay_rate: 1, warmup_t: ", warmup,
                                                         ", warmup_lr_init: ", a.number("warmup_lr_init"), "}"));
  return std::make_shared<PlateauRule>(a, a.word("on"), base, p);
}

Key name_key(std::string name, std::string meaning, std::string fallback) {
  return word_key(std::move(name), std::move(meaning), std::move(fallback), {});  // no list: any name
}
}  // namespace

std::vector<FeedbackType> plateau_types() {
  const Range shrinks{0, 1, true};
  const Key lr = number_key("lr", "the optimizer's base rate", "", positive), factor = number_key("factor", "multiplied at each cut", "0.1", shrinks);
  const Key patience = integer_key("patience", "bad checks that are let pass", "10"), cooldown = integer_key("cooldown", "checks of rest after a cut", "0");
  const Key mode = word_key("mode", "whether less or more is better", "min", {"min", "max"}), on = name_key("on", "the metric", "val_loss");
  const Key threshold = number_key("threshold", "gain that counts", "0.0001", not_negative), min_lr = number_key("min_lr", "lowest value", "0", not_negative);
  const std::vector<Key> torch_keys = {lr,
                                       on,
                                       mode,
                                       factor,
                                       patience,
                                       threshold,
                                       word_key("threshold_mode", "gain as a share of the best, or as it is", "rel", {"rel", "abs"}),
                                       cooldown,
                                       min_lr,
                                       number_key("eps", "smallest cut", "1e-08", not_negative)};
  Key at_least_1 = patience;
  at_least_1.range = Range{1};
  return {
      {{"plateau",
        "initial * factor ^ (cuts); a cut after `patience` without a gain",
        "Keras and torch ReduceLROnPlateau",
        {number_key("initial", "value before the first cut", "1"), name_key("on", "the metric, e.g. val_loss", ""),
         word_key("mode", "auto: by the metric's name", "auto", {"auto", "min", "max"}), factor, span_key("patience", "time without a gain"),
         span_key("every", "distance of two observations", "1 epoch"),
         word_key("count", "cut at the last of `patience` bad checks, or after it", "at", {"at", "after"}),
         number_key("threshold", "gain that counts", "0.0001", not_negative),
         word_key("threshold_mode", "gain as a share of |best|, of best with its sign, or as it is", "rel", {"rel", "rel_signed", "abs"}),
         span_key("cooldown", "rest after a cut", "0 epochs", not_negative),
         word_key("cooldown_mode", "minus1: the check that ends the rest counts", "full", {"full", "minus1"}),
         number_key("min", "lowest value", "0", not_negative), integer_key("mean", "average so many observations", "none", Range{1}),
         number_key("ema", "decay of a running average", "none", Range{0, 1, true}),
         word_key("on_missing", "a metric that is missing or not a number", "error", {"error", "skip", "bad"}),
         flag_key("restore_best", "go back to the best parameters at each cut", "false")},
        nullptr},
       own},
      {{"keras.ReduceLROnPlateau",
        "lr * factor ^ (cuts)",
        "keras.callbacks",
        {lr, name_key("monitor", "the metric", "val_loss"), factor, patience, word_key("mode", "auto: max if the name has acc", "auto", {"auto", "min", "max"}),
         number_key("min_delta", "gain that counts", "0.0001", not_negative), cooldown, min_lr},
        nullptr},
       keras},
      {{"torch.ReduceLROnPlateau", "lr * factor ^ (cuts)", "torch.optim.lr_scheduler", torch_keys, nullptr}, torch},
      {{"hf.reduce_lr_on_plateau", "lr * factor ^ (cuts)", "transformers.get_scheduler", torch_keys, nullptr}, torch},
      {{"optax.reduce_on_plateau",
        "factor ^ (cuts), a factor of what it stands beside",
        "optax.contrib",
        {name_key("on", "the metric", "loss"), factor, at_least_1, number_key("rtol", "relative gain that counts", "0.0001", not_negative),
         number_key("atol", "absolute gain that counts", "0", not_negative), cooldown,
         integer_key("accumulation_size", "observations averaged into one", "1", Range{1}), number_key("min_scale", "lowest factor", "0", not_negative)},
        nullptr},
       optax},
      {{"timm.PlateauLRScheduler",
        "lr * decay_rate ^ (cuts) after a warm-up",
        "timm.scheduler",
        {lr, on, number_key("decay_rate", "multiplied at each cut", "0.1", shrinks), integer_key("patience_t", "bad epochs that are let pass", "10"), threshold,
         integer_key("cooldown_t", "epochs of rest after a cut", "0"), integer_key("warmup_t", "epochs of warm-up, in which the metric is not looked at", "0"),
         number_key("warmup_lr_init", "first value of the warm-up", "0"), number_key("lr_min", "lowest value", "0", not_negative),
         word_key("mode", "whether less or more is better", "max", {"min", "max"})},
        nullptr},
       timm},
  };
}

}  // namespace lehr
