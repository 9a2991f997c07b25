#include "experiments/run/trials.h"

#include <algorithm>

#include "base/file.h"
#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/run/vocabulary.h"
#include "graph/traits/traits.h"

namespace lehr::run {

struct Workspace {
  std::vector<std::map<PlanKey, std::unique_ptr<Workbench>>> workers;
  Workbench& bench(std::size_t worker, const Parts& parts) {
    auto& slot = workers.at(worker)[parts.key()];
    if (!slot) slot = std::make_unique<Workbench>(parts.model->train, standard_ops(), parts.sizes);
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
  for (const auto& trial : study.trials) info.trials.push_back({trial.id, trial.variant, trial.point, trial.seed, trial.resolved, trial.hash});
  info.onednn = onednn::version();
  info.isa = onednn::isa();
  info.warnings = study.warnings;
  for (const auto& note : parts.model->notes) info.warnings.push_back(note);
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    if (i > 0 && alike(study.trials[i], study.trials[i - 1])) continue;
    for (const auto& note : batch_norm_notes(study.trials[i].experiment, *p.parts[i]))
      if (std::ranges::find(info.warnings, note) == info.warnings.end()) info.warnings.push_back(note);
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

// What the trainer left beside the trained weights.
struct Left {
  Job::Snapshot last, best, averaged;
  TrialState state;
};

report::Artifacts artifacts(const Parts& parts, Workbench& bench, const TrialResult& result, const Left& left) {
  report::Artifacts out;
  if (!left.state.counters.empty()) out.checkpoints["state.safetensors"] = safetensors(bench.weights(), left.state);
  const auto put = [&](const Job::Snapshot& from) {
    std::ranges::copy(from.values, bench.weights().values().begin());
    std::ranges::copy(from.state, bench.weights().state().begin());
  };
  // External data keep their names, so a further model that has some lies in a folder of its own.
  const auto add = [&](const std::string& name) {
    auto written = export_model(*parts.model, bench.weights());
    const std::string folder = written.files.empty() || name == "last" ? "" : name + "/";
    out.checkpoints[folder + name + ".onnx"] = std::move(written.model);
    for (auto& [file, content] : written.files) out.checkpoints[folder + file] = std::move(content);
  };
  if (!left.last.values.empty()) put(left.last);
  add("last");
  if (result.best_epoch > 0 && !left.best.values.empty()) put(left.best), add("best");
  if (!left.averaged.values.empty()) put(left.averaged), add("average");
  out.preprocess = parts.data->preprocess.json();
  return out;
}
}  // namespace

PreparedStudy prepare(spec::Study study, const RunOptions& options) {
  PreparedStudy p;
  p.study = std::move(study);
  Assembler assembler;
  for (const auto& trial : p.study.trials) p.parts.push_back(assembler.parts(trial.experiment));
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
  for (std::size_t i = 0; i < p.study.trials.size(); ++i) {
    if (i > 0 && p.parts[i]->key() == p.parts[i - 1]->key() && alike(p.study.trials[i], p.study.trials[i - 1])) continue;
    const TrialJob job = make_job(p.study.trials[i], *p.parts[i]);
    Workbench& bench = p.workspace->bench(0, *p.parts[i]);
    initialize(bench.weights(), p.parts[i]->model->train.graph, job.init, 0);
    Feed(bench.train(std::min(bench.sizes().batch, bench.sizes().train_rows)), p.parts[i]->data->data, p.parts[i]->model->train.target);
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
    report::Artifacts left;
    if (options.stop && options.stop->load()) {
      result.outcome = Outcome::interrupted;
      result.message = "not started";
    } else {
      for (auto* r : reporters) r->trial_started(info);
      try {
        const Parts& parts = *p.parts[i];
        Workbench& bench = p.workspace->bench(worker, parts);
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
        if (options.keep_models) left = artifacts(parts, bench, result, kept);
      } catch (const std::bad_alloc&) {
        result.outcome = Outcome::failed;
        result.message = "out of memory";
      } catch (const std::exception& error) {
        result.outcome = Outcome::failed;
        result.message = error.what();
      }
    }
    result.id = trial.id, result.variant = trial.variant, result.seed = trial.seed;
    for (auto* r : reporters) r->trial_finished(info, result, left);
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
