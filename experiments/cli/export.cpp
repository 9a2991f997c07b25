// What a run keeps in its store: a trial's model as ONNX, and whether training again gives the same bits.
#include <CLI/CLI.hpp>
#include <memory>

#include "base/file.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
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

// The run's trials as the experiment makes them, in the order of the store where it has them.
run::PreparedStudy prepared(const store::Store& run, const std::string& only) {
  auto [file, overrides] = run::stored_study(run.settings());
  if (!only.empty()) {
    const auto slash = only.rfind('/');
    if (slash != std::string::npos) overrides.only = only.substr(0, slash);
  }
  return run::prepare(spec::read_study(file, run::vocabulary(), overrides), {});
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
