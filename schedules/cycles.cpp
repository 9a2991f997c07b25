// Schedules that come back: cosine with and without restarts, triangles, one cycle, warm-up with what follows.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "schedules/cycle.h"
#include "schedules/type.h"

namespace lehr {
namespace {
using Finding = Schedule::Finding;

double cosine_fall(double u) { return 0.5 * (1 + std::cos(std::numbers::pi * u)); }

// A fall from 1 at u = 0 to 0 at u = 1.
double fall(const std::string& shape, double u) {
  if (shape == "cosine") return cosine_fall(u);
  if (shape == "linear") return 1 - u;
  if (shape == "1-sqrt") return 1 - std::sqrt(u);
  if (shape == "1-square") return 1 - u * u;
  return 0;
}
const std::vector<std::string> fall_shapes = {"cosine", "linear", "1-sqrt", "1-square"};

void restart_never(const Span& cycle, double length, const Clock& run, std::vector<Finding>& findings) {
  if (cycle.steps(run) >= length)
    findings.push_back({false, cat("a cycle of ", cycle.text(), " (", cycle.steps(run), " updates) never restarts within ", length, " updates")});
}

// to·f^i + (from·p^i - to·f^i)·a^i·S(u), i the cycle, u the fraction of it.
Curve cycling(const Args& a) {
  struct Body {
    double from, to, growth, peak, floor, amplitude, limit;
    Span cycle;
    std::string shape;
    double at(const Moment& m) const {
      const Cycle c = cycle_at(m.step, cycle.steps(m.run), growth);
      if (c.index >= limit) return floor == 1 ? to : to * std::pow(floor, limit - 1);
      const double low = floor == 1 ? to : to * std::pow(floor, c.index), high = peak == 1 ? from : from * std::pow(peak, c.index);
      const double width = amplitude == 1 ? high - low : (high - low) * std::pow(amplitude, c.index);
      return low + width * fall(shape, c.fraction);
    }
  };
  const bool restarts = a.type().name == "restarts";
  const Body body{a.number("from"),
                  a.number("to"),
                  a.number("growth"),
                  a.number("peak_decay"),
                  a.number("floor_decay"),
                  a.number("amplitude_decay"),
                  a.has("cycles") ? a.number("cycles") : std::numeric_limits<double>::infinity(),
                  a.span("cycle"),
                  restarts ? a.word("shape") : "cosine"};
  const auto check = [body](const Moment& m, std::vector<Finding>& findings) { restart_never(body.cycle, m.length, m.run, findings); };
  if (!a.has("for")) return {[body](const Moment& m) { return body.at(m); }, {}, check};
  return {[body, span = a.span("for")](const Moment& m) { return m.step < span.steps(m.run) ? body.at(m) : body.to; }, unit_end(a), check};
}

Curve cosine(const Args& a) {
  if (a.has("cycle")) return cycling(a);
  for (const char* key : {"growth", "peak_decay", "floor_decay", "amplitude_decay"})
    if (a.number(key) != 1) a.fail(key, cat("key ", quote(key), " needs the key 'cycle'"));
  if (a.has("cycles")) a.fail("cycles", "key 'cycles' needs the key 'cycle'");
  return {[from = a.number("from"), to = a.number("to"), u = unit_time(a), exponent = a.number("exponent")](const Moment& m) {
            const double w = cosine_fall(u(m));
            return to + (from - to) * (exponent == 1 ? w : std::pow(w, exponent));
          },
          unit_end(a)};
}

// Up from low to high in `up`, back in `down`; the height shrinks with the cycle or with time.
Curve triangular(const Args& a) {
  const std::string& name = a.type().name;
  const bool halves = name == "triangular2";
  const double gamma = name == "exp_range" ? a.number("gamma") : 1;
  const Span up = a.span("up"), down = a.has("down") ? a.span("down") : up;
  return {[low = a.number("low"), high = a.number("high"), up, down, halves, gamma](const Moment& m) {
            const double rise = up.steps(m.run), whole = rise + down.steps(m.run);
            const Cycle c = cycle_at(m.step, whole, 1);
            const double at = c.fraction * whole, height = at <= rise ? at / rise : (whole - at) / (whole - rise);
            const double scale = halves ? std::exp2(-c.index) : gamma == 1 ? 1 : std::pow(gamma, m.step);
            return low + (high - low) * height * scale;
          },
          {},
          [up](const Moment& m, std::vector<Finding>& findings) {
            if (up.steps(m.run) >= m.length)
              findings.push_back({false, cat("the top is never reached: it comes after ", up.text(), " of ", m.length, " updates")});
          }};
}

// Rises to the peak, falls back, and (three phases: after a fall as long as the rise) goes down to `to` on the last update.
Curve one_cycle(const Args& a) {
  const double peak = a.number("peak");
  const double from = a.has("from") ? a.number("from") : peak / 25, to = a.has("to") ? a.number("to") : peak / 25e4;
  const bool three = a.number("phases") == 3, linear = a.word("shape") == "linear";
  const double rise = a.number("rise");
  if (rise * (three ? 2 : 1) >= 1) a.fail("rise", cat("a rise of ", rise, " of the length leaves nothing for the last phase"));
  struct Ends {
    double top, back, last;
  };
  const auto ends = [rise, three, span = a.has("for") ? std::optional(a.span("for")) : std::nullopt](const Moment& m) {
    const double length = span ? span->steps(m.run) : m.length, last = std::max(1.0, length - 1);
    const double top = std::round(rise * last);
    return Ends{top, three ? 2 * top : top, last};
  };
  return {[=](const Moment& m) {
            const Ends e = ends(m);
            const auto go = [&](double x, double begin, double end, double start, double stop) {
              const double u = end > begin ? std::clamp((x - begin) / (end - begin), 0.0, 1.0) : 1.0;
              return stop + (start - stop) * (linear ? 1 - u : cosine_fall(u));
            };
            if (m.step < e.top) return go(m.step, 0, e.top, from, peak);
            if (m.step < e.back) return go(m.step, e.top, e.back, peak, from);
            return go(m.step, e.back, e.last, three ? from : peak, to);
          },
          unit_end(a),
          [ends](const Moment& m, std::vector<Finding>& findings) {
            const Ends e = ends(m);
            if (e.top < 1) findings.push_back({true, cat("the peak comes at the first update: the rise takes less than one of ", e.last + 1, " updates")});
            if (e.top >= m.length) findings.push_back({true, cat("the peak is never reached: it comes at update ", e.top, " of ", m.length)});
          }};
}

Curve inverse_sqrt(const Args& a) {
  return {[initial = a.number("initial"), scale = a.span("scale")](const Moment& m) {
    const double s = scale.steps(m.run);
    return initial * std::sqrt(s / std::max(m.step, s));
  }};
}

Curve noam(const Args& a) {
  const Span warmup = a.span("warmup");
  return {[factor = a.number("factor") / std::sqrt(a.number("width")), warmup](const Moment& m) {
            const double s = m.step + 1, w = warmup.steps(m.run);
            return factor * std::min(1 / std::sqrt(s), s / (w * std::sqrt(w)));
          },
          {},
          [warmup](const Moment& m, std::vector<Finding>& findings) {
            if (warmup.steps(m.run) > m.length) findings.push_back({true, cat("the warm-up of ", warmup.text(), " is longer than the ", m.length, " updates")});
          }};
}

// from -> peak in `warmup`, peak, and in the last `decay` updates peak -> to.
Curve warmup_stable_decay(const Args& a) {
  const bool trapezoid = a.type().name == "trapezoid";
  const std::string rise = trapezoid ? "linear" : a.word("warmup_shape"), drop = trapezoid ? "linear" : a.word("decay_shape");
  const Span warmup = a.span("warmup"), decay = a.span("decay");
  return {[=, from = a.number("from"), peak = a.number("peak"), to = a.number("to")](const Moment& m) {
            const double w = warmup.steps(m.run), d = decay.steps(m.run), begin = m.length - d;
            if (m.step < w) return peak + (from - peak) * fall(rise, m.step / w);
            if (m.step <= begin) return peak;
            return to + (peak - to) * fall(drop, std::min(1.0, (m.step - begin) / d));
          },
          {},
          [warmup, decay](const Moment& m, std::vector<Finding>& findings) {
            const double w = warmup.steps(m.run), d = decay.steps(m.run);
            if (w + d > m.length)
              findings.push_back({true, cat("warm-up (", w, " updates) and decay (", d, ") are longer than the ", m.length, " updates there are")});
          }};
}
}  // namespace

std::vector<Type> cycle_types() {
  const Key from = number_key("from", "value at the start of the first cycle"), to = number_key("to", "value at the end of a cycle");
  const Key length = span_key("for", "length; without it, the rest of the phase or run", "none");
  const Range grows{1};
  const Key growth = number_key("growth", "each cycle is this much longer than the one before", "1", grows);
  const Key peak_decay = number_key("peak_decay", "multiplies `from` at each restart", "1", positive);
  const Key floor_decay = number_key("floor_decay", "multiplies `to` at each restart", "1", positive);
  const Key amplitude_decay = number_key("amplitude_decay", "multiplies the distance of the two at each restart", "1", positive);
  const Key cycles = integer_key("cycles", "number of cycles, `to` follows them", "none", grows);
  const std::vector<Key> triangle = {number_key("low", "value at the foot"), number_key("high", "value at the top"), span_key("up", "length of the rise"),
                                     span_key("down", "length of the fall; as the rise without it", "none")};
  std::vector<Key> shrinking = triangle;
  shrinking.push_back(number_key("gamma", "multiplies the height at each update", "", positive));
  const Key warmup = span_key("warmup", "length of the rise", "", not_negative), decay = span_key("decay", "length of the fall at the end");
  const Key peak = number_key("peak", "value of the stable part"), start = number_key("from", "value at the first update", "0"),
            end = number_key("to", "value after the fall", "0");
  return {
      {"cosine",
       "to + (from - to) * (1 + cos(pi * u)) / 2, again in each cycle",
       "SGDR, arXiv 1608.03983; torch CosineAnnealingLR, Keras CosineDecay",
       {from, to, length, span_key("cycle", "length of the first cycle; without it there is one", "none"), growth, peak_decay, floor_decay, amplitude_decay,
        cycles, number_key("exponent", "of the wave, without cycles", "1", positive)},
       cosine},
      {"restarts",
       "to + (from - to) * S(u), again in each cycle",
       "torch CosineAnnealingWarmRestarts, Keras CosineDecayRestarts, timm cycle_*",
       {from, to, span_key("cycle", "length of the first cycle"), growth, peak_decay, floor_decay, amplitude_decay, cycles, length,
        word_key("shape", "S, the fall within a cycle", "cosine", fall_shapes)},
       cycling},
      {"triangular", "low + (high - low) * height(x)", "cyclical learning rates, arXiv 1506.01186; torch CyclicLR", triangle, triangular},
      {"triangular2", "low + (high - low) * height(x) / 2 ^ cycle", "the same", triangle, triangular},
      {"exp_range", "low + (high - low) * height(x) * gamma ^ step", "the same", shrinking, triangular},
      {"one_cycle",
       "from -> peak -> to (three phases: from -> peak -> from -> to); the last update has `to`",
       "1cycle, arXiv 1708.07120; torch OneCycleLR",
       {number_key("peak", "value at the top"), number_key("from", "value at the first update; peak / 25 without it", "none"),
        number_key("to", "value at the last update; peak / 250 000 without it", "none"),
        number_key("rise", "fraction of the length until the peak", "0.3", {0, 1, true}), integer_key("phases", "2 or 3", "2", {2, 3}),
        word_key("shape", "of each part", "cosine", {"cosine", "linear"}), length},
       one_cycle},
      {"inverse_sqrt",
       "initial * sqrt(scale / max(step, scale))",
       "fairseq and transformers inverse_sqrt",
       {number_key("initial", "value until `scale`"), span_key("scale", "where the decay begins")},
       inverse_sqrt},
      {"noam",
       "factor * width ^ -0.5 * min(s ^ -0.5, s * warmup ^ -1.5), s = step + 1",
       "arXiv 1706.03762",
       {number_key("width", "size of the model", "", positive), span_key("warmup", "updates until the peak"),
        number_key("factor", "multiplies all", "1", positive)},
       noam},
      {"warmup_stable_decay",
       "from -> peak in `warmup`, peak, peak -> to in the last `decay`",
       "WSD, arXiv 2404.06395",
       {peak, warmup, decay, start, end, word_key("warmup_shape", "shape of the rise", "linear", fall_shapes),
        word_key("decay_shape", "shape of the fall", "linear", fall_shapes)},
       warmup_stable_decay},
      {"trapezoid", "the same with straight lines", "knee schedule, arXiv 2003.03977", {peak, warmup, decay, start, end}, warmup_stable_decay},
  };
}

}  // namespace lehr
