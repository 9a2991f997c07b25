#include <unistd.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <memory>

#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/report/console.h"
#include "experiments/report/events.h"
#include "experiments/report/expect.h"
#include "experiments/run/resume.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
std::atomic<bool> stop{false};
std::atomic<int> by{0};  // the signal that asked for it

// The first asks the trials to save where they stand and to end; the second, of either kind, ends the program, whatever its threads do.
void on_signal(int signal) {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
  int none = 0;
  if (!by.compare_exchange_strong(none, signal)) std::raise(signal);  // two at once: both were on their way here
  else stop = true;
}

struct Options {
  std::string file, out, schedule, events;
  spec::Overrides overrides;
  std::int64_t seeds = 0, jobs = 0, threads = 0;
  bool force = false, dry = false, quiet = false, json = false, resume = false;
};

using Mode = store::RunFolder::Mode;

int train(spec::Study study, const spec::Overrides& overrides, const std::vector<std::string>& on_purpose, std::unique_ptr<store::RunFolder> folder,
          report::Events* events, bool resumes, const Options& o, const Context& context) {
  run::RunOptions options;
  options.jobs = static_cast<std::size_t>(o.jobs);
  options.threads = static_cast<int>(o.threads);
  options.command_line = context.command_line;
  options.stop = &stop;
  options.folder = folder.get();
  const std::filesystem::path file = study.path;
  auto prepared = run::prepare(std::move(study), options);
  if (resumes) {
    using S = run::Resumption::Schedule;
    const S schedule = o.schedule == "keep" ? S::keep : o.schedule == "rescale" ? S::rescale : S::unsaid;
    const std::string changed = run::check_resume(prepared, folder->stored(), {on_purpose, schedule, o.force}, options);
    if (!changed.empty()) folder->setting("changed", changed);
    prepared.info.warnings.insert(prepared.info.warnings.begin(), run::going_on(prepared, folder->stored(), options.longer));
  }
  if (o.dry) {
    report::Console(report::console_options(true, false, "")).start(prepared.info);
    print("nothing was trained or written: --dry-run\n");
    return 0;
  }
  for (const auto& [key, value] : run::study_settings(file, overrides)) folder->setting(key, value);
  folder->setting("schedule_epochs", cat(options.schedule_epochs));  // 0: those of the experiment
  auto shown = report::console_options(o.quiet, o.json, folder->path().string());
  shown.stop = &stop;
  std::vector<report::Reporter*> reporters{folder.get()};
  if (events) {
    events->folder(folder->path().string());
    shown.taken = events->given() == STDOUT_FILENO;
    shown.quiet = o.quiet || events->given() == STDERR_FILENO;
    reporters.push_back(events);
  }
  report::Console console(shown);
  reporters.push_back(&console);
  std::signal(SIGPIPE, SIG_IGN);  // a log nobody reads any more does not end a training
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  report::Expectations expectations(o.json || shown.taken);
  reporters.push_back(&expectations);
  const int code = run::exit_code(prepared.info, run::run(prepared, options, reporters));
  if (!folder->problem().empty()) note(folder->problem());
  if (events && !events->problem().empty()) note(cat("not every event was written to ", quote(o.events), ": ", events->problem()));
  return stop ? 128 + by : code;
}

// Before anything else is opened, so that a descriptor's number is the caller's.
std::unique_ptr<report::Events> events_of(const Options& o, bool append) {
  if (o.events.empty()) return nullptr;
  if (o.dry) throw Error("--events tells what happens in a run: --dry-run has nothing to tell");
  auto events = std::make_unique<report::Events>(o.events, append);
  if (o.json && events->given() == STDOUT_FILENO) throw Error("--events 1 and --json both want standard output: give --events another descriptor, or a file");
  return events;
}

int execute(const Options& o, const Context& context) {
  const auto events = events_of(o, o.resume);
  if (o.json && o.dry) throw Error("--json tells what a run gave: --dry-run gives nothing to tell");
  spec::Overrides overrides = o.overrides;
  if (o.seeds > 0) overrides.seeds = o.seeds;
  spec::Study study = spec::read_study(o.file, run::vocabulary(), overrides);
  const std::filesystem::path folder = o.out.empty() ? std::filesystem::path("runs") / study.name : std::filesystem::path(o.out);
  return train(std::move(study), overrides, overrides.set, std::make_unique<store::RunFolder>(folder, o.resume ? Mode::resume : o.force ? Mode::replace : Mode::fresh), events.get(),
               o.resume, o, context);
}

int resume(const Options& o, const Context& context) {
  const auto events = events_of(o, true);
  auto folder = std::make_unique<store::RunFolder>(o.out, Mode::resume);
  auto [file, overrides] = run::stored_study(folder->stored().settings);
  // A later --set of a key stands in the place of an earlier one.
  for (const auto& argument : o.overrides.set) {
    const std::string key = argument.substr(0, argument.find('=') + 1);
    std::erase_if(overrides.set, [&](const std::string& other) { return other.starts_with(key); });
    overrides.set.push_back(argument);
  }
  if (o.seeds > 0) overrides.seeds = o.seeds;
  return train(spec::read_study(file, run::vocabulary(), overrides), overrides, o.overrides.set, std::move(folder), events.get(), true, o, context);
}

void shared_options(CLI::App* command, Options& o) {
  number_option(*command, "--seeds", o.seeds, 1, 10'000, "number of seeds instead of the file's");
  number_option(*command, "--jobs", o.jobs, 1, 1024, "trials at once (default: one a core)");
  number_option(*command, "--threads", o.threads, 1, 1024, "threads a trial (default: by the size of the work)");
  command->add_flag("--dry-run", o.dry, "check everything, train nothing");
  command->add_flag("--quiet", o.quiet, "no progress");
  command->add_flag("--json", o.json, "the results as a JSON document instead of the table");
  command->add_option("--events", o.events, "what happens, as lines of JSON")->type_name("FD|FILE");
  command->add_option("--schedule", o.schedule, "of other epochs: keep schedules, or rescale")
      ->check(CLI::IsMember({"keep", "rescale"}))
      ->type_name("HOW");
}
}  // namespace

void add_run(CLI::App& app, Context& context) {
  {
    auto* command = app.add_subcommand("run", "Train every trial of an experiment");
    auto o = std::make_shared<Options>();
    command->add_option("file", o->file, "the experiment, a YAML file")->required();
    override_options(*command, o->overrides);
    shared_options(command, *o);
    command->add_option("--out", o->out, "the run folder (default: runs/NAME)")->type_name("DIR");
    command->add_flag("--force", o->force, "replace the folder of an earlier run");
    command->add_flag("--resume", o->resume, "go on with the run in the folder");
    command->callback([o, &context] { context.exit_code = execute(*o, context); });
  }
  {
    auto* command = app.add_subcommand("resume", "Go on with a run that was stopped, or with more epochs or seeds");
    auto o = std::make_shared<Options>();
    command->add_option("folder", o->out, "the run folder")->required()->type_name("DIR");
    command->add_option("--set", o->overrides.set, "replace a value: --set epochs=80")->type_name("KEY=VALUE");
    shared_options(command, *o);
    command->add_flag("--force", o->force, "go on though the experiment has changed");
    command->callback([o, &context] { context.exit_code = resume(*o, context); });
  }
}

}  // namespace lehr::cli
