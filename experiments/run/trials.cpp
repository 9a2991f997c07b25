#include "experiments/run/trials.h"
#include "experiments/run/job.h"

#include <algorithm>

#include "base/readable.h"
#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "experiments/report/expect.h"
#include "experiments/run/models.h"

namespace lehr::run {

namespace {
// What a reader of the result should know of its threshold.
std::vector<std::string> outcome_notes(const spec::Experiment& e, const Parts& parts, const TrialResult& result) {
  if (e.threshold_metric.empty() || result.outcome != Outcome::done) return {};
  const std::string& second = parts.data->data.classes.at(1);
  if (!result.threshold) return {cat("threshold: ", e.threshold_metric, " is undefined on the validation rows at every threshold, so it stays 0.5")};
  return {cat("threshold: ", printable(second), " is answered where its probability lies above ", readable(*result.threshold, 5), ", where ", e.threshold_metric,
              " of the validation rows is best")};
}

// Is the time of the whole run over?
bool overdue(const PreparedStudy& p, const RunOptions& options) {
  const auto& limit = p.study.trials.front().experiment().time_limit;
  return limit && options.folder && options.folder->seconds() >= *limit;
}

// Hands what happens in one trial to the reporters and the run folder.
class Ears : public Observer {
 public:
  Ears(const report::TrialInfo& trial, const RunOptions& options, const std::vector<report::Reporter*>& reporters, const spec::Experiment& e, const Clock& clock)
      : trial_(trial), options_(options), limit_(e.time_limit), reporters_(reporters),
        every_(e.checkpoint.span ? static_cast<std::int64_t>(e.checkpoint.span->steps(clock)) : 0) {
    seconds_ = every_ > 0 ? 0 : e.checkpoint.seconds;
    if (options_.folder) last_ = options_.folder->seconds();
    for (auto* r : reporters_)
      if (auto* live = r->live(trial_)) live_ = live;
  }
  void updated(std::int64_t step, double loss) override {
    if (live_) live_->updated(step, loss);
  }
  void epoch(const EpochRecord& record) override {
    for (auto* r : reporters_) r->epoch(trial_, record);
  }
  bool stopping() override {
    return (options_.stop && options_.stop->load(std::memory_order_relaxed)) || (limit_ && options_.folder && options_.folder->seconds() >= *limit_);
  }
  bool keeps_states() const override { return options_.folder != nullptr; }
  bool wants_state(std::int64_t step, std::int64_t) override {
    if (every_ > 0) return step % every_ == 0;
    if (options_.folder->seconds() - last_ < seconds_) return false;
    last_ = options_.folder->seconds();
    return true;
  }
  void state(Saved saved) override {
    for (auto* r : reporters_) r->state(trial_, saved);
  }

 private:
  const report::TrialInfo& trial_;
  const RunOptions& options_;
  const std::optional<double> limit_;
  const std::vector<report::Reporter*>& reporters_;
  report::Live* live_ = nullptr;
  std::int64_t every_;
  double seconds_ = 0, last_ = 0;
};
}  // namespace

TrialResult train_trial(const PreparedStudy& p, std::size_t i, std::size_t worker, Observer& observer, const Saved* from, std::int64_t schedule_epochs) {
  const spec::Trial& trial = p.study.trials[i];
  const Parts& parts = *p.parts[i];
  Workbench& bench = p.workspace->at(worker, parts).bench;
  TrialJob made = make_job(trial, parts);
  Job& job = made.job;
  bench.weights().reset();
  initialize(bench.weights(), parts.model->train.graph, made.init, trial.seed);
  job.observer = &observer;
  job.schedule_epochs = schedule_epochs;
  job.from = from;
  const auto& keep = trial.experiment().checkpoint.keep;
  constexpr std::size_t many = 1000;  // trials whose best weights are kept unless the file says otherwise
  job.keep_best = keep.empty() ? p.study.trials.size() <= many : std::ranges::any_of(keep, [](const std::string& one) { return one.starts_with("best"); });
  job.best_by = trial.experiment().checkpoint.best_by;
  job.keep_predictions = observer.keeps_states();
  TrialResult result = train(bench, job);
  for (auto& note : outcome_notes(trial.experiment(), parts, result)) result.notes.push_back(std::move(note));
  return result;
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
    bool known = false;
    const bool stopped = (options.stop && options.stop->load()) || overdue(p, options);
    try {
      store::RunFolder::Stand stand;
      if (options.folder && options.resume) stand = options.folder->stand(i, options.longer);
      known = stand.finished.has_value();
      if (known) {
        result = std::move(*stand.finished);
      } else if (stopped) {
        result.outcome = Outcome::interrupted, result.message = "not started";
      } else {
        for (auto* r : reporters) r->trial_started(info);
        Ears ears(info, options, reporters, trial.experiment(), run_clock(p.parts[i]->sizes, trial.experiment().epochs));
        result = train_trial(p, i, worker, ears, stand.from ? &*stand.from : nullptr, options.schedule_epochs);
      }
    } catch (const std::bad_alloc&) {
      result.outcome = Outcome::failed, result.message = "out of memory";
    } catch (const std::exception& error) {
      result.outcome = Outcome::failed, result.message = error.what();
    }
    result.id = trial.id, result.seed = trial.seed;
    // Each epoch was told when it was over; of a result only the last one is kept.
    result.epochs = result.epochs.empty() ? std::vector<EpochRecord>() : std::vector<EpochRecord>{std::move(result.epochs.back())};
    for (auto* r : reporters)
      if (!(known || stopped) || r != options.folder) r->trial_finished(info, result);
    result.predictions = {};
  });
  const auto left = std::ranges::count(results, Outcome::interrupted, &TrialResult::outcome);
  if (left > 0 && overdue(p, options) && !(options.stop && options.stop->load())) {
    const auto last = std::ranges::find(results, Outcome::interrupted, &TrialResult::outcome) - results.begin();
    for (auto* r : reporters)
      r->noted(p.info.trials[static_cast<std::size_t>(last)],
               cat("the time_limit of ", readable(*p.study.trials.front().experiment().time_limit), " s is over: ", left,
                   left == 1 ? " trial is" : " trials are", " not finished"));
  }
  std::optional<Error> failed;
  if (options.folder) {
    try {
      write_models(p, results, *options.folder, reporters);
    } catch (const Error& error) {
      failed = error;
    }
  }
  for (auto* r : reporters) {
    try {
      r->finish(p.info, results);
    } catch (const Error& error) {
      if (!failed) failed = error;
    }
  }
  if (failed) throw *failed;
  return results;
}

int exit_code(const report::RunInfo& info, const std::vector<TrialResult>& results) {
  const auto any = [&](Outcome o) { return std::ranges::any_of(results, [&](const TrialResult& r) { return r.outcome == o; }); };
  const auto all_bad = std::ranges::none_of(results, [](const TrialResult& r) { return r.outcome == Outcome::done; });
  if (any(Outcome::interrupted)) return 130;
  if (results.size() > 1 && !all_bad && (any(Outcome::diverged) || any(Outcome::failed))) return static_cast<int>(Exit::some_failed);
  if (any(Outcome::diverged)) return static_cast<int>(Exit::diverged);
  if (any(Outcome::failed)) return static_cast<int>(Exit::failed);
  const auto all = report::fulfilments(info, results);
  return static_cast<int>(std::ranges::all_of(all, &report::Fulfilment::met) ? Exit::ok : Exit::expectation);
}

}  // namespace lehr::run
