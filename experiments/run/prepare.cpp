#include <algorithm>
#include <cmath>
#include <set>

#include "base/processors.h"
#include "base/readable.h"
#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/run/fit_check.h"
#include "experiments/run/scores.h"
#include "experiments/run/trials.h"
#include "experiments/run/halving.h"
#include "experiments/run/job.h"
#include "experiments/run/vocabulary.h"
#include "experiments/run/workspace.h"
#include "graph/traits/traits.h"

namespace lehr::run {

namespace {
// Above this many floating-point operations a step takes a second thread. Measured by bench/threads.sh on two processors, as a share of one thread's time:
// 115e6 operations 0.77 idle, 1.2 to 1.4 and 1.3 to 1.9 beside one and two busy loops; 144e6 0.75, 1.2 to 1.4, 1.4 to 2.0; 514e6 0.64, 1.1, 1.3.
constexpr double worth_threads = 1.25e8;

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

// Never from --jobs: a trial's result depends on its threads.
int wanted_threads(const spec::Study& study, const Parts& parts, const RunOptions& options) {
  if (options.threads > 0) return options.threads;
  if (const int asked = study.trials.front().experiment().threads; asked > 0) return asked;
  return study.trials.size() == 1 && step_work(parts) > worth_threads ? static_cast<int>(processors().team()) : 1;
}

// As many of them as the runtime gives, asked before anything is compiled.
int choose_threads(const spec::Study& study, const Parts& parts, const RunOptions& options, std::vector<std::string>& notes) {
  const int wanted = wanted_threads(study, parts, options), given = onednn::team(wanted);
  if (given < wanted)
    notes.push_back(cat("threads: ", given, given == 1 ? " is" : " are", " used where ", wanted,
                        " were wanted: the OpenMP runtime gives no more (OMP_THREAD_LIMIT, OMP_MAX_ACTIVE_LEVELS)"));
  return given;
}

std::string counted(std::size_t count, const char* what) { return cat(grouped(static_cast<long long>(count)), " ", what, count == 1 ? "" : "s"); }

const char* word(const Axis& axis) {
  switch (axis.role) {
    case Axis::Role::variant: return "variant";
    case Axis::Role::point: return "point";
    case Axis::Role::fold: return "fold";
    case Axis::Role::seed: break;
  }
  return axis.splits ? "split" : "seed";
}

std::string plan_line(const PreparedStudy& p, const Clock& first) {
  const spec::Study& study = p.study;
  std::int64_t low = first.steps, high = first.steps;
  for (std::size_t i = 0; i < study.trials.size(); ++i) {
    const std::int64_t steps = run_clock(p.parts[i]->sizes, study.trials[i].experiment().epochs).steps;
    low = std::min(low, steps), high = std::max(high, steps);
  }
  std::string product;
  for (const Axis& axis : study.axes.all) product += cat(product.empty() ? "" : " x ", counted(axis.levels.size(), word(axis)));
  return cat(product, " = ", counted(study.trials.size(), "run"), " x ",
             low == high ? grouped(low) : cat(grouped(low), " to ", grouped(high)), " steps (", first.steps_per_epoch,
             first.steps_per_epoch == 1 ? " step/epoch)" : " steps/epoch)");
}

// Trials that differ in nothing but seed and rows.
bool alike(const spec::Study& study, std::size_t a, std::size_t b) { return study.axes.cell(study.trials[a].levels) == study.axes.cell(study.trials[b].levels); }

// What halving leaves of the plan.
std::string halving_text(const PreparedStudy& p) {
  std::int64_t whole = 0;
  for (const auto& trial : p.info.trials) whole += trial.steps;
  std::vector<std::string> epochs;
  for (const auto look : p.info.looks) epochs.push_back(cat(look));
  return cat("; one point of ", readable(p.study.search->factor), " goes on after epochs ", join(epochs, ", "), ": at most ", grouped(std::llround(static_cast<double>(whole) * halved_share(p))), " of ",
             grouped(whole), " steps");
}

report::RunInfo describe(const PreparedStudy& p, const RunOptions& options) {
  const spec::Study& study = p.study;
  const spec::Experiment& first = study.trials.front().experiment();
  const Parts& parts = *p.parts.front();
  report::RunInfo info;
  info.name = study.name;
  info.experiment_text = study.text;
  info.command_line = options.command_line;
  info.data_line = data_line(first, *parts.data) + (study.axes.split_varies() ? cat("   (split of ", study.axes.split_of(study.trials.front().levels), ")") : "");
  const Clock clock = run_clock(parts.sizes, first.epochs);
  info.plan_line = plan_line(p, clock);
  info.axes = study.axes;
  info.metrics = first.metrics;
  info.classes = parts.data->data.classes;
  info.against = study.against;
  info.select = study.select;
  for (const auto& e : first.expect) info.expect.push_back({e.quantity, e.sign, e.bound});
  for (const auto& metric : info.metrics) {
    const auto made = make_metric(metric, static_cast<std::int64_t>(info.classes.size()));
    info.metric_percent.push_back(made->percent());
    info.metric_higher.push_back(made->higher_is_better());
  }
  double train = 0, validation = 0, test = 0;
  for (const auto& each : p.parts) {
    const Split& split = each->data->split;
    train += static_cast<double>(split.train.size()), validation += static_cast<double>(split.validation.size()), test += static_cast<double>(split.test.size());
  }
  info.validation_share = validation / train, info.test_share = test / train;
  info.averages = std::ranges::any_of(study.trials, [](const spec::Trial& trial) { return trial.experiment().average.has_value(); });
  info.validation_rows = parts.sizes.validation_rows;
  info.epochs = first.epochs;
  info.steps_per_epoch = clock.steps_per_epoch;
  std::set<std::pair<std::string, std::string>> seen;
  for (std::size_t i = 0; i < study.trials.size(); ++i)
    for (auto& pair : fingerprints(p, i)) {
      if (!seen.insert(pair).second) continue;
      // One name may stand for several: networks of model.mlp, new heads.
      if (const auto known = std::ranges::find(info.fingerprints, pair.first, &std::pair<std::string, std::string>::first); known != info.fingerprints.end())
        known->second += " " + pair.second;
      else
        info.fingerprints.push_back(std::move(pair));
    }
  for (const auto& trial : study.trials) {
    const std::size_t i = info.trials.size();
    info.trials.push_back({i, trial.id, trial.levels, trial.seed, trial.text, trial.hash});
    info.trials.back().epochs = trial.experiment().epochs;
    info.trials.back().steps = run_clock(p.parts[i]->sizes, trial.experiment().epochs).steps;
    if (study.axes.split_varies()) info.trials.back().baseline = baseline(*p.parts[i]->data, loss_row(trial.experiment().loss.kind).target);
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
    if (i > 0 && alike(study, i, i - 1)) continue;
    const spec::Experiment& e = study.trials[i].experiment();
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
    if (i > 0 && alike(p.study, i, i - 1)) continue;
    for (const auto& problem : spec::check_schedules(trial.experiment(), run_clock(p.parts[i]->sizes, trial.experiment().epochs), vocabulary())) {
      if (problem.error)
        errors += (errors.empty() ? "" : "\n") + problem.text;
      else if (std::ranges::find(warnings, problem.text) == warnings.end())
        warnings.push_back(problem.text);
    }
  }
  if (!errors.empty()) throw Error(errors);
}

// The parts of all trials. What is wrong in several variants is told at once; the first decides the exit code.
void assemble(PreparedStudy& p, Assembler& assembler) {
  std::vector<Error> errors;
  std::size_t again = 0;
  for (std::size_t i = 0; i < p.study.trials.size() && again < 3 && errors.size() < 20; ++i) {
    const spec::Trial& trial = p.study.trials[i];
    if (!errors.empty() && alike(p.study, i, i - 1)) continue;
    try {
      p.parts.push_back(assembler.parts(trial.experiment()));
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

std::array<std::pair<std::string, std::string>, 2> fingerprints(const PreparedStudy& p, std::size_t i) {
  const Parts& parts = *p.parts[i];
  return {std::pair(cat("data ", parts.data->data.source), parts.data->fingerprint),
          std::pair(cat("model ", p.study.trials[i].experiment().model.written()), parts.model->fingerprint)};
}

PreparedStudy prepare(spec::Study study, const RunOptions& options) {
  PreparedStudy p;
  p.study = std::move(study);
  Assembler assembler(std::ranges::any_of(
      p.study.trials, [](const spec::Trial& trial) { return trial.experiment().model.export_inputs == spec::ModelSpec::Inputs::raw; }));
  assemble(p, assembler);
  std::vector<std::string> thread_notes;
  const int threads = choose_threads(p.study, *p.parts.front(), options, thread_notes);
  onednn::set_threads(threads);
  for (auto& parts : p.parts)
    if (parts->sizes.threads != threads) {
      auto copy = std::make_shared<Parts>(*parts);
      copy->sizes.threads = threads;
      parts = copy;
    }
  p.info = describe(p, options);
  std::ranges::move(thread_notes, std::back_inserter(p.info.warnings));
  check_clock(p, p.info.warnings);
  p.info.searched = p.study.search.has_value();
  p.info.looks = looks(p);
  if (p.study.search && p.study.search->halving && p.info.looks.empty())
    p.info.warnings.push_back(cat("search: halving ends no point early: ", p.study.axes.count(Axis::Role::point), " points, factor ", number(p.study.search->factor), " and ",
                                  p.info.epochs, p.info.epochs == 1 ? " epoch" : " epochs", " leave no look before the end"));
  if (!p.info.looks.empty()) p.info.plan_line += halving_text(p);
  p.info.threads = threads;
  const std::size_t possible = std::max<std::size_t>(1, cores() / static_cast<std::size_t>(threads));
  p.info.jobs = std::clamp<std::size_t>(options.jobs > 0 ? options.jobs : possible, 1, p.study.trials.size());
  p.workspace = std::make_shared<Workspace>();
  p.workspace->workers.resize(p.info.jobs);
  p.workspace->watch = std::make_unique<onednn::BusyWatch>(threads > 1 ? threads * static_cast<int>(p.info.jobs) : 1);
  std::set<PlanKey> looked;  // at the scores of what is compiled
  for (std::size_t i = 0; i < p.study.trials.size(); ++i) {
    if (i > 0 && p.parts[i]->key() == p.parts[i - 1]->key() && alike(p.study, i, i - 1)) continue;
    const TrialJob job = make_job(p.study.trials[i], *p.parts[i]);
    Workbench& bench = p.workspace->at(0, *p.parts[i]).bench;
    initialize(bench.weights(), p.parts[i]->model->train.graph, job.init, 0);
    Plan& plan = bench.train(std::min(bench.sizes().batch, bench.sizes().train_rows));
    const Feed feed(plan, p.parts[i]->data->data, p.parts[i]->model->train.target, p.parts[i]->model->train.weights);
    if (!looked.insert(p.parts[i]->key()).second) continue;
    for (auto& note : check_scores(p.study.trials[i].experiment(), *p.parts[i], bench, plan, feed)) p.info.warnings.push_back(std::move(note));
  }
  return p;
}

}  // namespace lehr::run
