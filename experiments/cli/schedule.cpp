#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>

#include "base/file.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/curves.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/report/summary.h"

namespace lehr::cli {

namespace {
constexpr std::int64_t beyond = std::int64_t{1} << 62;

struct Options {
  std::string file, range, svg;
  spec::Overrides overrides;
  std::int64_t steps_per_epoch = 0, at = -1;
  bool csv = false;
};

// Printed in pieces: a run may have any number of steps. A quantity whose run is over has an empty cell.
void print_csv(const std::vector<Curve>& all, std::int64_t first, std::int64_t end) {
  std::string out = "step,epoch";
  for (const auto& c : all) out += "," + report::csv_cell(c.label());
  out += "\n";
  for (std::int64_t s = first; s < end; ++s) {
    out += cat(s, ",", s / all.front().clock.steps_per_epoch);
    for (const auto& c : all) out += "," + (s < c.steps() ? number(c.at(s)) : std::string());
    out += "\n";
    if (out.size() < std::size_t{1} << 16) continue;
    print(out);
    out.clear();
  }
  print(out);
}

// One row of eighths of blocks a curve, from 0 to its largest value.
std::string sketch(const Curve& c, std::size_t columns) {
  static const char* const levels[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  std::vector<double> v(columns);
  double top = 0;
  for (std::size_t i = 0; i < columns; ++i) {
    const double share = static_cast<double>(i) / static_cast<double>(columns);
    v[i] = c.at(std::min(c.steps() - 1, static_cast<std::int64_t>(share * static_cast<double>(c.steps()))));
    if (std::isfinite(v[i])) top = std::max(top, v[i]);
  }
  std::string out;
  for (const double x : v)
    out += !std::isfinite(x) ? "!" : top > 0 ? levels[static_cast<std::size_t>(std::lround(8 * std::clamp(x / top, 0.0, 1.0)))] : levels[0];
  return out;
}

void print_sketches(const std::vector<Curve>& all, std::int64_t steps) {
  const std::size_t columns = terminal_columns();
  const std::size_t room = columns > 60 ? std::min<std::size_t>(columns - 50, 80) : columns > 0 ? 20 : 60;
  const auto drawn = scaled(all);
  const bool swept = std::ranges::any_of(drawn, [](const Scaled& s) { return !s.scales.empty(); });
  std::vector<std::vector<std::string>> rows{{"quantity", "first", "last", cat("over ", grouped(steps), " steps, from 0")}};
  if (swept) rows.front().push_back("scales");
  rows.front().push_back("schedule");
  for (const Scaled& s : drawn) {
    const Curve& c = *s.curve;
    rows.push_back({printable(s.label()), number(static_cast<float>(c.at(0))), number(static_cast<float>(c.at(c.steps() - 1))), sketch(c, room)});
    if (swept) rows.back().push_back(s.told());
    rows.back().push_back(c.schedule.text());
  }
  print(aligned(rows, {}, columns));
}

void show(const Options& o) {
  const Curves found = curves(o.file, o.steps_per_epoch, o.overrides);
  const auto& all = found.all;
  const std::int64_t steps = found.steps();
  for (const std::string& finding : found.findings) note(finding);
  if (o.at >= 0) {
    if (o.at >= steps) throw Error("step ", o.at, " lies beyond the run of ", steps, " steps");
    return print_csv(all, o.at, o.at + 1);
  }
  std::int64_t first = 0, end = steps;
  if (!o.range.empty()) {
    const auto parts = split(o.range, ':');
    if (parts.size() != 2) throw Error("--steps takes first:end, not ", quote(o.range));
    first = whole_number("--steps (first)", parts[0].empty() ? "0" : parts[0], 0, steps - 1);
    if (!parts[1].empty()) end = whole_number("--steps (end)", parts[1], first + 1, steps);
  }
  if (!o.svg.empty()) write_file(o.svg, svg(panels(all, first, end)));
  if (o.csv) return print_csv(all, first, end);
  if (o.svg.empty())
    print_sketches(all, steps);
  else
    print(cat("wrote ", printable(o.svg), "\n"));
}
}  // namespace

void add_schedule(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("schedule", "The value of every scheduled quantity at any step");
  auto o = std::make_shared<Options>();
  command->add_option("file", o->file, "the experiment")->required();
  override_options(*command, o->overrides);
  command->add_flag("--csv", o->csv, "one row a step");
  command->add_option("--svg", o->svg, "write a picture")->type_name("FILE");
  command->add_option("--steps", o->range, "these steps only, for --csv and --svg")->type_name("FIRST:END");
  number_option(*command, "--at", o->at, 0, beyond, "one step");
  number_option(*command, "--steps-per-epoch", o->steps_per_epoch, 1, 1'000'000'000, "instead of counting the data's rows");
  command->callback([o] { show(*o); });
}

}  // namespace lehr::cli
