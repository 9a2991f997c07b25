// What a run keeps in its store: a trial's model as ONNX, and whether training again gives the same bits.
#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/report/environment.h"
#include "experiments/run/again.h"
#include "experiments/run/models.h"
#include "experiments/run/resume.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
namespace fs = std::filesystem;

struct Options {
  std::string folder, trial, which = "last", out;
  std::int64_t trials = 0;
  bool force = false;
};

std::size_t find_trial(const std::vector<store::StoredTrial>& trials, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& one : trials) names.push_back(one.name);
  if (name.empty() && names.size() == 1) return 0;
  const auto it = std::ranges::find(names, name);
  if (it != names.end()) return static_cast<std::size_t>(it - names.begin());
  const std::string hint = did_you_mean(name, names);
  const std::size_t count = names.size();
  names.resize(std::min<std::size_t>(count, 8));
  throw Error(name.empty() ? cat("the run has ", count, " trials: name one with --trial") : cat("the run has no trial ", quote(name), hint), "; there are ",
              join(names, ", "), count > 8 ? ", …" : "");
}

// A text of several lines from the store, for a terminal.
std::string of_lines(const std::string& text) {
  std::string out;
  for (const auto& line : split(text, '\n'))
    if (!line.empty()) out += printable(line) + "\n";
  return out;
}

// The run's trials as the experiment makes them.
run::PreparedStudy prepared(const store::Store& run, const std::string& only) {
  const auto settings = run.settings();
  auto [file, overrides] = run::stored_study(settings);
  run::RunOptions options;
  options.threads = run::stored_threads(settings);
  if (!only.empty()) {
    const auto slash = only.rfind('/');
    if (slash != std::string::npos) overrides.only = only.substr(0, slash);
  }
  return run::prepare(spec::read_study(file, run::vocabulary(), overrides), options);
}

int verify(const Options& o) {
  const store::Store run = store::read_run(o.folder);
  const auto settings = run.settings();
  const auto trials = run.trials();
  const auto study = prepared(run, "");
  std::vector<std::pair<std::size_t, std::size_t>> chosen;  // in the study, in the store
  for (std::size_t i = 0; i < study.study.trials.size(); ++i)
    for (std::size_t s = 0; s < trials.size(); ++s)
      if (trials[s].name == study.study.trials[i].id && trials[s].result && (trials[s].status == "done" || trials[s].status == "diverged" || trials[s].status == "cut")) chosen.emplace_back(i, s);
  if (chosen.empty()) throw Error("the run has no trial that ended: there is nothing to compare").code(Exit::failed);
  if (o.trials > 0 && static_cast<std::size_t>(o.trials) < chosen.size()) {  // spread over all of them
    std::vector<std::pair<std::size_t, std::size_t>> some;
    for (std::int64_t k = 0; k < o.trials; ++k) some.push_back(chosen[static_cast<std::size_t>(k) * chosen.size() / static_cast<std::size_t>(o.trials)]);
    chosen = std::move(some);
  }
  const std::int64_t schedule_epochs = run::stored_schedule_epochs(settings);
  std::vector<run::Again> results(chosen.size());
  run::on_workers(study, chosen.size(), [&](std::size_t worker, std::size_t k) {
    const store::Store own = store::Store::open(o.folder, false);
    results[k] = run::train_again(study, chosen[k].first, worker, own, chosen[k].second, schedule_epochs);
  });
  std::size_t same = 0;
  std::int64_t epochs = 0;
  for (const auto& r : results) {
    epochs += r.epochs;
    if (r.difference.empty()) ++same;
    else print(cat("differs  ", printable(r.trial), ": ", r.difference, "\n"));
  }
  print(cat(grouped(static_cast<long long>(same)), " of ", grouped(static_cast<long long>(results.size())), results.size() == 1 ? " trial" : " trials",
            " trained again: the same bits in ", grouped(epochs), " epochs and in the last weights\n"));
  if (same == results.size()) return 0;
  if (const auto changed = settings.find("changed"); changed != settings.end())
    print(cat("the run went on with other settings, which no training from the start has: ", printable(changed->second), "\n"));
  const auto environment = settings.find("environment");
  const std::string here = report::environment_json(study.info);
  if (environment != settings.end() && environment->second != here) print(cat("the run was made on\n", of_lines(environment->second), "this is\n", here));
  return static_cast<int>(Exit::failed);
}

