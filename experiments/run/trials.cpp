#include "experiments/run/trials.h"

#include <algorithm>
#include <set>

#include "base/file.h"
#include "base/readable.h"
#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/run/exported.h"
#include "experiments/run/fit_check.h"
#include "experiments/run/scores.h"
#include "experiments/run/verify.h"
#include "experiments/run/vocabulary.h"
#include "graph/traits/traits.h"

namespace lehr::run {

struct Workspace {
  struct Place {
    explicit Place(const Parts& parts) : bench(parts.model->train, standard_ops(), parts.sizes) {}
    Workbench bench;
    Verifier verifier;
  };
  std::vector<std::map<PlanKey, std::unique_ptr<Place>>> workers;
  Place& at(std::size_t worker, const Parts& parts) {
    auto& slot = workers.at(worker)[parts.key()];
    if (!slot) slot = std::make_unique<Place>(parts);
    return *slot;
  }
};

namespace {
// Above this many floating-point operations a step gains from a second thread (a fork and join costs about a microsecond,
// a layer of 64x128x128 about twenty).
constexpr double worth_threads = 2e7;

// Floating-point operations of a step: forward, and as much for each of the two gradients.
double step_work(const Parts& parts) {
  const Graph& graph = parts.model->train.graph;
  const ValueId loss[] = {parts.model->train.loss};
  const Typing typing = type_graph(graph, standard_ops(), 1, Mode::train, loss);
  const auto shape = [&](ValueId id) -> const Shape& {
    static const Shape none;
    return id == no_value || !typing.types[static_cast<std::size_t>(id)] ? none : typing.types[static_cast<std::size_t>(id)]->shape;
  };
  double once = 0;
  for (const Node& node : graph.nodes())
    if (!node.out.empty() && node.out[0] != no_value && typing.types[static_cast<std::size_t>(node.out[0])])
      once += flops(node, [&](std::size_t slot) -> const Shape& { return shape(slot < node.in.size() ? node.in[slot] : no_value); }, shape(node.out[0]));
  return 3 * once * static_cast<double>(parts.sizes.batch);
}

int choose_threads(const spec::Study& study, const Parts& parts, const RunOptions& options) {
  if (options.threads > 0) return options.threads;
  if (const int asked = study.trials.front().experiment.threads; asked > 0) return asked;
  return study.trials.size() == 1 && step_work(parts) > worth_threads ? static_cast<int>(cores()) : 1;
}

std::string counted(std::size_t count, const char* what) { return cat(grouped(static_cast<long long>(count)), " ", what, count == 1 ? "" : "s"); }

std::string plan_line(const PreparedStudy& p, const Clock& first) {
  const spec::Study& study = p.study;
  std::int64_t low = first.steps, high = first.steps;
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    const std::int64_t steps = run_clock(p.parts[i]->sizes, study.trials[i].experiment.epochs).steps;
    low = std::min(low, steps), high = std::max(high, steps);
  }
  return cat(counted(study.variants.size(), "variant"), study.swept.empty() ? "" : " x " + counted(study.points, "point"), " x ",
             counted(study.seeds.size(), study.vary_split ? "split" : "seed"), " = ", counted(study.trials.size(), "run"), " x ",
             low == high ? grouped(low) : cat(grouped(low), " to ", grouped(high)), " steps (", first.steps_per_epoch,
             first.steps_per_epoch == 1 ? " step/epoch)" : " steps/epoch)");
}

// Trials that differ in nothing but their seed.
bool alike(const spec::Trial& a, const spec::Trial& b) { return a.variant == b.variant && a.point == b.point; }

report::RunInfo describe(const PreparedStudy& p, const RunOptions& options) {
  const spec::Study& study = p.study;
  const spec::Experiment& first = study.trials.front().experiment;
  const Parts& parts = *p.parts.front();
  report::RunInfo info;
  info.name = study.name;
  info.experiment_text = study.text;
  info.command_line = options.command_line;
  info.data_line = data_line(first, *parts.data) + (study.vary_split ? cat("   (split of seed ", study.seeds.front(), ")") : "");
  const Clock clock = run_clock(parts.sizes, first.epochs);
  info.plan_line = plan_line(p, clock);
  info.variants = study.variants;
  info.metrics = first.metrics;
  info.classes = parts.data->data.classes;
  info.against = study.against;
  info.swept = study.swept;
  info.select = study.select;
  info.split_varies = study.vary_split;
  for (const auto& metric : info.metrics) {
    const auto made = make_metric(metric, static_cast<std::int64_t>(info.classes.size()));
    info.metric_percent.push_back(made->percent());
    info.metric_higher.push_back(made->higher_is_better());
  }
  info.train_rows = parts.sizes.train_rows;
  info.averages = std::ranges::any_of(study.trials, [](const spec::Trial& trial) { return trial.experiment.average.has_value(); });
  info.validation_rows = parts.sizes.validation_rows;
  info.epochs = first.epochs;
  info.steps_per_epoch = clock.steps_per_epoch;
  info.data_fingerprint = parts.data->fingerprint;
  info.model_fingerprint = parts.model->fingerprint;
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    const spec::Trial& trial = study.trials[i];
    info.trials.push_back({trial.id, trial.variant, trial.point, trial.seed, trial.resolved, trial.hash});
    if (study.vary_split) info.trials.back().baseline = baseline(*p.parts[i]->data, loss_row(trial.experiment.loss.kind).target);
  }
  info.onednn = onednn::version();
  info.isa = onednn::isa();
  info.warnings = study.warnings;
  std::set<const void*> told;
  const auto tell = [&](const void* whose, const std::vector<std::string>& notes) {
    if (!told.insert(whose).second) return;
    for (const auto& note : notes)
      if (std::ranges::find(info.warnings, note) == info.warnings.end()) info.warnings.push_back(note);
  };
  for (const auto& each : p.parts) tell(each->model.get(), each->model->notes), tell(each->data.get(), each->data->notes), tell(each.get(), each->notes);
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    if (i > 0 && alike(study.trials[i], study.trials[i - 1])) continue;
    const spec::Experiment& e = study.trials[i].experiment;
    auto notes = batch_norm_notes(e, *p.parts[i]);
    std::ranges::move(start_notes(e, *p.parts[i]), std::back_inserter(notes));
    tell(&study.trials[i], notes);
  }
  return info;
}

