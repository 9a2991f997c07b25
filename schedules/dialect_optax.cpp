// optax schedules: pure functions of the count of updates. A boundary's own update has the new value.
#include "schedules/dialect.h"

namespace lehr {
namespace {
using Kind = Key::Kind;

struct Polynomial {
  double init, end, power, steps, begin;
  double operator()(double n) const {
    if (steps <= 0) return init;
    const double x = std::clamp(n - begin, 0.0, steps);
    return (init - end) * std::pow(1 - x / steps, power) + end;
  }
};

struct Cosine {
  double init, steps, alpha, exponent;
  double operator()(double n) const {
    const double wave = half_cosine(std::clamp(n, 0.0, steps) / steps);
    return init * ((1 - alpha) * (exponent == 1 ? wave : std::pow(wave, exponent)) + alpha);
  }
};

struct Exponential {
  double init, steps, rate, begin;
  bool stair;
  std::optional<double> end;
  double operator()(double n) const {
    if (rate == 0 || n <= begin) return init;
    const double p = (n - begin) / steps, value = init * std::pow(rate, stair ? std::floor(p) : p);
    return !end ? value : rate < 1 ? std::max(value, *end) : std::min(value, *end);
  }
};

// Knots (boundary, value), the first at 0; after the last its value.
struct Knotted {
  Knots knots;
  bool cosine;
  double operator()(double n) const {
    std::size_t i = 0;
    while (i + 1 < knots.size() && n >= knots[i + 1].first) ++i;
    if (i + 1 == knots.size()) return knots[i].second;
    const double u = (n - knots[i].first) / (knots[i + 1].first - knots[i].first), a = knots[i].second, b = knots[i + 1].second;
    return cosine ? b + (a - b) * half_cosine(u) : a + (b - a) * u;
  }
};

// Scales multiply up.
Knots multiplied_up(double init, const Knots& scales) {
  Knots knots{{0, init}};
  for (const auto& [at, scale] : scales) {
    init *= scale;
    if (at == 0)
      knots[0].second = init;
    else
      knots.emplace_back(at, init);
  }
  return knots;
}

Exponential exponential_of(const Args& a, double init) {
  return {init,
          a.number("transition_steps"),
          a.number("decay_rate"),
          a.number("transition_begin"),
          a.flag("staircase"),
          a.has("end_value") ? std::optional(a.number("end_value")) : std::nullopt};
}

Curve polynomial(const Args& a, double power) {
  const double steps = a.number("transition_steps"), begin = a.number("transition_begin");
  Curve curve = counted(Counter::step, Polynomial{a.number("init_value"), a.number("end_value"), power, steps, begin});
  if (steps > 0) curve.end = ends_after(begin + steps);
  return curve;
}

Curve piecewise_constant(const Args& a) {
  const Knots knots = multiplied_up(a.number("init_value"), a.has("boundaries_and_scales") ? a.knots("boundaries_and_scales") : Knots{});
  return counted(Counter::step, [knots](double n) {
    std::size_t i = 0;
    while (i + 1 < knots.size() && n >= knots[i + 1].first) ++i;
    return knots[i].second;
  });
}

Curve piecewise_interpolate(const Args& a) {
  const Knots scales = a.has("boundaries_and_scales") ? a.knots("boundaries_and_scales") : Knots{};
  return counted(Counter::step, Knotted{multiplied_up(a.number("init_value"), scales), a.word("interpolate_type") == "cosine"});
}

Curve knotted(Knots knots, bool cosine, const Args& a) {
  for (std::size_t i = 1; i < knots.size(); ++i)
    if (knots[i].first <= knots[i - 1].first)
      a.fail("transition_steps",
             cat("its parts begin at updates ", knots[i - 1].first, " and ", knots[i].first, ": the peak is never reached or a part is empty"));
  Curve curve = counted(Counter::step, Knotted{knots, cosine});
  curve.end = ends_after(knots.back().first);
  return curve;
}

Curve linear_onecycle(const Args& a) {
  const double steps = a.number("transition_steps"), peak = a.number("peak_value"), low = peak / a.number("div_factor");
  return knotted({{0, low},
                  {std::floor(a.number("pct_start") * steps), peak},
                  {std::floor(a.number("pct_final") * steps), low},
                  {steps, low / a.number("final_div_factor")}},
                 false, a);
}

Curve cosine_onecycle(const Args& a) {
  const double steps = a.number("transition_steps"), peak = a.number("peak_value"), low = peak / a.number("div_factor");
  return knotted({{0, low}, {std::floor(a.number("pct_start") * steps), peak}, {steps, low / a.number("final_div_factor")}}, true, a);
}

// A line from init_value to peak_value, then `after` from its own 0.
template <class After>
Curve warmed(const Args& a, After after) {
  const double warmup = a.number("warmup_steps");
  const Polynomial rise{a.number("init_value"), a.number("peak_value"), 1, warmup, 0};
  Curve curve = counted(Counter::step, [rise, after, warmup](double n) { return n < warmup ? rise(n) : after(n - warmup); });
  curve.check = warmup_fits(warmup);
  return curve;
}

Curve warmup_constant(const Args& a) {
  Curve curve = counted(Counter::step, Polynomial{a.number("init_value"), a.number("peak_value"), 1, a.number("warmup_steps"), 0});
  curve.check = warmup_fits(a.number("warmup_steps"));
  return curve;
}

// decay_steps include the warm-up.
Curve warmup_cosine(const Args& a) {
  const double peak = a.number("peak_value"), steps = a.number("decay_steps") - a.number("warmup_steps");
  if (steps <= 0)
    a.fail("decay_steps", cat("decay_steps ", a.number("decay_steps"), " include the ", a.number("warmup_steps"), " of the warm-up, nothing is left"));
  Curve curve = warmed(a, Cosine{peak, steps, peak == 0 ? 0 : a.number("end_value") / peak, a.number("exponent")});
  curve.end = ends_after(a.number("decay_steps"));
  return curve;
}

Curve join(const Args& a, std::vector<double> boundaries, const char* at) {
  const auto parts = a.schedules(at);
  if (parts.size() != boundaries.size() + 1)
    a.fail("boundaries", cat(parts.size(), " schedules need ", parts.size() - 1, " boundaries, but there are ", boundaries.size()));
  return {[parts, boundaries](const Moment& m) {
    const auto i = static_cast<std::size_t>(std::upper_bound(boundaries.begin(), boundaries.end(), m.step) - boundaries.begin());
    const double begin = i == 0 ? 0 : boundaries[i - 1];
    return parts[i].at(Moment{m.step - begin, m.length - begin, m.run});
  }};
}

Curve join_schedules(const Args& a) {
  require_order(a, "boundaries", a.numbers("boundaries"), true);
  return join(a, a.numbers("boundaries"), "schedules");
}

// Each part begins where the decay_steps before it are used up.
Curve sgdr(const Args& a) {
  const auto& parts = a.schedules("cosine_kwargs");
  std::vector<double> boundaries;
  double sum = 0;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    const Term text = parse_term(parts[i].text());
    const Term* steps = text.find("decay_steps");
    double length = 0;
    if (!steps || !parse_number(steps->scalar, length)) a.fail("cosine_kwargs", "each part needs `decay_steps`");
    boundaries.push_back(sum += length);
  }
  return join(a, boundaries, "cosine_kwargs");
}
}  // namespace