int export_one(const Options& o) {
  const store::Store run = store::read_run(o.folder);
  const auto trials = run.trials();
  const std::size_t id = find_trial(trials, o.trial);
  const store::StoredTrial& stored = trials[id];
  const auto saved = run.saved(id);
  if (!saved) throw Error("the trial ", quote(stored.name), " has no state in the store (it is ", stored.status, ")").code(Exit::failed);
  auto study = prepared(run, stored.name);
  const auto at = std::ranges::find(study.study.trials, stored.name, &spec::Trial::id);
  if (at == study.study.trials.end()) throw Error("the experiment does not have the trial ", quote(stored.name), " any more").code(Exit::failed);
  const auto i = static_cast<std::size_t>(at - study.study.trials.begin());
  const run::Which which = o.which == "best" ? run::Which::best : o.which == "average" ? run::Which::average : run::Which::last;
  std::string base = stored.name;
  std::ranges::replace(base, '/', '-');
  const fs::path out = o.out.empty() ? fs::path(base + (which == run::Which::last ? "" : "." + o.which) + ".onnx") : fs::path(o.out);
  if (fs::exists(out) && !o.force) throw Error(quote(out.string()), " exists: --force replaces it");
  if (lower(out.extension().string()) == ".safetensors") {
    const std::string& weights = which == run::Which::best ? saved->best : which == run::Which::average ? saved->average : saved->point.empty() ? saved->state : saved->point;
    if (weights.empty()) throw Error("the trial ", quote(stored.name), " keeps no ", o.which, " weights");
    write_file(out, weights);
    print(cat(printable(out.string()), "\n"));
    return 0;
  }
  TrialResult result = stored.result.value_or(TrialResult{});
  result.id = stored.name;
  if (!stored.result) result.outcome = Outcome::interrupted;
  const run::Parts& parts = *study.parts[i];
  const fs::path folder = out.parent_path();
  const run::ModelFiles files{[&](const std::string& name, const std::string& content) {
                                const fs::path file = folder / name;
                                if (file.has_parent_path()) fs::create_directories(file.parent_path());
                                write_file(file, content);
                                return file;
                              },
                              [&](const std::string& name) {
                                std::error_code ignored;
                                fs::remove(folder / name, ignored);
                              }};
  const std::size_t notes = result.notes.size();
  run::write_model(parts, study.workspace->at(0, parts), result, *saved, at->experiment().threshold, which, out.filename().string(), files);
  for (std::size_t n = notes; n < result.notes.size(); ++n) print(cat("note   ", result.notes[n], "\n"));
  const fs::path preprocess = folder / (out.stem().string() + ".preprocess.json");
  write_file(preprocess, parts.data->preprocess.json());
  print(cat(printable(out.string()), "  (", stored.name, ", ", o.which, " weights", which == run::Which::best ? cat(", epoch ", result.best_epoch) : "",
            "; read back and evaluated), ", printable(preprocess.string()), "\n"));
  return 0;
}
}  // namespace

void add_export(CLI::App& app, Context& context) {
  {
    auto* command = app.add_subcommand("verify", "Train the trials of a run again and compare them bit by bit");
    auto o = std::make_shared<Options>();
    command->add_option("folder", o->folder, "the run folder")->required()->type_name("DIR");
    number_option(*command, "--trials", o->trials, 1, 10'000, "so many of them (default: all)");
    command->callback([o, &context] { context.exit_code = verify(*o); });
  }
  auto* command = app.add_subcommand("export", "Write the model of one trial of a run from its store");
  auto o = std::make_shared<Options>();
  command->add_option("folder", o->folder, "the run folder")->required()->type_name("DIR");
  command->add_option("--trial", o->trial, "the trial, as summary.csv names it")->type_name("NAME");
  command->add_option("--which", o->which, "last (default), best or average")
      ->check(CLI::IsMember({"last", "best", "average"}))
      ->type_name("WHICH");
  command->add_option("--out", o->out, "an .onnx or .safetensors file (default: NAME.onnx)")->type_name("FILE");
  command->add_flag("--force", o->force, "replace the file");
  command->callback([o, &context] { context.exit_code = export_one(*o); });
}

}  // namespace lehr::cli