// Schedules on the run's clock, once for trials that are alike: errors together, warnings handed back.
void check_clock(const PreparedStudy& p, std::vector<std::string>& warnings) {
  std::string errors;
  for (std::size_t i = 0; i < p.study.trials.size(); ++i) {
    const auto& trial = p.study.trials[i];
    if (i > 0 && alike(trial, p.study.trials[i - 1])) continue;
    for (const auto& problem : spec::check_schedules(trial.experiment, run_clock(p.parts[i]->sizes, trial.experiment.epochs), vocabulary())) {
      if (problem.error)
        errors += (errors.empty() ? "" : "\n") + problem.text;
      else if (std::ranges::find(warnings, problem.text) == warnings.end())
        warnings.push_back(problem.text);
    }
  }
  if (!errors.empty()) throw Error(errors);
}

// What a reader of the result should know of its threshold.
std::vector<std::string> outcome_notes(const spec::Experiment& e, const Parts& parts, const TrialResult& result) {
  if (e.threshold_metric.empty() || result.outcome != Outcome::done) return {};
  const std::string& second = parts.data->data.classes.at(1);
  if (!result.threshold) return {cat("threshold: ", e.threshold_metric, " is undefined on the validation rows at every threshold, so it stays 0.5")};
  return {cat("threshold: ", printable(second), " is answered where its probability lies above ", readable(*result.threshold, 5), ", where ", e.threshold_metric,
              " of the validation rows is best")};
}

// What the trainer left beside the trained weights.
struct Left {
  Job::Snapshot last, best, averaged;
  TrialState state;
};

// A model among the artifacts, with the files of its external data.
struct Exported {
  std::string file;
  std::vector<std::string> files;
  Measure measure;
};

// The validation loss of the last weights, where they are the ones it was measured with.
std::optional<double> last_loss(const TrialResult& result) {
  if (result.epochs.empty() || !result.epochs.back().evaluated) return std::nullopt;
  const auto& events = result.epochs.back().events;
  if (result.outcome == Outcome::failed || std::ranges::any_of(events, [](const FollowEvent& e) { return !e.restored.empty(); })) return std::nullopt;
  return result.epochs.back().val_loss;
}
std::optional<double> best_loss(const TrialResult& result) {
  const auto it = std::ranges::find(result.epochs, result.best_epoch, &EpochRecord::epoch);
  return it == result.epochs.end() ? std::nullopt : std::optional(it->val_loss);
}

