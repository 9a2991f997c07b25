#include "experiments/run/trials.h"

#include <algorithm>
#include <functional>
#include <mutex>
#include <utility>

#include "base/readable.h"
#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "experiments/report/compare.h"
#include "experiments/report/expect.h"
#include "experiments/run/ears.h"
#include "experiments/run/halving.h"
#include "experiments/run/job.h"
#include "experiments/run/models.h"
#include "experiments/run/pooled.h"

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
}  // namespace

TrialResult train_trial(const PreparedStudy& p, std::size_t i, std::size_t worker, Observer& observer, const Saved* from, std::int64_t schedule_epochs, bool tests) {
  const spec::Trial& trial = p.study.trials[i];
  const Parts& parts = *p.parts[i];
  Workbench& bench = p.workspace->at(worker, parts).bench;
  TrialJob made = make_job(trial, parts);
  Job& job = made.job;
  Split untested;
  if (!tests) untested = {job.split->train, job.split->validation, {}}, job.split = &untested;
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

void on_workers(const PreparedStudy& p, std::size_t count, const std::function<void(std::size_t worker, std::size_t index)>& job) {
  run_on(p.info.jobs, count, [&](std::size_t worker, std::size_t i) {
    onednn::set_threads(p.info.threads);
    flush_denormals();
    job(worker, i);
  });
}

namespace {
// A study under way.
class StudyRun {
 public:
  StudyRun(const PreparedStudy& p, const RunOptions& options, const std::vector<report::Reporter*>& reporters)
      : p_(p), options_(options), reporters_(reporters), results_(p.study.trials.size()), at_(p.study.trials.size(), At::begin), known_(results_.size()) {
    states_.resize(p.info.searched ? results_.size() : 0);
  }

  std::vector<TrialResult> run() {
    for (auto* r : reporters_) r->start(p_.info);
    for (const std::int64_t look : p_.info.looks) {
      train(look);
      if (interrupted()) break;
      halve(look);
    }
    train(0);
    if (p_.info.searched && !interrupted()) test();
    say_overdue();
    end();
    return std::move(results_);
  }

 private:
  enum class At : std::uint8_t { begin, paused, over };
  bool stopping() const { return (options_.stop && options_.stop->load()) || overdue(p_, options_); }
  bool interrupted() const { return std::ranges::count(results_, Outcome::interrupted, &TrialResult::outcome) > 0; }

  static std::size_t size(const Saved& saved) { return saved.state.size() + saved.best.size() + saved.point.size() + saved.average.size(); }
  // The state of a trial that will go on: in memory while there is room, for the folder has it, too.
  void keep(std::size_t i, Saved saved) {
    constexpr std::size_t room = std::size_t{64} << 20;
    const std::lock_guard lock(mutex_);
    if (states_[i]) held_ -= size(*states_[i]);
    states_[i].reset();
    if (options_.folder && held_ + size(saved) > room) return;
    held_ += size(saved);
    states_[i] = std::move(saved);
  }
  std::optional<Saved> taken(std::size_t i, bool wanted = true) {
    {
      const std::lock_guard lock(mutex_);
      if (states_[i]) {
        held_ -= size(*states_[i]);
        return std::exchange(states_[i], std::nullopt);
      }
    }
    return wanted && options_.folder ? options_.folder->saved(i) : std::nullopt;
  }

  // Every trial that is not over, to this epoch; 0: to its end.
  void train(std::int64_t until) {
    const bool left = std::ranges::any_of(at_, [](At at) { return at != At::over; });
    if (!left) return;
    on_workers(p_, results_.size(), [&](std::size_t worker, std::size_t i) {
      if (at_[i] != At::over) train(worker, i, until);
    });
  }

  void train(std::size_t worker, std::size_t i, std::int64_t until) {
    const report::TrialInfo& info = p_.info.trials[i];
    bool known = false, told = at_[i] == At::paused, paused = false;
    try {
      std::optional<Saved> from;
      std::optional<TrialResult> cut;
      if (at_[i] == At::paused) {
        from = taken(i);
        if (!from) throw Error("its state at the last look of the search was not kept");
      } else if (options_.folder && options_.resume) {
        store::RunFolder::Stand stand = options_.folder->stand(i, options_.longer);
        known = stand.finished.has_value();
        if (known) results_[i] = std::move(*stand.finished), known_[i] = 1;
        from = std::move(stand.from), cut = std::move(stand.cut);
      }
      if (known) {
      } else if (until > 0 && cut && !cut->epochs.empty() && cut->epochs.back().epoch == until && from && from->epoch == until) {
        paused = true;  // it stood at this look before
        results_[i] = std::move(*cut);
      } else if (until > 0 && from && from->epoch > until) {
        paused = true;  // it had gone on before the run was stopped
        results_[i] = {};
        results_[i].metrics = p_.info.metrics;
        results_[i].epochs = {options_.folder->record(i, until)};
      } else if (stopping()) {
        results_[i].outcome = Outcome::interrupted;
        if (!from) results_[i].message = "not started";
      } else {
        if (!told)
          for (auto* r : reporters_) r->trial_started(info);
        told = true;
        const spec::Experiment& e = p_.study.trials[i].experiment();
        Ears ears(info, options_, reporters_, e, run_clock(p_.parts[i]->sizes, e.epochs), until, from ? from->epoch : 0,
                  until > 0 || (p_.info.searched && !options_.folder) ? std::function<void(Saved)>([this, i](Saved saved) { keep(i, std::move(saved)); }) : nullptr);
        results_[i] = train_trial(p_, i, worker, ears, from ? &*from : nullptr, options_.schedule_epochs, !p_.info.searched);
        paused = ears.paused() && results_[i].outcome == Outcome::interrupted;
        if (paused) at_[i] = At::paused;
      }
    } catch (const std::bad_alloc&) {
      results_[i].outcome = Outcome::failed, results_[i].message = "out of memory";
    } catch (const std::exception& error) {
      results_[i].outcome = Outcome::failed, results_[i].message = error.what();
    }
    TrialResult& result = results_[i];
    result.id = info.id, result.seed = info.seed;
    // Each epoch was told when it was over; of a result only the last one is kept.
    result.epochs = result.epochs.empty() ? std::vector<EpochRecord>() : std::vector<EpochRecord>{std::move(result.epochs.back())};
    if (paused) {
      result.outcome = Outcome::done, result.message.clear();  // for now
      return;
    }
    at_[i] = At::over;
    for (auto* r : reporters_)
      if (told || r != options_.folder) r->trial_finished(info, result);
    result.predictions = {};
  }

  // A look of halving: the trials that do not go on end here.
  void halve(std::int64_t look) {
    std::vector<TrialResult> standing = results_;
    std::vector<bool> there(standing.size());
    for (std::size_t i = 0; i < standing.size(); ++i) {
      there[i] = standing[i].outcome != Outcome::cut;
      // What ended after the look, before the run was stopped, stood there as it was then.
      const std::int64_t end = known_[i] ? options_.folder->epochs(i) + (standing[i].outcome == Outcome::done ? 0 : 1) : 0;
      if (end > look) standing[i].outcome = Outcome::done, standing[i].epochs = {options_.folder->record(i, look)};
    }
    for (const Cut& one : cut(p_, standing, there, look)) {
      TrialResult& result = results_[one.trial];
      if (at_[one.trial] == At::over) continue;
      at_[one.trial] = At::over;
      result = std::move(standing[one.trial]);
      result.outcome = Outcome::cut, result.message = one.why;
      for (auto* r : reporters_) r->trial_finished(p_.info.trials[one.trial], result);
      result.predictions = {};
      taken(one.trial, false);
    }
  }

  // The test rows, once, with what was chosen.
  void test() {
    const auto cells = report::cells(p_.info, results_);
    std::vector<std::size_t> chosen;
    for (const report::Choice& choice : report::choose(p_.info, cells))
      for (const TrialResult* r : choice.results) {
        const auto i = static_cast<std::size_t>(r - results_.data());
        if (r->outcome == Outcome::done && r->test_rows == 0 && !p_.parts[i]->data->split.test.empty()) chosen.push_back(i);
      }
    on_workers(p_, chosen.size(), [&](std::size_t worker, std::size_t k) {
      const std::size_t i = chosen[k];
      const std::optional<Saved> from = taken(i);
      if (!from) return;
      const spec::Experiment& e = p_.study.trials[i].experiment();
      const std::vector<report::Reporter*> nobody;
      Ears ears(p_.info.trials[i], options_, nobody, e, run_clock(p_.parts[i]->sizes, e.epochs), 0, 0, nullptr);
      TrialResult& result = results_[i];
      try {
        TrialResult tested = train_trial(p_, i, worker, ears, &*from, options_.schedule_epochs, true);
        tested.id = result.id, tested.seed = result.seed;
        tested.epochs = {std::move(tested.epochs.back())};
        result = std::move(tested);
      } catch (const std::exception& error) {
        result.outcome = Outcome::failed, result.message = error.what();
      }
      if (options_.folder) options_.folder->trial_finished(p_.info.trials[i], result);
      result.predictions = {};
    });
  }

  void say_overdue() {
    const auto left = std::ranges::count(results_, Outcome::interrupted, &TrialResult::outcome);
    if (left == 0 || !overdue(p_, options_) || (options_.stop && options_.stop->load())) return;
    const auto last = std::ranges::find(results_, Outcome::interrupted, &TrialResult::outcome) - results_.begin();
    for (auto* r : reporters_)
      r->noted(p_.info.trials[static_cast<std::size_t>(last)],
               cat("the time_limit of ", readable(*p_.study.trials.front().experiment().time_limit), " s is over: ", left,
                   left == 1 ? " trial is" : " trials are", " not finished"));
  }

  void end() {
    std::optional<Error> failed;
    if (options_.folder) {
      try {
        write_models(p_, results_, *options_.folder, reporters_);
        if (const auto all = pooled(p_, results_, *options_.folder); !all.empty())
          for (auto* r : reporters_) r->pooled(all);
      } catch (const Error& error) {
        failed = error;
      }
    }
    for (auto* r : reporters_) {
      try {
        r->finish(p_.info, results_);
      } catch (const Error& error) {
        if (!failed) failed = error;
      }
    }
    if (failed) throw *failed;
  }

  const PreparedStudy& p_;
  const RunOptions& options_;
  const std::vector<report::Reporter*>& reporters_;
  std::vector<TrialResult> results_;
  std::vector<At> at_;
  std::vector<std::uint8_t> known_;           // ended before the run was stopped
  std::mutex mutex_;                          // of what follows
  std::vector<std::optional<Saved>> states_;  // of a search
  std::size_t held_ = 0;                      // bytes of them
};
}  // namespace

std::vector<TrialResult> run(const PreparedStudy& p, const RunOptions& options, const std::vector<report::Reporter*>& reporters) {
  return StudyRun(p, options, reporters).run();
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
