#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <memory>

#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/report/console.h"
#include "experiments/report/folder.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
std::atomic<bool> stop{false};
std::atomic<int> by{0};

// The first asks the trials to end after their epoch, the second ends the program.
void on_signal(int signal) {
  stop = true;
  by = signal;
  std::signal(signal, SIG_DFL);
}

struct Options {
  std::string file, out;
  spec::Overrides overrides;
  std::int64_t seeds = 0, jobs = 0, threads = 0;
  bool force = false, dry = false, quiet = false, json = false, resume = false;
};

int execute(const Options& o, const Context& context) {
  if (o.resume) throw Error("--resume: a run that was stopped cannot be continued; --force trains it again from the start");
  if (o.json && o.dry) throw Error("--json tells what a run gave: --dry-run gives nothing to tell");
  spec::Overrides overrides = o.overrides;
  if (o.seeds > 0) overrides.seeds = o.seeds;
  run::RunOptions options;
  options.jobs = static_cast<std::size_t>(o.jobs);
  options.threads = static_cast<int>(o.threads);
  options.command_line = context.command_line;
  options.stop = &stop;
  auto study = spec::read_study(o.file, run::vocabulary(), overrides);
  const std::filesystem::path folder = o.out.empty() ? std::filesystem::path("runs") / study.name : std::filesystem::path(o.out);
  report::Folder files(folder, o.force);
  const auto prepared = run::prepare(std::move(study), options);
  if (o.dry) {
    report::Console(report::console_options(true, false, "")).start(prepared.info);
    print("nothing was trained or written: --dry-run\n");
    return 0;
  }
  report::Console console(report::console_options(o.quiet, o.json, folder.string()));
  std::signal(SIGPIPE, SIG_IGN);  // a log nobody reads any more does not end a training
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  const int code = run::exit_code(run::run(prepared, options, {&files, &console}));
  return stop ? 128 + by : code;
}
}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("run", "Train every trial of an experiment");
  auto o = std::make_shared<Options>();
  command->add_option("file", o->file, "the experiment, a YAML file")->required();
  override_options(*command, o->overrides);
  number_option(*command, "--seeds", o->seeds, 1, 10'000, "number of seeds instead of the file's");
  number_option(*command, "--jobs", o->jobs, 1, 1024, "trials at once (default: one a core)");
  number_option(*command, "--threads", o->threads, 1, 1024, "threads a trial (default: by the size of the work)");
  command->add_option("--out", o->out, "the run folder (default: runs/NAME)")->type_name("DIR");
  command->add_flag("--force", o->force, "replace the folder of an earlier run");
  command->add_flag("--dry-run", o->dry, "check everything, train nothing");
  command->add_flag("--quiet", o->quiet, "no progress");
  command->add_flag("--json", o->json, "the results as a JSON document instead of the table");
  command->add_flag("--resume", o->resume)->group("");
  command->callback([o, &context] { context.exit_code = execute(*o, context); });
}

}  // namespace lehr::cli
