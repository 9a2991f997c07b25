// timm.scheduler: counts epochs, or updates with t_in_epochs: false.
#include "schedules/cycle.h"
#include "schedules/dialect.h"

namespace lehr {
namespace {
using Kind = Key::Kind;

Counter timm_counter(const Args& a) { return a.flag("t_in_epochs") ? Counter::epoch : Counter::step; }

struct Warmup {
  double lr, length, from;
  bool prefix;
  explicit Warmup(const Args& a) : lr(a.number("lr")), length(a.number("warmup_t")), from(a.number("warmup_lr_init")), prefix(a.flag("warmup_prefix")) {}
  double time(double t) const { return prefix ? t - length : t; }
  // A line to `target` (the base rate unless said), then the schedule; without a prefix its clock has run during the warm-up.
  template <class F>
  Curve then(Counter counter, F f, std::optional<double> target = {}) const {
    Curve curve = counted(counter, [self = *this, f, top = target.value_or(lr)](double t) {
      return t < self.length ? self.from + t * (top - self.from) / self.length : f(self.time(t));
    });
    curve.check = warmup_fits(length, counter);
    return curve;
  }
};

// lr_min + (lr * cycle_decay^i - lr_min) * wave(x, T), x within a cycle of length T; after cycle_limit cycles lr_min.
template <class Wave>
auto cycling(const Args& a, Wave wave) {
  return [lr = a.number("lr"), low = a.number("lr_min"), first = a.number("t_initial"), mul = a.number("cycle_mul"), decay = a.number("cycle_decay"),
          limit = a.number("cycle_limit"), wave](double t) {
    const Cycle c = cycle_at(t, first, mul);
    if (limit > 0 && c.index >= limit) return low;
    return low + (lr * std::pow(decay, c.index) - low) * wave(c.fraction);
  };
}

double powered(double u, double k) { return k == 1 ? u : std::pow(u, k); }

Curve cosine(const Args& a) {
  return Warmup(a).then(timm_counter(a), cycling(a, [k = a.number("k_decay")](double u) { return half_cosine(powered(u, k)); }));
}

Curve poly(const Args& a) {
  return Warmup(a).then(timm_counter(a),
                        cycling(a, [k = a.number("k_decay"), power = a.number("power")](double u) { return std::pow(1 - powered(u, k), power); }));
}

// Without a prefix the warm-up aims at the curve's own value at its end.
Curve tanh(const Args& a) {
  const Warmup warmup(a);
  const auto f = cycling(a, [lb = a.number("lb"), ub = a.number("ub")](double u) { return 0.5 * (1 - std::tanh(lb * (1 - u) + ub * u)); });
  return warmup.then(timm_counter(a), f, warmup.prefix ? warmup.lr : f(warmup.length));
}

Curve step(const Args& a) {
  return Warmup(a).then(timm_counter(a), [lr = a.number("lr"), every = a.number("decay_t"), rate = a.number("decay_rate")](double t) {
    return lr * std::pow(rate, std::floor(t / every));
  });
}

// A milestone m acts at t = m - 1.
Curve multistep(const Args& a) {
  const auto milestones = a.numbers("decay_t");
  require_order(a, "decay_t", milestones, false);
  return Warmup(a).then(timm_counter(a), [lr = a.number("lr"), milestones, rate = a.number("decay_rate")](double t) {
    return lr * std::pow(rate, static_cast<double>(std::upper_bound(milestones.begin(), milestones.end(), t + 1) - milestones.begin()));
  });
}

struct Stable {  // 1 at the end of the warm-up
  double power, scale;
  double operator()(double t) const { return power == 0 ? 1 : std::pow(1 + t / scale, -power); }
};

double decay_fraction(const std::string& how, double f, double power, double ratio) {
  if (how == "linear") return 1 - f;
  if (how == "cosine") return half_cosine(f);
  if (how == "exp") return (std::pow(ratio, f) - ratio) / (1 - ratio);
  return 1 - std::pow(f, how == "power" ? power : 0.5);
}

// The warm-up is a prefix to t_initial; the decay takes the last decay_t of it.
Curve wsd(const Args& a) {
  const double lr = a.number("lr"), low = a.number("lr_min"), warmup = a.number("warmup_t"), from = a.number("warmup_lr_init");
  const double total = a.number("t_initial"), decay = a.number("decay_t");
  if (decay > total) a.fail("decay_t", cat("decay_t ", decay, " is longer than t_initial ", total));
  const std::string form = a.word("stable_fn");
  const Stable stable{form == "constant" ? 0
                      : form == "rsqrt"  ? 0.5
                                         : a.number("stable_power"),
                      a.has("stable_timescale") ? a.number("stable_timescale") : warmup};
  if (form != "constant" && stable.scale <= 0) a.fail("stable_fn", cat("stable_fn ", form, " needs `stable_timescale` where there is no warm-up"));
  Curve curve = counted(timm_counter(a), [=, how = a.word("decay_fn"), power = a.number("decay_power"), ratio = a.number("decay_ratio")](double t) {
    if (t < warmup) return from + t * (lr - from) / warmup;
    const double top = std::max(lr * stable(t - warmup), low), begun = t - warmup - (total - decay);
    return begun <= 0 ? top : low + (top - low) * decay_fraction(how, std::min(begun / decay, 1.0), power, ratio);
  });
  curve.end = ends_after(warmup + total, timm_counter(a));
  curve.check = warmup_fits(warmup, timm_counter(a));
  return curve;
}

std::vector<Key> warm(std::vector<Key> keys, const char* prefix) {
  keys.push_back(count_or_0_key("warmup_t", "length of the warm-up", "0"));
  keys.push_back(number_key("warmup_lr_init", "first value of the warm-up", "0"));
  if (*prefix) keys.push_back(flag_key("warmup_prefix", "the schedule begins after the warm-up", prefix));
  keys.push_back(flag_key("t_in_epochs", "counts epochs, else updates", "true"));
  return keys;
}

std::vector<Key> cycles(std::vector<Key> own) {
  std::vector<Key> keys = {lr_key(), count_key("t_initial", "length of the first cycle"), number_key("lr_min", "lowest value", "0")};
  keys.insert(keys.end(), own.begin(), own.end());
  keys.push_back(number_key("cycle_mul", "growth of the cycles", "1", Range{1}));
  keys.push_back(number_key("cycle_decay", "factor of the peak at each restart", "1", positive));
  keys.push_back(count_or_0_key("cycle_limit", "number of cycles; 0: no limit", "1"));
  return warm(std::move(keys), "false");
}
}  // namespace

std::vector<Type> timm_types() {
  const Key k = number_key("k_decay", "exponent of time", "1", positive), rate = number_key("decay_rate", "factor at each drop", "1", positive);
  const std::string origin = "timm.scheduler";
  return {
      {"timm.CosineLRScheduler", "lr_min + (peak - lr_min) * (1 + cos(pi * u ^ k)) / 2", origin, cycles({k}), cosine},
      {"timm.PolyLRScheduler", "lr_min + (peak - lr_min) * (1 - u ^ k) ^ power", origin, cycles({number_key("power", "exponent", "0.5", positive), k}), poly},
      {"timm.TanhLRScheduler", "lr_min + (peak - lr_min) * (1 - tanh(lb * (1 - u) + ub * u)) / 2", origin,
       cycles({number_key("lb", "argument of tanh at the start", "-7"), number_key("ub", "argument of tanh at the end", "3")}), tanh},
      {"timm.StepLRScheduler", "lr * decay_rate ^ floor(t / decay_t)", origin,
       warm({lr_key(), number_key("decay_t", "distance of two drops", "", positive), rate}, "true"), step},
      {"timm.MultiStepLRScheduler", "lr * decay_rate ^ (milestones <= t + 1)", origin,
       warm({lr_key(), list_key("decay_t", Kind::numbers, "milestones, increasing", "", not_negative), rate}, "true"), multistep},
      {"timm.WSDLRScheduler", "lr_min + (lr * stable(t) - lr_min) * decay(f)", origin,
       warm({lr_key(), count_key("t_initial", "length after the warm-up"), count_key("decay_t", "length of the decay at its end"),
             number_key("lr_min", "lowest value", "0", not_negative),
             word_key("stable_fn", "shape before the decay", "constant", {"constant", "rsqrt", "power"}),
             number_key("stable_timescale", "of rsqrt and power; warmup_t without it", "none", positive),
             number_key("stable_power", "exponent", "0.5", positive),
             word_key("decay_fn", "shape of the decay", "1-sqrt", {"linear", "1-sqrt", "cosine", "power", "exp"}),
             number_key("decay_power", "exponent of power", "0.5", positive), number_key("decay_ratio", "last fraction of exp", "0.1", Range{0, 1, true})},
            ""),
       wsd},
  };
}

}  // namespace lehr