report::Artifacts artifacts(const Parts& parts, Workspace::Place& place, const TrialResult& result, double given, const Left& left,
                            std::vector<Exported>& models) {
  Workbench& bench = place.bench;
  report::Artifacts out;
  if (!left.state.counters.empty()) out.checkpoints["state.safetensors"] = safetensors(bench.weights(), left.state);
  const auto put = [&](const Job::Snapshot& from) {
    std::ranges::copy(from.values, bench.weights().values().begin());
    std::ranges::copy(from.state, bench.weights().state().begin());
  };
  // External data keep their names, so a further model that has some lies in a folder of its own.
  const auto add = [&](const std::string& name, std::optional<double> reported, std::optional<double> chosen) {
    auto written = export_model(parts, bench.weights());
    const std::string threshold = chosen || given != 0.5 ? threshold_entry(chosen.value_or(given)) : "";
    written.model += threshold;
    const std::string folder = written.files.empty() || name == "last" ? "" : name + "/";
    Exported model{folder + name + ".onnx", {}, {}};
    const std::int64_t trained = result.epochs.empty() ? 0 : result.epochs.back().samples;
    model.measure = place.verifier.measure(parts, bench, trained, reported);
    model.measure.behind = threshold;
    out.checkpoints[model.file] = std::move(written.model);
    for (auto& [file, content] : written.files) {
      model.files.push_back(folder + file);
      out.checkpoints[folder + file] = std::move(content);
    }
    models.push_back(std::move(model));
  };
  if (!left.last.values.empty()) put(left.last);
  add("last", last_loss(result), result.threshold);
  if (result.best_epoch > 0 && !left.best.values.empty()) put(left.best), add("best", best_loss(result), left.best.threshold);
  if (!left.averaged.values.empty()) {
    put(left.averaged);
    add("average", result.epochs.empty() ? std::nullopt : result.epochs.back().average_loss, result.average_threshold);
  }
  out.preprocess = parts.data->preprocess.json();
  return out;
}

// What was written is read back and evaluated. A model that is not what was measured does not stay, and the trial failed.
void verify(const std::filesystem::path& folder, const Parts& parts, Workspace::Place& place, const std::vector<Exported>& models, TrialResult& result) {
  for (const Exported& model : models) {
    try {
      place.verifier.check(folder / model.file, parts, place.bench, model.measure);
      if (!model.measure.note.empty()) result.notes.push_back(cat(model.file, " ", model.measure.note));
    } catch (const Error& error) {
      std::error_code ignored;
      std::filesystem::remove(folder / model.file, ignored);
      for (const auto& file : model.files) std::filesystem::remove(folder / file, ignored);
      result.message += cat(result.message.empty() ? "" : "\n", "the model written to ", model.file, " was read back and removed: ", error.what());
      result.outcome = Outcome::failed;
    }
  }
}
// The parts of all trials. What is wrong in several variants is told at once; the first decides the exit code.
void assemble(PreparedStudy& p, Assembler& assembler) {
  std::vector<Error> errors;
  std::size_t again = 0;
  for (std::size_t i = 0; i < p.study.trials.size() && again < 3 && errors.size() < 20; ++i) {
    const spec::Trial& trial = p.study.trials[i];
    if (!errors.empty() && alike(trial, p.study.trials[i - 1])) continue;
    try {
      p.parts.push_back(assembler.parts(trial.experiment));
    } catch (const Error& error) {
      const bool told = std::ranges::any_of(errors, [&](const Error& other) { return std::string_view(other.what()) == error.what(); });
      told ? void(++again) : errors.push_back(error);
    }
  }
  if (errors.empty()) return;
  std::vector<std::string> texts;
  for (const Error& error : errors) texts.push_back(error.what());
  throw Error(join(texts, "\n")).code(errors.front().code());
}
}  // namespace

