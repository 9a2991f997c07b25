#include "experiments/cli/curves.h"

#include <algorithm>
#include <cmath>

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
    if (last != nullptr && trial.variant == last->variant && trial.point == last->point) continue;
    last = &trial;
    const auto& e = trial.experiment;
    const Clock clock = clock_of(e, steps_per_epoch, assembler);
    const std::string folder = trial.id.substr(0, std::max<std::size_t>(trial.id.rfind('/') + 1, 1) - 1);
    const auto add = [&](const std::string& name, const Controlled& schedule) { out.all.push_back({folder, name, schedule.clone(), clock}); };
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

std::vector<Panel> panels(const std::vector<Curve>& all, std::int64_t first, std::int64_t end) {
  constexpr std::int64_t finest = 2000;  // points of a curve
  std::vector<Panel> out;
  for (const Curve& c : all) {
    auto panel = std::ranges::find(out, c.quantity, &Panel::title);
    if (panel == out.end()) panel = out.insert(out.end(), {c.quantity, cat("step (", c.clock.steps_per_epoch, " an epoch)"), {}, {}});
    Series series{cat(c.variant.empty() ? "" : c.variant + "  ", c.schedule.text()), {}, false};
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
