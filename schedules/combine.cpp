// Schedules made of schedules.
#include <algorithm>
#include <cmath>

#include "base/rng.h"
#include "schedules/type.h"

namespace lehr {
namespace {
using Kind = Key::Kind;
using Finding = Schedule::Finding;

bool all_constant(const std::vector<Schedule>& parts) {
  return std::all_of(parts.begin(), parts.end(), [](const Schedule& s) { return s.constant(); });
}

void check_all(const std::vector<Schedule>& parts, const Moment& m, std::vector<Finding>& findings) {
  for (const Schedule& part : parts) part.shape().check(m, findings);
}

// When the last of them holds still; absent if one never does.
std::optional<double> last_end(const std::vector<Schedule>& parts, const Moment& m) {
  std::optional<double> last;
  for (const Schedule& part : parts) {
    const auto end = part.shape().end(m);
    if (!end && !part.constant()) return {};
    if (end) last = std::max(last.value_or(0), *end);
  }
  return last;
}

template <class Fold>
Curve folded(const Args& a, Fold fold) {
  const auto parts = a.schedules("of");
  Curve curve{[parts, fold](const Moment& m) {
                double value = parts[0].at(m);
                for (std::size_t i = 1; i < parts.size(); ++i) value = fold(value, parts[i].at(m));
                return value;
              },
              [parts](const Moment& m) { return last_end(parts, m); },
              [parts](const Moment& m, std::vector<Finding>& findings) { check_all(parts, m, findings); }};
  curve.constant = all_constant(parts);
  return curve;
}

// One child, seen at another moment or with its value changed.
template <class At>
Curve wrapped(const Args& a, At at) {
  const Schedule inner = a.schedule("of");
  return {[inner, at](const Moment& m) { return at(inner, m); },
          {},
          [inner](const Moment& m, std::vector<Finding>& findings) { inner.shape().check(m, findings); }};
}

Curve clamp(const Args& a) {
  if (!a.has("low") && !a.has("high")) a.fail("low", "give `low`, `high` or both");
  const double low = a.has("low") ? a.number("low") : -std::numeric_limits<double>::infinity();
  const double high = a.has("high") ? a.number("high") : std::numeric_limits<double>::infinity();
  if (low > high) a.fail("low", cat("`low` ", low, " is above `high` ", high));
  return wrapped(a, [low, high](const Schedule& inner, const Moment& m) { return std::clamp(inner.at(m), low, high); });
}

// prefix: the inner schedule begins after the warm-up; overlap: it runs from the start and is joined where it then stands;
// multiply: the inner value times the rising fraction.
Curve warmup(const Args& a) {
  const Schedule inner = a.schedule("of");
  const Span span = a.span("for");
  const double from = a.number("from"), early = a.flag("first_update_counts") ? 1 : 0;
  const std::string mode = a.word("mode");
  const bool prefix = mode == "prefix", multiply = mode == "multiply";
  const auto later = [prefix](const Moment& m, double length) { return prefix ? Moment{m.step - length, m.length - length, m.run} : m; };
  return {[=](const Moment& m) {
            const double length = span.steps(m.run);
            if (m.step >= length) return inner.at(later(m, length));
            const double u = std::min(1.0, (m.step + early) / length);
            if (multiply) return inner.at(m) * (from + (1 - from) * u);
            const double target = inner.at(prefix ? Moment{0, m.length - length, m.run} : Moment{length, m.length, m.run});
            return from + (target - from) * u;
          },
          [=](const Moment& m) {
            const double length = span.steps(m.run);
            const auto end = inner.shape().end(later(Moment{length, m.length, m.run}, length));
            return end && prefix ? std::optional(*end + length) : end;
          },
          [=](const Moment& m, std::vector<Finding>& findings) {
            const double length = span.steps(m.run);
            if (length >= m.length)
              findings.push_back({true, cat("the warm-up of ", span.text(), " is not shorter than the ", m.length, " updates there are")});
            else
              inner.shape().check(prefix ? Moment{0, m.length - length, m.run} : m, findings);
          }};
}

Curve shift(const Args& a) {
  return wrapped(a, [by = a.span("by")](const Schedule& inner, const Moment& m) {
    return inner.at(Moment{std::max(0.0, m.step - by.steps(m.run)), m.length, m.run});
  });
}

Curve stretch(const Args& a) {
  return wrapped(a, [by = a.number("by")](const Schedule& inner, const Moment& m) { return inner.at(Moment{m.step / by, m.length / by, m.run}); });
}

// Normal noise, a pure function of seed and update.
Curve jitter(const Args& a) {
  return wrapped(a, [deviation = a.number("deviation"), limit = a.number("limit"), seed = static_cast<std::uint64_t>(a.number("seed"))](const Schedule& inner,
                                                                                                                                        const Moment& m) {
    Random random(seed, Stream::search, static_cast<std::uint64_t>(std::max(0.0, m.step)));
    return inner.at(m) * (1 + std::clamp(deviation * random.normal(), -limit, limit));
  });
}
}  // namespace

std::vector<Type> combining_types() {
  const Key of = list_key("of", Kind::schedules, "schedules");
  const Key inner = schedule_key("of", "schedule");
  const Range seeds{0, 9007199254740992.0};
  return {
      {"product", "a * b * ...", "torch ChainedScheduler", {of}, [](const Args& a) { return folded(a, [](double x, double y) { return x * y; }); }},
      {"sum", "a + b + ...", "", {of}, [](const Args& a) { return folded(a, [](double x, double y) { return x + y; }); }},
      {"min", "the smallest of several", "", {of}, [](const Args& a) { return folded(a, [](double x, double y) { return std::min(x, y); }); }},
      {"max", "the largest of several", "", {of}, [](const Args& a) { return folded(a, [](double x, double y) { return std::max(x, y); }); }},
      {"clamp", "of, kept within [low, high]", "", {inner, number_key("low", "smallest value", "none"), number_key("high", "largest value", "none")}, clamp},
      {"warmup",
       "a line from `from` to the schedule, then the schedule",
       "arXiv 1706.02677; timm warmup_*, optax warmup_*",
       {inner, span_key("for", "length of the warm-up"), number_key("from", "value at the first update (multiply: fraction)", "0"),
        word_key("mode", "the schedule begins after the warm-up, runs beneath it, or is multiplied", "prefix", {"prefix", "overlap", "multiply"}),
        flag_key("first_update_counts", "the line's first step is taken at the first update", "false")},
       warmup},
      {"shift", "of, `by` later", "", {inner, span_key("by", "delay", "", not_negative)}, shift},
      {"stretch", "of, `by` times slower", "", {inner, number_key("by", "factor of time", "", positive)}, stretch},
      {"jitter",
       "of * (1 + noise), the noise a function of seed and update",
       "timm noise_*",
       {inner, number_key("deviation", "standard deviation of the noise", "", positive), number_key("limit", "largest noise", "0.67", positive),
        integer_key("seed", "seed", "0", seeds)},
       jitter},
  };
}

}  // namespace lehr
