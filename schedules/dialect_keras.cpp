// keras.optimizers.schedules: the counter is the number of updates made; arguments and edges as in Keras 3.
#include "schedules/cycle.h"
#include "schedules/dialect.h"

namespace lehr {
namespace {
using Kind = Key::Kind;

template <class Decay>
Curve decaying(const Args& a, Decay decay) {
  return counted(Counter::step, [lr = a.number("initial_learning_rate"), rate = a.number("decay_rate"), steps = a.number("decay_steps"),
                                 stair = a.flag("staircase"), decay](double n) {
    const double p = n / steps;
    return lr * decay(rate, stair ? std::floor(p) : p);
  });
}

// With `cycle` the length grows to the next multiple of decay_steps that is not below n.
Curve polynomial(const Args& a) {
  const double steps = a.number("decay_steps");
  const bool cycle = a.flag("cycle");
  Curve curve =
      counted(Counter::step, [lr = a.number("initial_learning_rate"), end = a.number("end_learning_rate"), power = a.number("power"), steps, cycle](double n) {
        const double length = cycle ? steps * (n == 0 ? 1 : std::ceil(n / steps)) : steps;
        return (lr - end) * std::pow(1 - std::min(n, length) / length, power) + end;
      });
  if (!cycle) curve.end = ends_after(steps);
  return curve;
}

// The boundary's own update still has the old value.
Curve piecewise(const Args& a) {
  const auto bounds = a.numbers("boundaries"), values = a.numbers("values");
  require_order(a, "boundaries", bounds, true);
  if (values.size() != bounds.size() + 1)
    a.fail("values", cat(bounds.size(), " boundaries need ", bounds.size() + 1, " values, but there are ", values.size()));
  return counted(Counter::step,
                 [bounds, values](double n) { return values[static_cast<std::size_t>(std::lower_bound(bounds.begin(), bounds.end(), n) - bounds.begin())]; });
}

// alpha is a fraction of the rate; decay_steps follow the warm-up.
Curve cosine(const Args& a) {
  const double lr = a.number("initial_learning_rate"), steps = a.number("decay_steps"), alpha = a.number("alpha");
  const bool warm = a.has("warmup_target");
  const double top = warm ? a.number("warmup_target") : lr, warmup = warm ? a.number("warmup_steps") : 0;
  Curve curve = counted(Counter::step, [=](double n) {
    if (n < warmup) return lr + (top - lr) * n / warmup;
    return top * ((1 - alpha) * half_cosine(std::min(n - warmup, steps) / steps) + alpha);
  });
  curve.end = ends_after(warmup + steps);
  curve.check = warmup_fits(warmup);
  return curve;
}

// m_mul scales the wave, not the floor.
Curve restarts(const Args& a) {
  Curve curve = counted(Counter::step, [lr = a.number("initial_learning_rate"), first = a.number("first_decay_steps"), t = a.number("t_mul"),
                                        m = a.number("m_mul"), alpha = a.number("alpha")](double n) {
    const Cycle c = cycle_at(n, first, t);
    return lr * ((1 - alpha) * half_cosine(c.fraction) * std::pow(m, c.index) + alpha);
  });
  curve.check = restarts_happen(a.number("first_decay_steps"));
  return curve;
}

// The rate of the epoch, set when it begins: the formula's `epoch` is whole.
Curve callback(const Args& a) {
  return {[inner = a.schedule("schedule")](const Moment& m) {
    return inner.at(Moment{m.epoch() * static_cast<double>(m.run.steps_per_epoch), m.length, m.run});
  }};
}

// What `decay=` did in the optimizers before Keras 2.11, on a number or on top of a schedule.
Curve legacy(const Args& a) {
  return {[inner = a.schedule("learning_rate"), decay = a.number("decay")](const Moment& m) { return inner.at(m) / (1 + decay * m.step); }};
}
}  // namespace

std::vector<Type> keras_types() {
  const Key lr = number_key("initial_learning_rate", "value at update 0"), steps = number_key("decay_steps", "updates of one unit of decay", "", positive);
  const Key stair = flag_key("staircase", "only whole multiples of decay_steps count", "false");
  const Key alpha = number_key("alpha", "floor as a fraction of the rate", "0");
  const std::string origin = "keras.optimizers.schedules";
  return {
      {"keras.ExponentialDecay",
       "lr * decay_rate ^ (n / decay_steps)",
       origin,
       {lr, steps, number_key("decay_rate", "factor per decay_steps", "", positive), stair},
       [](const Args& a) { return decaying(a, [](double rate, double p) { return std::pow(rate, p); }); }},
      {"keras.InverseTimeDecay",
       "lr / (1 + decay_rate * n / decay_steps)",
       origin,
       {lr, steps, number_key("decay_rate", "decay rate", "", not_negative), stair},
       [](const Args& a) { return decaying(a, [](double rate, double p) { return 1 / (1 + rate * p); }); }},
      {"keras.PolynomialDecay",
       "(lr - end) * (1 - n / decay_steps) ^ power + end",
       origin,
       {lr, number_key("decay_steps", "length", "", positive), number_key("end_learning_rate", "value at the end", "0.0001"),
        number_key("power", "exponent", "1", positive), flag_key("cycle", "after the end, go on with a longer length", "false")},
       polynomial},
      {"keras.PiecewiseConstantDecay",
       "values[k] while n <= boundaries[k]",
       origin,
       {list_key("boundaries", Kind::numbers, "rising updates", "", not_negative), list_key("values", Kind::numbers, "one more than boundaries")},
       piecewise},
      {"keras.CosineDecay",
       "target * ((1 - alpha) * (1 + cos(pi * (n - warmup) / decay_steps)) / 2 + alpha)",
       origin,
       {lr, number_key("decay_steps", "length after the warm-up", "", positive), alpha, number_key("warmup_target", "value after the warm-up", "none"),
        count_or_0_key("warmup_steps", "length of the warm-up", "0")},
       cosine},
      {"keras.CosineDecayRestarts",
       "lr * ((1 - alpha) * m_mul ^ i * (1 + cos(pi * u)) / 2 + alpha)",
       origin,
       {lr, number_key("first_decay_steps", "length of the first cycle", "", positive), number_key("t_mul", "growth of the cycles", "2", Range{1}),
        number_key("m_mul", "factor of the wave at each restart", "1", positive), alpha},
       restarts},
      {"keras.LearningRateScheduler", "schedule(epoch)", "keras.callbacks", {schedule_key("schedule", "formula of the epoch")}, callback},
      {"keras.legacy_decay",
       "learning_rate / (1 + decay * n)",
       "the `decay` argument before Keras 2.11",
       {schedule_key("learning_rate", "number or schedule"), number_key("decay", "decay per update", "0", not_negative)},
       legacy},
  };
}

}  // namespace lehr
