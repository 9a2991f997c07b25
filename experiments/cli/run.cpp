#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <memory>

#include "experiments/cli/commands.h"
#include "experiments/report/console.h"
#include "experiments/report/folder.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
std::atomic<bool> stop{false};
void on_signal(int) { stop = true; }

struct Options {
  std::string file, out;
  spec::Overrides overrides;
  std::int64_t seeds = 0;
  std::string only;
  run::RunOptions run;
  bool force = false, dry = false, quiet = false;
};

int execute(const Options& given, const Context& context) {
  Options o = given;
  if (o.seeds > 0) o.overrides.seeds = o.seeds;
  if (!o.only.empty()) o.overrides.only = o.only;
  o.run.command_line = context.command_line;
  o.run.stop = &stop;
  auto study = spec::read_study(o.file, run::vocabulary(), o.overrides);
  const std::filesystem::path folder = o.out.empty() ? std::filesystem::path("runs") / study.name : std::filesystem::path(o.out);
  report::Folder files(folder, o.force);
  const auto prepared = run::prepare(std::move(study), o.run);
  if (o.dry) {
    report::Console(report::console_options(true, "")).start(prepared.info);
    return 0;
  }
  report::Console console(report::console_options(o.quiet, folder.string()));
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  return run::exit_code(run::run(prepared, o.run, {&files, &console}));
}
}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("run", "Train every trial of an experiment");
  auto o = std::make_shared<Options>();
  command->add_option("file", o->file, "the experiment, a YAML file")->required();
  command->add_option("--set", o->overrides.set, "replace a value: --set batch=64 --set optimizer.momentum=0.9");
  command->add_option("--seeds", o->seeds, "number of seeds instead of the file's")->check(CLI::PositiveNumber);
  command->add_option("--jobs", o->run.jobs, "trials at once (default: one a core)")->check(CLI::PositiveNumber);
  command->add_option("--threads", o->run.threads, "threads a trial")->check(CLI::PositiveNumber);
  command->add_option("--out", o->out, "the run folder (default: runs/NAME)");
  command->add_option("--only", o->only, "one variant");
  command->add_flag("--force", o->force, "replace the folder of an earlier run");
  command->add_flag("--dry-run", o->dry, "check everything, train nothing");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->callback([o, &context] { context.exit_code = execute(*o, context); });
}

}  // namespace lehr::cli
