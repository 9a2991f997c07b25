// transformers.get_scheduler: factors of the optimizer's rate, one count an update. num_training_steps is the run's length unless given.
#include "schedules/dialect.h"

namespace lehr {
namespace {
using Finding = Schedule::Finding;

double length_of(const Args& a) { return a.has("num_training_steps") ? a.number("num_training_steps") : -1; }

// lr times a line to 1 over num_warmup_steps, then times after(n, W, T).
template <class After>
Curve warmed(const Args& a, After after) {
  const double lr = a.number("lr"), warmup = a.number("num_warmup_steps"), given = length_of(a);
  if (given >= 0 && warmup > given) a.fail("num_warmup_steps", cat("the warm-up of ", warmup, " is longer than num_training_steps ", given));
  return {[=](const Moment& m) {
            if (m.step < warmup) return lr * (m.step / std::max(1.0, warmup));
            return lr * after(m.step, warmup, given >= 0 ? given : m.length);
          },
          given >= 0 ? ends_after(given) : std::function<std::optional<double>(const Moment&)>{}, warmup_fits(warmup)};
}

double progress(double n, double warmup, double total) { return (n - warmup) / std::max(1.0, total - warmup); }

Curve constant(const Args& a) {
  return counted(Counter::step, [lr = a.number("lr")](double) { return lr; });
}

Curve constant_with_warmup(const Args& a) {
  Curve curve = counted(Counter::step, [lr = a.number("lr"), w = a.number("num_warmup_steps")](double n) { return n < w ? lr * (n / std::max(1.0, w)) : lr; });
  curve.check = warmup_fits(a.number("num_warmup_steps"));
  return curve;
}

Curve linear(const Args& a) {
  return warmed(a, [](double n, double w, double t) { return std::max(0.0, (t - n) / std::max(1.0, t - w)); });
}

// Not clamped: after T it rises again.
Curve cosine(const Args& a) {
  Curve curve =
      warmed(a, [cycles = a.number("num_cycles")](double n, double w, double t) { return std::max(0.0, half_cosine(cycles * 2 * progress(n, w, t))); });
  if (curve.end)
    curve.check = [t = length_of(a), before = curve.check](const Moment& m, std::vector<Finding>& findings) {
      before(m, findings);
      if (m.length > t)
        findings.push_back({false, cat("num_training_steps end after ", t, " of ", m.length, " updates; from there the rate rises again, as in transformers")});
    };
  curve.end = {};
  return curve;
}

Curve restarts(const Args& a) {
  return warmed(a, [cycles = a.number("num_cycles")](double n, double w, double t) {
    const double p = progress(n, w, t);
    return p >= 1 ? 0 : std::max(0.0, half_cosine(std::fmod(cycles * p, 1)));
  });
}

Curve polynomial(const Args& a) {
  const double lr = a.number("lr"), end = a.number("lr_end");
  if (lr <= end) a.fail("lr_end", cat("lr_end ", end, " must be smaller than lr ", lr));
  return warmed(a, [lr, end, power = a.number("power")](double n, double w, double t) {
    return n > t ? end / lr : ((lr - end) * std::pow(1 - (n - w) / (t - w), power) + end) / lr;
  });
}

Curve inverse_sqrt(const Args& a) {
  const double lr = a.number("lr"), w = a.number("num_warmup_steps"), scale = a.has("timescale") ? a.number("timescale") : w > 0 ? w : 10000;
  Curve curve = counted(Counter::step, [=](double n) { return n < w ? lr * (n / std::max(1.0, w)) : lr / std::sqrt((n + scale - w) / scale); });
  curve.check = warmup_fits(w);
  return curve;
}

double least(const Args& a) {
  if (a.has("min_lr") == a.has("min_lr_rate")) a.fail("min_lr", "give either `min_lr` or `min_lr_rate`");
  return a.has("min_lr") ? a.number("min_lr") / a.number("lr") : a.number("min_lr_rate");
}

Curve cosine_with_min(const Args& a) {
  Curve curve = warmed(a, [cycles = a.number("num_cycles"), low = least(a)](double n, double w, double t) {
    return std::max(0.0, half_cosine(cycles * 2 * progress(n, w, t)) * (1 - low) + low);
  });
  curve.end = {};
  return curve;
}

// The minimum lands on the last update (n = T - 1).
Curve cosine_warmup_with_min(const Args& a) {
  const double lr = a.number("lr"), w = a.number("num_warmup_steps"), given = length_of(a), low = least(a), cycles = a.number("num_cycles");
  const std::optional<double> first = a.has("warmup_lr_rate") ? std::optional(a.number("warmup_lr_rate")) : std::nullopt;
  if (given >= 0 && w >= given) a.fail("num_warmup_steps", cat("the warm-up of ", w, " leaves nothing of num_training_steps ", given));
  return {[=](const Moment& m) {
            const double n = m.step, t = given >= 0 ? given : m.length;
            if (n < w) return lr * (first ? *first + (1 - *first) * n / std::max(1.0, w - 1) : (n + 1) / std::max(1.0, w));
            return lr * std::max(0.0, half_cosine(cycles * 2 * (n - w + 1) / std::max(1.0, t - w)) * (1 - low) + low);
          },
          {},
          warmup_fits(w)};
}

double rise(const std::string& shape, double u) {
  if (shape == "cosine") return 1 - half_cosine(u);
  return shape == "linear" ? u : 1 - std::sqrt(1 - u);
}
double fall(const std::string& shape, double u, double cycles) {
  if (shape == "cosine") return half_cosine(cycles * 2 * u);
  return shape == "linear" ? 1 - u : 1 - std::sqrt(u);
}

Curve warmup_stable_decay(const Args& a) {
  const double lr = a.number("lr"), w = a.number("num_warmup_steps"), decay = a.number("num_decay_steps"), low = a.number("min_lr_ratio"), given = length_of(a);
  const double stable = a.has("num_stable_steps") ? a.number("num_stable_steps") : -1, cycles = a.number("num_cycles");
  if (stable >= 0 && given >= 0) a.fail("num_stable_steps", "give either `num_stable_steps` or `num_training_steps`");
  if (given >= 0 && w + decay > given) a.fail("num_decay_steps", cat("warm-up ", w, " and decay ", decay, " are longer than num_training_steps ", given));
  return {[=, up = a.word("warmup_type"), down = a.word("decay_type")](const Moment& m) {
            const double n = m.step, level = stable >= 0 ? stable : std::max(0.0, (given >= 0 ? given : m.length) - w - decay);
            if (n < w) return lr * std::max(0.0, rise(up, n / std::max(1.0, w)) * (1 - low) + low);
            if (n < w + level) return lr;
            if (n >= w + level + decay) return lr * low;
            return lr * std::max(0.0, fall(down, (n - w - level) / std::max(1.0, decay), cycles) * (1 - low) + low);
          },
          [=](const Moment&) -> std::optional<double> {
            if (stable < 0 && given < 0) return {};
            return stable >= 0 ? w + stable + decay : given;
          },
          [w, decay, stable](const Moment& m, std::vector<Finding>& findings) {
            if (w + std::max(0.0, stable) + decay > m.length)
              findings.push_back({true, cat("warm-up, stable part and decay last ", w + std::max(0.0, stable) + decay, " of ", m.length, " updates")});
          }};
}
}  // namespace

std::vector<Type> hf_types() {
  const Key lr = lr_key(), warmup = count_or_0_key("num_warmup_steps", "length of the warm-up"),
            total = count_key("num_training_steps", "whole length; the run's without it", "none");
  const Key half = number_key("num_cycles", "waves of the cosine", "0.5", positive), low = number_key("min_lr", "lowest value", "none", not_negative);
  const Key low_rate = number_key("min_lr_rate", "lowest value as a fraction", "none", fraction);
  const std::string origin = "transformers.get_scheduler";
  const std::vector<std::string> shapes = {"linear", "cosine", "1-sqrt"};
  return {
      {"hf.constant", "lr", origin, {lr}, constant},
      {"hf.constant_with_warmup", "lr * min(1, n / W)", origin, {lr, warmup}, constant_with_warmup},
      {"hf.linear", "lr * min(n / W, (T - n) / (T - W))", origin, {lr, warmup, total}, linear},
      {"hf.cosine", "lr * (1 + cos(2 * pi * num_cycles * p)) / 2 after the warm-up", origin, {lr, warmup, total, half}, cosine},
      {"hf.cosine_with_restarts",
       "lr * (1 + cos(pi * (num_cycles * p mod 1))) / 2",
       origin,
       {lr, warmup, total, count_key("num_cycles", "number of cycles", "1")},
       restarts},
      {"hf.polynomial",
       "(lr - lr_end) * (1 - p) ^ power + lr_end",
       origin,
       {lr, warmup, total, number_key("lr_end", "last value", "1e-07"), number_key("power", "exponent", "1", positive)},
       polynomial},
      {"hf.inverse_sqrt",
       "lr / sqrt((n + timescale - W) / timescale)",
       origin,
       {lr, warmup, number_key("timescale", "W without it, or 10000", "none", positive)},
       inverse_sqrt},
      {"hf.cosine_with_min_lr", "the cosine, from lr down to min_lr", origin, {lr, warmup, total, half, low, low_rate}, cosine_with_min},
      {"hf.cosine_warmup_with_min_lr",
       "the same; the minimum is the last update's",
       origin,
       {lr, warmup, total, half, low, low_rate, number_key("warmup_lr_rate", "first value as a fraction", "none", fraction)},
       cosine_warmup_with_min},
      {"hf.warmup_stable_decay",
       "rise to lr, lr, fall to lr * min_lr_ratio",
       origin,
       {lr, warmup, count_key("num_decay_steps", "length of the fall"), total, count_or_0_key("num_stable_steps", "length between", "none"),
        word_key("warmup_type", "shape of the rise", "linear", shapes), word_key("decay_type", "shape of the fall", "cosine", shapes),
        number_key("min_lr_ratio", "lowest value as a fraction", "0", fraction), half},
       warmup_stable_decay},
  };
}

}  // namespace lehr