PreparedStudy prepare(spec::Study study, const RunOptions& options) {
  PreparedStudy p;
  p.study = std::move(study);
  Assembler assembler(std::ranges::any_of(
      p.study.trials, [](const spec::Trial& trial) { return trial.experiment.model.export_inputs == spec::ModelSpec::Inputs::raw; }));
  assemble(p, assembler);
  const int threads = choose_threads(p.study, *p.parts.front(), options);
  for (auto& parts : p.parts)
    if (parts->sizes.threads != threads) {
      auto copy = std::make_shared<Parts>(*parts);
      copy->sizes.threads = threads;
      parts = copy;
    }
  p.info = describe(p, options);
  check_clock(p, p.info.warnings);
  p.info.threads = threads;
  const std::size_t possible = std::max<std::size_t>(1, cores() / static_cast<std::size_t>(threads));
  p.info.jobs = std::clamp<std::size_t>(options.jobs > 0 ? options.jobs : possible, 1, p.study.trials.size());
  p.workspace = std::make_shared<Workspace>();
  p.workspace->workers.resize(p.info.jobs);
  onednn::set_threads(threads);
  std::set<PlanKey> looked;  // at the scores of what is compiled
  for (std::size_t i = 0; i < p.study.trials.size(); ++i) {
    if (i > 0 && p.parts[i]->key() == p.parts[i - 1]->key() && alike(p.study.trials[i], p.study.trials[i - 1])) continue;
    const TrialJob job = make_job(p.study.trials[i], *p.parts[i]);
    Workbench& bench = p.workspace->at(0, *p.parts[i]).bench;
    initialize(bench.weights(), p.parts[i]->model->train.graph, job.init, 0);
    Plan& plan = bench.train(std::min(bench.sizes().batch, bench.sizes().train_rows));
    const Feed feed(plan, p.parts[i]->data->data, p.parts[i]->model->train.target, p.parts[i]->model->train.weights);
    if (!looked.insert(p.parts[i]->key()).second) continue;
    for (auto& note : check_scores(p.study.trials[i].experiment, *p.parts[i], bench, plan, feed)) p.info.warnings.push_back(std::move(note));
  }
  return p;
}

std::vector<TrialResult> run(const PreparedStudy& p, const RunOptions& options, const std::vector<report::Reporter*>& reporters) {
  std::vector<TrialResult> results(p.study.trials.size());
  for (auto* r : reporters) r->start(p.info);
  run_on(p.info.jobs, p.study.trials.size(), [&](std::size_t worker, std::size_t i) {
    onednn::set_threads(p.info.threads);
    flush_denormals();
    const spec::Trial& trial = p.study.trials[i];
    const report::TrialInfo& info = p.info.trials[i];
    TrialResult& result = results[i];
    if (options.stop && options.stop->load()) {
      result.outcome = Outcome::interrupted;
      result.message = "not started";
    } else {
      for (auto* r : reporters) r->trial_started(info);
      try {
        const Parts& parts = *p.parts[i];
        Workspace::Place& place = p.workspace->at(worker, parts);
        Workbench& bench = place.bench;
        TrialJob job = make_job(trial, parts);
        bench.weights().reset();
        initialize(bench.weights(), parts.model->train.graph, job.init, trial.seed);
        Left kept;
        if (options.keep_models) job.job.best = &kept.best, job.job.last = &kept.last, job.job.averaged = &kept.averaged, job.job.state = &kept.state;
        job.job.stop = options.stop;
        job.job.on_epoch = [&](const EpochRecord& record) {
          for (auto* r : reporters) r->epoch(info, record);
        };
        result = train(bench, job.job);
        for (auto& note : outcome_notes(trial.experiment, parts, result)) result.notes.push_back(std::move(note));
        if (options.keep_models) {
          std::vector<Exported> models;
          const report::Artifacts left = artifacts(parts, place, result, job.job.threshold, kept, models);
          for (auto* r : reporters)
            if (const auto folder = r->keep(info, left)) verify(*folder, parts, place, models, result);
        }
      } catch (const std::bad_alloc&) {
        result.outcome = Outcome::failed;
        result.message = "out of memory";
      } catch (const std::exception& error) {
        result.outcome = Outcome::failed;
        result.message = error.what();
      }
    }
    result.id = trial.id, result.variant = trial.variant, result.seed = trial.seed;
    for (auto* r : reporters) r->trial_finished(info, result);
  });
  for (auto* r : reporters) r->finish(p.info, results);
  return results;
}

int exit_code(const std::vector<TrialResult>& results) {
  const auto any = [&](Outcome o) { return std::ranges::any_of(results, [&](const TrialResult& r) { return r.outcome == o; }); };
  const auto all_bad = std::ranges::none_of(results, [](const TrialResult& r) { return r.outcome == Outcome::done; });
  if (any(Outcome::interrupted)) return 130;
  if (results.size() > 1 && !all_bad && (any(Outcome::diverged) || any(Outcome::failed))) return static_cast<int>(Exit::some_failed);
  if (any(Outcome::diverged)) return static_cast<int>(Exit::diverged);
  return static_cast<int>(any(Outcome::failed) ? Exit::failed : Exit::ok);
}

}  // namespace lehr::run
