// Schedules that go one way: staircases, decays on an open scale, and shapes between two values over a length.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "schedules/formula.h"
#include "schedules/prefix_product.h"
#include "schedules/type.h"

namespace lehr {
namespace {

using Kind = Key::Kind;
const Key from_key = number_key("from", "value at the first update");
const Key to_key = number_key("to", "value at the end");
const Key for_key = span_key("for", "length; without it, the rest of the phase or run", "none");
const Key initial_key = number_key("initial", "value at the first update");
const Key staircase_key = flag_key("staircase", "only whole multiples of `every` count", "false");

// from at u = 0, to at u = 1 and after; weight(u) falls from 1 to 0.
template <class Weight>
Curve between(const Args& a, Weight weight) {
  return {[from = a.number("from"), to = a.number("to"), u = unit_time(a), weight](const Moment& m) {
            const double w = weight(u(m));
            return to + (from - to) * w;
          },
          unit_end(a)};
}

template <class Decay>
Curve decaying(const Args& a, Decay decay) {
  return {[initial = a.number("initial"), every = a.span("every"), stair = a.flag("staircase"), decay](const Moment& m) {
    const double x = share(m, every);
    return initial * decay(stair ? std::floor(x) : x);
  }};
}

Curve constant(const Args& a) {
  Curve curve{[value = a.number("value")](const Moment&) { return value; }};
  curve.constant = true;
  return curve;
}

Curve written(const Args& a) {
  Curve curve{[inner = a.schedule("formula")](const Moment& m) { return inner.at(m); }};
  curve.constant = a.schedule("formula").constant();
  return curve;
}

Curve step(const Args& a) {
  const Span every = a.span("every");
  return {[initial = a.number("initial"), factor = a.number("factor"), every, shift = Span{every.unit, a.number("offset")}](const Moment& m) {
    return initial * std::pow(factor, std::floor((m.step + shift.steps(m.run)) / every.steps(m.run)));
  }};
}

// Milestones passed at this moment; on a milestone itself the new value counts, or still the old one.
std::size_t passed(const Moment& m, const std::vector<Span>& at, bool old) {
  std::size_t count = 0;
  for (const Span& milestone : at) {
    const double step = milestone.steps(m.run);
    count += old ? m.step > step : m.step >= step;
  }
  return count;
}

// Spans of one unit must rise when they are read; of mixed units, when the clock is known.
void require_rising(const Args& a, const std::vector<Span>& at) {
  for (std::size_t i = 1; i < at.size(); ++i)
    if (at[i].unit == at[i - 1].unit && at[i].count <= at[i - 1].count)
      a.fail("at", cat("milestones must rise, but ", at[i].text(), " follows ", at[i - 1].text()));
}

std::function<void(const Moment&, std::vector<Schedule::Finding>&)> milestones_on_the_clock(const std::vector<Span>& at) {
  return [at](const Moment& m, std::vector<Schedule::Finding>& findings) {
    for (std::size_t i = 0; i < at.size(); ++i) {
      if (i > 0 && at[i].steps(m.run) <= at[i - 1].steps(m.run))
        findings.push_back({true, cat("milestone ", at[i].text(), " does not come after ", at[i - 1].text())});
      if (at[i].steps(m.run) >= m.length) findings.push_back({false, cat("milestone ", at[i].text(), " is never reached: there are ", m.length, " updates")});
    }
  };
}

Curve multistep(const Args& a) {
  const auto& at = a.spans("at");
  require_rising(a, at);
  return {[initial = a.number("initial"), factor = a.number("factor"), at, old = a.word("boundary") == "old"](const Moment& m) {
            return initial * std::pow(factor, static_cast<double>(passed(m, at, old)));
          },
          {},
          milestones_on_the_clock(at)};
}

double blend(const std::string& how, double a, double b, double u) {
  if (how == "linear") return a + (b - a) * u;
  if (how == "cosine") return b + (a - b) * 0.5 * (1 + std::cos(std::numbers::pi * u));
  return a * std::pow(b / a, u);
}

Curve table(const Args& a) {
  const auto& at = a.spans("at");
  const auto& values = a.numbers("values");
  const std::string how = a.word("between");
  require_rising(a, at);
  const std::size_t wanted = how == "steps" ? at.size() + 1 : at.size();
  if (values.size() != wanted)
    a.fail("values", cat(at.size(), " moments in `at` need ", wanted, " values", how == "steps" ? " (the first one counts from the start)" : "",
                         ", but there are ", values.size()));
  if (how == "geometric" && std::any_of(values.begin(), values.end(), [](double v) { return v <= 0; })) a.fail("values", "geometric steps need values above 0");
  if (how == "steps")
    return {[at, values, old = a.word("boundary") == "old"](const Moment& m) { return values[passed(m, at, old)]; }, {}, milestones_on_the_clock(at)};
  return {[at, values, how](const Moment& m) {
            const std::size_t next = passed(m, at, false);
            if (next == 0) return values.front();
            if (next == at.size()) return values.back();
            const double begin = at[next - 1].steps(m.run), end = at[next].steps(m.run);
            return blend(how, values[next - 1], values[next], (m.step - begin) / (end - begin));
          },
          {},
          milestones_on_the_clock(at)};
}

Curve inverse_time(const Args& a) {
  if (a.has("rate") == a.has("decay")) a.fail("decay", "give either `rate` or, the same under its old name, `decay`");
  if (a.has("every") && a.has("per")) a.fail("per", "give either `every` or `per`");
  const bool epochs = a.has("per") && a.word("per") == "epoch";
  const Span every = a.has("every") ? a.span("every") : Span{epochs ? Span::Unit::epochs : Span::Unit::steps, 1};
  return {[initial = a.number("initial"), rate = a.number(a.has("rate") ? "rate" : "decay"), power = a.number("power"), every,
           stair = a.flag("staircase") || epochs](const Moment& m) {
    const double x = share(m, every), base = 1 + rate * (stair ? std::floor(x) : x);
    return power == 1 ? initial / base : initial * std::pow(base, -power);
  }};
}

Curve cumulative(const Args& a) {
  return {[initial = a.number("initial"), epochs = a.word("per") == "epoch", product = std::make_shared<PrefixProduct>(a.schedule("factor"))](const Moment& m) {
    return initial * product->until(m, epochs);
  }};
}

Curve power_law(const Args& a) {
  const Span unit = a.span("every");
  return {[initial = a.number("initial"), exponent = a.number("exponent"), scale = a.number("scale"), unit](const Moment& m) {
    const double x = share(m, unit);
    return x <= 0 ? initial : std::min(initial, scale * std::pow(x, exponent));
  }};
}

Curve sigmoid(const Args& a) {
  return between(a, [center = a.number("center"), steepness = a.number("steepness")](double u) {
    const auto s = [&](double x) { return 1 / (1 + std::exp(steepness * (x - center))); };
    return (s(u) - s(1)) / (s(0) - s(1));
  });
}

Curve tanh_decay(const Args& a) {
  return between(a, [lower = a.number("lower"), upper = a.number("upper")](double u) { return 0.5 * (1 - std::tanh(lower * (1 - u) + upper * u)); });
}

Curve geometric(const Args& a) {
  if (a.number("from") <= 0 || a.number("to") <= 0) a.fail("from", "both ends must be above 0");
  return {[from = a.number("from"), ratio = a.number("to") / a.number("from"), u = unit_time(a)](const Moment& m) { return from * std::pow(ratio, u(m)); },
          unit_end(a)};
}
}  // namespace

std::vector<Type> decay_types() {
  const Key every = span_key("every", "length of one unit of decay");
  const Key boundary = word_key("boundary", "which value the milestone's own update has", "new", {"new", "old"});
  return {
      {"constant", "value", "", {number_key("value", "the value")}, constant},
      {"formula",
       "any arithmetic of step, epoch, t, progress, steps, epochs, steps_per_epoch, samples",
       "torch LambdaLR",
       {list_key("formula", Kind::formula, "the formula")},
       written},
      {"step",
       "initial * factor ^ floor((x + offset) / every)",
       "torch StepLR; the tutorial's drop-based decay with offset 1",
       {initial_key, number_key("factor", "multiplied at each drop", "", positive), span_key("every", "distance of two drops"),
        number_key("offset", "units of `every` the drops come earlier", "0")},
       step},
      {"multistep",
       "initial * factor ^ (milestones passed)",
       "torch MultiStepLR",
       {initial_key, number_key("factor", "multiplied at each milestone", "0.1", positive), list_key("at", Kind::spans, "milestones, rising", "", not_negative),
        boundary},
       multistep},
      {"table",
       "values[k] between the moments at[k-1] and at[k], or a line, cosine or geometric step through (at, values)",
       "Keras PiecewiseConstantDecay, optax piecewise_interpolate_schedule",
       {list_key("at", Kind::spans, "moments, rising", "", not_negative), list_key("values", Kind::numbers, "one more than `at` for steps, else as many"),
        word_key("between", "how values are joined", "steps", {"steps", "linear", "cosine", "geometric"}), boundary},
       table},
      {"exponential",
       "initial * rate ^ (x / every)",
       "Keras ExponentialDecay, torch ExponentialLR",
       {initial_key, number_key("rate", "factor after each `every`", "", positive), every, staircase_key},
       [](const Args& a) { return decaying(a, [rate = a.number("rate")](double x) { return std::pow(rate, x); }); }},
      {"inverse_time",
       "initial / (1 + rate * x / every) ^ power",
       "Keras decay= (per update) and InverseTimeDecay; Caffe inv",
       {initial_key, number_key("rate", "decay rate", "none", not_negative), number_key("decay", "the same as `rate`", "none", not_negative),
        span_key("every", "unit of x; 1 step without it", "none"), word_key("per", "x counts updates, or whole epochs", "none", {"step", "epoch"}),
        staircase_key, number_key("power", "exponent", "1", positive)},
       inverse_time},
      {"natural_exp",
       "initial * exp(-rate * x / every)",
       "TensorFlow 1 natural_exp_decay",
       {initial_key, number_key("rate", "decay rate", "", not_negative), every, staircase_key},
       [](const Args& a) { return decaying(a, [rate = a.number("rate")](double x) { return std::exp(-rate * x); }); }},
      {"cumulative",
       "initial * factor(1) * factor(2) * ... * factor(x)",
       "torch MultiplicativeLR; the tutorial's printed table",
       {initial_key, schedule_key("factor", "formula of the moment, multiplied once per update or epoch"),
        word_key("per", "one factor an update, or an epoch", "step", {"step", "epoch"})},
       cumulative},
      {"linear",
       "from + (to - from) * u",
       "torch LinearLR, optax linear_schedule",
       {from_key, to_key, for_key},
       [](const Args& a) { return between(a, [](double u) { return 1 - u; }); }},
      {"polynomial",
       "to + (from - to) * (1 - u) ^ power",
       "Keras PolynomialDecay, torch PolynomialLR",
       {from_key, to_key, number_key("power", "exponent", "1", positive), for_key},
       [](const Args& a) { return between(a, [power = a.number("power")](double u) { return std::pow(1 - u, power); }); }},
      {"geometric", "from * (to / from) ^ u", "learning-rate range test", {from_key, to_key, for_key}, geometric},
      {"k_decay",
       "to + (from - to) * (1 + cos(pi * u ^ k)) / 2",
       "k-decay, arXiv 2004.05909; timm k_decay",
       {from_key, to_key, number_key("k", "exponent of time", "1.5", positive), for_key},
       [](const Args& a) { return between(a, [k = a.number("k")](double u) { return 0.5 * (1 + std::cos(std::numbers::pi * std::pow(u, k))); }); }},
      {"rex",
       "to + (from - to) * (1 - u) / (1 - beta * u)",
       "REX, arXiv 2107.04197",
       {from_key, to_key, number_key("beta", "how long the value stays high", "0.5", {0, 1, true}), for_key},
       [](const Args& a) { return between(a, [beta = a.number("beta")](double u) { return (1 - u) / (1 - beta * u); }); }},
      {"tanh",
       "to + (from - to) * (1 - tanh(lower * (1 - u) + upper * u)) / 2",
       "timm TanhLRScheduler",
       {from_key, to_key, number_key("lower", "argument of tanh at the start", "-7"), number_key("upper", "argument of tanh at the end", "3"), for_key},
       tanh_decay},
      {"sigmoid",
       "to + (from - to) * (s(u) - s(1)) / (s(0) - s(1)), s(u) = 1 / (1 + exp(steepness * (u - center)))",
       "",
       {from_key, to_key, number_key("center", "u of the steepest point", "0.5", fraction), number_key("steepness", "how sudden", "12", positive), for_key},
       sigmoid},
      {"power",
       "min(initial, scale * (x / every) ^ exponent)",
       "power scheduler, arXiv 2408.13359",
       {initial_key, number_key("scale", "value at x = every", "", positive), number_key("exponent", "below 0 to decay", "-0.5"),
        span_key("every", "unit of x, e.g. 1 sample")},
       power_law},
  };
}

}  // namespace lehr
