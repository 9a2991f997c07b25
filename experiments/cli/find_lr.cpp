#include <CLI/CLI.hpp>
#include <charconv>
#include <cmath>
#include <memory>

#include "base/file.h"
#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "experiments/cli/chart.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/run/find_lr.h"
#include "experiments/run/job.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
struct Options {
  std::string file, svg;
  spec::Overrides overrides;
  double from = 1e-6, to = 10;
  std::int64_t updates = 100;
  bool csv = false;
};

struct Suggestion {
  const char* name;
  std::optional<double> rate;
  const char* what;
};
std::vector<Suggestion> suggestions(const run::RangeResult& r) {
  return {{"valley", r.valley, "the middle of the longest fall of the loss"},
          {"steepest", r.steepest, "where the loss falls fastest"},
          {"min/10", r.tenth, "a tenth of the rate of the lowest loss"}};
}
// With two digits.
std::string rounded(double v) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), v, std::chars_format::scientific, 1).ptr;
  double out = v;
  std::from_chars(digits, end, out);
  return number(out);
}

Panel panel(const run::RangeResult& r) {
  Panel p{"loss while the learning rate grows", "learning rate", {{"loss of each update", {}, true}, {"running mean, decay 0.9", {}, false}}, {}, true, false};
  double low = r.smooth.front(), high = r.smooth.front();
  for (const double v : r.smooth)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  const double top = std::min(high, r.smooth.front() + 2 * (r.smooth.front() - low) + std::fabs(low) * 0.5);  // what blew up would flatten the rest
  for (std::size_t i = 0; i < r.rates.size(); ++i) {
    if (r.losses[i] <= top) p.series[0].points.emplace_back(r.rates[i], r.losses[i]);
    if (r.smooth[i] <= top) p.series[1].points.emplace_back(r.rates[i], r.smooth[i]);
  }
  for (const Suggestion& s : suggestions(r))
    if (s.rate) p.marks.push_back({*s.rate, s.name});
  return p;
}

int execute(const Options& o) {
  if (!(o.from > 0) || !std::isfinite(o.from)) throw Error("--from is a rate above 0, not ", o.from);
  if (!(o.to > o.from) || !std::isfinite(o.to)) throw Error("--to must be above --from, ", o.to, " is not above ", o.from);
  const auto study = spec::read_study(o.file, run::vocabulary(), o.overrides);
  const spec::Trial& trial = study.trials.front();
  if (study.trials.size() > 1) note(cat("of ", study.trials.size(), " trials the first is tested: ", printable(trial.id), "; --only and --set choose another"));
  run::Assembler assembler;
  const auto parts = assembler.parts(trial.experiment());
  PlanSizes sizes = parts->sizes;
  sizes.threads = onednn::team(sizes.threads);
  if (sizes.threads < parts->sizes.threads) note(cat("threads: ", sizes.threads, " of ", parts->sizes.threads, ": the OpenMP runtime gives no more"));
  onednn::set_threads(sizes.threads);
  Workbench bench(parts->model->train, standard_ops(), sizes);
  const run::TrialJob job = run::make_job(trial, *parts);
  initialize(bench.weights(), parts->model->train.graph, job.init, trial.seed);
  const auto r = run::find_lr(bench, job, {o.from, o.to, o.updates});
  if (!o.svg.empty()) write_file(o.svg, svg({panel(r)}));
  if (o.csv) {
    std::string out = "lr,loss,smooth\n";
    for (std::size_t i = 0; i < r.rates.size(); ++i) out += cat(number(r.rates[i]), ",", number(r.losses[i]), ",", number(r.smooth[i]), "\n");
    print(out);
    return 0;
  }
  const std::size_t columns = terminal_columns();
  print(drawn(panel(r), columns > 0 ? std::min<std::size_t>(columns, 100) : 80, 14));
  std::vector<std::vector<std::string>> rows;
  for (const Suggestion& s : suggestions(r)) rows.push_back({s.name, s.rate ? cat("lr: ", rounded(*s.rate)) : "-", s.what});
  print(aligned(rows));
  const std::string where = r.rates.empty() ? "" : rounded(r.rates.back());
  print(r.blew_up ? cat("stopped after ", r.rates.size(), " updates at ", where, ": the loss blew up\n")
                  : cat(r.rates.size(), " updates up to ", where, "; the loss did not blow up: --to reaches further\n"));
  if (!r.valley && !r.tenth) print("the loss never fell: is the first rate too large, or the model frozen?\n");
  if (!o.svg.empty()) print(cat("wrote ", printable(o.svg), "\n"));
  return 0;
}
}  // namespace

void add_find_lr(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("find-lr", "Suggest a learning rate: train while it grows");
  auto o = std::make_shared<Options>();
  command->add_option("file", o->file, "the experiment")->required();
  override_options(*command, o->overrides);
  command->add_option("--from", o->from, "first rate (1e-6)")->type_name("RATE");
  command->add_option("--to", o->to, "last rate (10)")->type_name("RATE");
  number_option(*command, "--steps", o->updates, 10, 1'000'000, "updates from the first to the last (100)");
  command->add_flag("--csv", o->csv, "one row an update");
  command->add_option("--svg", o->svg, "write a picture")->type_name("FILE");
  command->callback([o, &context] { context.exit_code = execute(*o); });
}

}  // namespace lehr::cli
