#include <CLI/CLI.hpp>
#include <cmath>
#include <memory>

#include "base/file.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/run/assemble.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
struct Options {
  std::string file, range;
  std::int64_t steps_per_epoch = 0, at = -1;
  bool csv = false;
};

struct Curve { std::string variant, quantity; Schedule schedule; Clock clock; };

// Every quantity of every variant that is not constant in all of them, with its clock.
std::vector<Curve> curves(const Options& o) {
  const auto study = spec::read_study(o.file, run::vocabulary());
  run::Assembler assembler;
  std::vector<Curve> out;
  std::string last = "\n";
  for (const auto& trial : study.trials) {
    if (trial.variant == last) continue;
    last = trial.variant;
    const auto& e = trial.experiment;
    Clock clock;
    if (o.steps_per_epoch > 0) {
      clock.steps_per_epoch = o.steps_per_epoch, clock.epochs = e.epochs, clock.steps = o.steps_per_epoch * e.epochs;
      clock.samples_per_epoch = o.steps_per_epoch * e.batch.size;
    } else {
      PlanSizes sizes;
      sizes.batch = e.batch.size, sizes.keep_last = e.batch.keep_last, sizes.accumulate = e.accumulate;
      sizes.train_rows = static_cast<std::int64_t>(assembler.data(e)->split.train.size());
      clock = run_clock(sizes, e.epochs);
    }
    for (const auto& [name, schedule] : e.optimizer.hypers)
      if (name == "lr" || !schedule.constant()) out.push_back({trial.variant, name, schedule.clone(), clock});
    for (const auto& rule : e.params)
      for (const auto& [name, schedule] : rule.hypers) out.push_back({trial.variant, rule.pattern + "." + name, schedule.clone(), clock});
    if (e.clip.norm) out.push_back({trial.variant, "clip.norm", e.clip.norm->clone(), clock});
    if (e.clip.value) out.push_back({trial.variant, "clip.value", e.clip.value->clone(), clock});
  }
  return out;
}

double value(const Curve& c, std::int64_t step) {
  Clock clock = c.clock;
  clock.step = step;
  clock.samples = step / clock.steps_per_epoch * clock.samples_per_epoch + step % clock.steps_per_epoch * (clock.samples_per_epoch / clock.steps_per_epoch);
  return c.schedule.at(clock);
}

std::string label(const Curve& c) { return c.variant.empty() ? c.quantity : c.variant + "." + c.quantity; }

std::string csv(const std::vector<Curve>& all, std::int64_t first, std::int64_t end) {
  std::string out = "step,epoch";
  for (const auto& c : all) out += "," + label(c);
  out += "\n";
  for (std::int64_t s = first; s < end; ++s) {
    out += cat(s, ",", s / all.front().clock.steps_per_epoch);
    for (const auto& c : all) out += "," + number(value(c, s));
    out += "\n";
  }
  return out;
}

// One row of eighths of blocks a curve, from 0 to its largest value.
std::string sketch(const Curve& c, std::size_t columns) {
  static const char* const levels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::vector<double> v(columns);
  double top = 0;
  for (std::size_t i = 0; i < columns; ++i) {
    v[i] = value(c, std::min<std::int64_t>(c.clock.steps - 1, static_cast<std::int64_t>(static_cast<double>(i) / static_cast<double>(columns) * static_cast<double>(c.clock.steps))));
    if (std::isfinite(v[i])) top = std::max(top, v[i]);
  }
  std::string out;
  for (const double x : v) out += !std::isfinite(x) ? "!" : top > 0 ? levels[static_cast<std::size_t>(std::lround(8 * std::clamp(x / top, 0.0, 1.0)))] : levels[0];
  return out;
}

void show(const Options& o) {
  const auto all = curves(o);
  if (all.empty()) throw Error("the experiment schedules nothing");
  const std::int64_t steps = all.front().clock.steps;
  if (o.at >= 0) {
    if (o.at >= steps) throw Error("step ", o.at, " lies beyond the run of ", steps, " steps");
    return print(csv(all, o.at, o.at + 1));
  }
  std::int64_t first = 0, end = steps;
  if (!o.range.empty()) {
    const auto parts = split(o.range, ':');
    char* stop = nullptr;
    if (parts.size() == 2) first = std::strtoll(parts[0].c_str(), &stop, 10), end = parts[1].empty() ? steps : std::strtoll(parts[1].c_str(), &stop, 10);
    if (parts.size() != 2 || first < 0 || end > steps || first >= end) throw Error("--steps ", quote(o.range), ": give first:end within 0:", steps);
  }
  if (o.csv) return print(csv(all, first, end));
  const std::size_t columns = terminal_columns();
  const std::size_t room = columns > 60 ? std::min<std::size_t>(columns - 50, 80) : columns > 0 ? 20 : 60;
  std::vector<std::vector<std::string>> rows{{"quantity", "first", "last", cat("over ", grouped(steps), " steps, from 0"), "schedule"}};
  for (const auto& c : all)
    rows.push_back({label(c), number(static_cast<float>(value(c, 0))), number(static_cast<float>(value(c, c.clock.steps - 1))), sketch(c, room), c.schedule.text()});
  print(aligned(rows));
}
}  // namespace

void add_schedule(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("schedule", "The value of every scheduled quantity at any step");
  auto o = std::make_shared<Options>();
  command->add_option("file", o->file, "the experiment")->required();
  command->add_flag("--csv", o->csv, "one row a step");
  command->add_option("--steps", o->range, "first:end, for --csv");
  command->add_option("--at", o->at, "one step")->check(CLI::NonNegativeNumber);
  command->add_option("--steps-per-epoch", o->steps_per_epoch, "instead of counting the data's rows")->check(CLI::PositiveNumber);
  command->callback([o] { show(*o); });
}

}  // namespace lehr::cli