std::vector<Type> optax_types() {
  const Key init = number_key("init_value", "first value"), end = number_key("end_value", "last value"), peak = number_key("peak_value", "highest value");
  const Key steps = count_or_0_key("transition_steps", "length; 0 keeps init_value"),
            begin = count_or_0_key("transition_begin", "updates before it starts", "0");
  const Key unit = count_key("transition_steps", "updates per decay_rate"), rate = number_key("decay_rate", "factor; 0 keeps init_value", "", not_negative);
  const Key stair = flag_key("staircase", "only whole multiples of transition_steps count", "false"),
            limit = number_key("end_value", "limit of the decay", "none");
  const Key warmup = count_or_0_key("warmup_steps", "length of the rise"), exponent = number_key("exponent", "of the cosine", "1", positive);
  const Key scales = list_key("boundaries_and_scales", Kind::knots, "update: factor", "none", not_negative);
  const Key length = count_key("transition_steps", "length"), part = number_key("pct_start", "fraction of the length until the peak", "0.3", fraction);
  const Key div = number_key("div_factor", "peak over the first value", "25", positive),
            final_div = number_key("final_div_factor", "first value over the last", "10000", positive);
  Key kwargs = list_key("cosine_kwargs", Kind::schedules, "arguments of warmup_cosine_decay_schedule, one mapping a cycle");
  kwargs.words = {"optax.warmup_cosine_decay_schedule"};
  return {
      {"optax.constant_schedule",
       "value",
       "optax",
       {number_key("value", "the value")},
       [](const Args& a) { return counted(Counter::step, [v = a.number("value")](double) { return v; }); }},
      {"optax.polynomial_schedule",
       "(init - end) * (1 - x / transition_steps) ^ power + end",
       "optax",
       {init, end, number_key("power", "exponent", "", positive), steps, begin},
       [](const Args& a) { return polynomial(a, a.number("power")); }},
      {"optax.linear_schedule", "the same with power 1", "optax", {init, end, steps, begin}, [](const Args& a) { return polynomial(a, 1); }},
      {"optax.piecewise_constant_schedule", "init * product of the scales at boundaries <= n", "optax", {init, scales}, piecewise_constant},
      {"optax.piecewise_interpolate_schedule",
       "through init * cumulated scales at the boundaries",
       "optax",
       {word_key("interpolate_type", "how knots are joined", "", {"linear", "cosine"}), init, scales},
       piecewise_interpolate},
      {"optax.exponential_decay",
       "init * decay_rate ^ ((n - begin) / transition_steps)",
       "optax",
       {init, unit, rate, begin, stair, limit},
       [](const Args& a) { return counted(Counter::step, exponential_of(a, a.number("init_value"))); }},
      {"optax.cosine_decay_schedule",
       "init * ((1 - alpha) * ((1 + cos(pi * u)) / 2) ^ exponent + alpha)",
       "optax",
       {init, count_key("decay_steps", "length"), number_key("alpha", "floor as a fraction of init_value", "0"), exponent},
       [](const Args& a) {
         Curve curve = counted(Counter::step, Cosine{a.number("init_value"), a.number("decay_steps"), a.number("alpha"), a.number("exponent")});
         curve.end = ends_after(a.number("decay_steps"));
         return curve;
       }},
      {"optax.linear_onecycle_schedule",
       "lines through peak / div, peak, peak / div, peak / div / final_div",
       "optax",
       {length, peak, part, number_key("pct_final", "fraction until the last part", "0.85", fraction), div, final_div},
       linear_onecycle},
      {"optax.cosine_onecycle_schedule",
       "cosines through peak / div, peak, peak / div / final_div",
       "optax",
       {length, peak, part, div, final_div},
       cosine_onecycle},
      {"optax.warmup_constant_schedule", "a line from init to peak, then peak", "optax", {init, peak, warmup}, warmup_constant},
      {"optax.warmup_cosine_decay_schedule",
       "a line from init to peak, then a cosine to end; decay_steps include the warm-up",
       "optax",
       {init, peak, warmup, count_key("decay_steps", "whole length"), number_key("end_value", "last value", "0"), exponent},
       warmup_cosine},
      {"optax.warmup_exponential_decay_schedule",
       "a line from init to peak, then exponential_decay",
       "optax",
       {init, peak, warmup, unit, rate, begin, stair, limit},
       [](const Args& a) { return warmed(a, exponential_of(a, a.number("peak_value"))); }},
      {"optax.sgdr_schedule", "warmup_cosine_decay_schedule one after another", "optax", {kwargs}, sgdr},
      {"optax.join_schedules",
       "schedules[k] from boundaries[k-1] on, each in its own time",
       "optax",
       {list_key("schedules", Kind::schedules, "schedules"), list_key("boundaries", Kind::numbers, "updates, rising", "", not_negative)},
       join_schedules},
  };
}

}  // namespace lehr
