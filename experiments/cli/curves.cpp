#include "experiments/cli/curves.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/readable.h"
#include "experiments/run/assemble.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
Clock clock_of(const spec::Experiment& e, std::int64_t steps_per_epoch, run::Assembler& assembler) {
  PlanSizes sizes = run::plan_sizes(e);
  if (steps_per_epoch == 0) {
    sizes.train_rows = static_cast<std::int64_t>(assembler.data(e)->split.train.size());
    return run_clock(sizes, e.epochs);
  }
  Clock clock;
  clock.steps_per_epoch = steps_per_epoch, clock.epochs = e.epochs, clock.by_samples = e.batch.schedule.has_value();
  const std::int64_t rows = e.batch.size * e.accumulate;
  if (__builtin_mul_overflow(steps_per_epoch, e.epochs, &clock.steps) || __builtin_mul_overflow(steps_per_epoch, rows, &clock.samples_per_epoch))
    throw Error(steps_per_epoch, " steps in each of ", e.epochs, " epochs are more than can be counted");
  return clock;
}
}  // namespace

double Curve::at(std::int64_t step) const {
  return schedule.at(clock.after(step));
}

std::int64_t Curves::steps() const {
  std::int64_t out = 0;
  for (const Curve& c : all) out = std::max(out, c.steps());
  return out;
}

Curves curves(const std::string& file, std::int64_t steps_per_epoch, const spec::Overrides& overrides) {
  const auto study = spec::read_study(file, run::vocabulary(), overrides);
  run::Assembler assembler;
  Curves out;
  out.findings = study.warnings;
  const spec::Trial* last = nullptr;
  for (const auto& trial : study.trials) {
    if (last != nullptr && study.axes.cell(trial.levels) == study.axes.cell(last->levels)) continue;
    last = &trial;
    const auto& e = trial.experiment();
    const Clock clock = clock_of(e, steps_per_epoch, assembler);
    const std::string variant = study.axes.variant(trial.levels);
    const Axis::Level* at = study.axes.level(trial.levels, Axis::Role::point);
    const std::string point = at ? at->name : "", folder = cat(variant, variant.empty() || point.empty() ? "" : "/", point);
    const auto add = [&](const std::string& name, const Controlled& schedule) { out.all.push_back({folder, name, schedule.clone(), clock, variant, point}); };
    for (const auto& [name, schedule] : e.optimizer.hypers)
      if (name == "lr" || !schedule.constant()) add(name, schedule);
    for (const auto& rule : e.params)
      for (const auto& [name, schedule] : rule.hypers) add(rule.pattern + "." + name, schedule);
    for (const auto& [key, quantity] : e.quantities) add(key, quantity);
    if (e.batch.schedule) add("batch.size", *e.batch.schedule);
    for (auto& problem : spec::check_schedules(e, clock, run::vocabulary()))
      if (std::ranges::find(out.findings, problem.text) == out.findings.end()) out.findings.push_back(std::move(problem.text));
  }
  return out;
}

namespace {
// The factor between two curves that have one shape.
std::optional<double> factor(const Curve& from, const Curve& to) {
  constexpr std::int64_t samples = 64;
  if (from.steps() != to.steps()) return {};
  double top = 0, factor = 1;
  std::vector<std::pair<double, double>> values;
  for (std::int64_t i = 0; i < samples; ++i) {
    const std::int64_t step = (from.steps() - 1) * i / (samples - 1);
    const auto& [a, b] = values.emplace_back(from.at(step), to.at(step));
    if (!std::isfinite(a) || !std::isfinite(b)) return {};
    if (std::fabs(a) > top) top = std::fabs(a), factor = b / a;
  }
  for (const auto& [a, b] : values)
    if (std::fabs(b - factor * a) > 1e-9 * std::fabs(factor) * top) return {};
  return factor;
}
}  // namespace

std::string Scaled::label() const {
  if (scales.empty()) return curve->label();
  return curve->of.empty() ? curve->quantity : curve->of + "." + curve->quantity;
}

std::string Scaled::told() const {
  constexpr std::size_t most = 4;  // points named for a factor
  std::vector<std::string> out;
  for (const auto& [factor, points] : scales) {
    const std::vector<std::string> named(points.begin(), points.begin() + static_cast<std::ptrdiff_t>(std::min(points.size(), most)));
    out.push_back(cat("x ", readable(factor), ": ", join(named, " and "), points.size() > most ? cat(" and ", points.size() - most, " more") : ""));
  }
  return join(out, ", ");
}

std::vector<Scaled> scaled(const std::vector<Curve>& all) {
  std::vector<Scaled> out;
  for (const Curve& c : all) {
    bool known = false;
    for (Scaled& s : out) {
      if (c.point.empty() || s.curve->quantity != c.quantity || s.curve->of != c.of) continue;
      const auto by = factor(*s.curve, c);
      if (!by) continue;
      const auto same = std::ranges::find_if(s.scales, [&](const auto& scale) { return std::fabs(scale.first - *by) <= 1e-9 * std::fabs(*by); });
      if (same == s.scales.end())
        s.scales.push_back({*by, {c.point}});
      else
        same->second.push_back(c.point);
      known = true;
      break;
    }
    if (known) continue;
    Scaled& s = out.emplace_back(Scaled{&c, {}});
    if (!c.point.empty()) s.scales.push_back({1, {c.point}});
  }
  return out;
}

std::vector<Panel> panels(const std::vector<Curve>& all, std::int64_t first, std::int64_t end) {
  constexpr std::int64_t finest = 2000;  // points of a curve
  std::vector<Panel> out;
  for (const Scaled& one : scaled(all)) {
    const Curve& c = *one.curve;
    auto panel = std::ranges::find(out, c.quantity, &Panel::title);
    if (panel == out.end()) panel = out.insert(out.end(), {c.quantity, cat("step (", c.clock.steps_per_epoch, " an epoch)"), {}, {}});
    const std::string& whose = one.scales.empty() ? c.variant : c.of;
    Series series{cat(whose.empty() ? "" : whose + "  ", c.schedule.text(), one.scales.empty() ? "" : "  " + one.told()), {}, false};
    const std::int64_t last = std::min(end, c.steps()) - 1, count = std::min(last + 1 - first, finest);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t step =
          first + (count > 1 ? std::llround(static_cast<double>(i) * static_cast<double>(last - first) / static_cast<double>(count - 1)) : 0);
      series.points.emplace_back(static_cast<double>(step), c.at(step));
    }
    panel->series.push_back(std::move(series));
    for (const double at : c.schedule.schedule().boundaries(c.clock))
      if (std::ranges::count(panel->marks, at, &Mark::x) == 0) panel->marks.push_back({at, ""});
  }
  return out;
}

}  // namespace lehr::cli
