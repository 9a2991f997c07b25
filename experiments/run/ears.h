#pragma once
#include <functional>
#include <optional>
#include <vector>

#include "experiments/report/reporter.h"
#include "experiments/run/trials.h"

namespace lehr::run {

// Hands what happens in one trial to the reporters and the run folder.
class Ears : public Observer {
 public:
  // until: it pauses after this epoch; 0: never. epochs: that it has already. keep: where a state goes beside the reporters, or none.
  Ears(const report::TrialInfo& trial, const RunOptions& options, const std::vector<report::Reporter*>& reporters, const spec::Experiment& e, const Clock& clock,
       std::int64_t until, std::int64_t epochs, const std::function<void(Saved)>& keep)
      : trial_(trial), options_(options), limit_(e.time_limit), reporters_(reporters), until_(until), keep_(keep),
        every_(e.checkpoint.span ? static_cast<std::int64_t>(e.checkpoint.span->steps(clock)) : 0) {
    seconds_ = every_ > 0 ? 0 : e.checkpoint.seconds;
    paused_ = until_ > 0 && epochs >= until_;
    if (options_.folder) last_ = options_.folder->seconds();
    for (auto* r : reporters_)
      if (auto* live = r->live(trial_)) live_ = live;
  }
  bool paused() const { return paused_; }
  void updated(std::int64_t step, double loss) override {
    if (live_) live_->updated(step, loss);
  }
  void epoch(const EpochRecord& record) override {
    for (auto* r : reporters_) r->epoch(trial_, record);
    paused_ = until_ > 0 && record.epoch >= until_;
  }
  bool stopping() override {
    if (paused_) return true;
    return (options_.stop && options_.stop->load(std::memory_order_relaxed)) || (limit_ && options_.folder && options_.folder->seconds() >= *limit_);
  }
  bool keeps_states() const override { return options_.folder || keep_; }
  bool wants_state(std::int64_t step, std::int64_t) override {
    if (!options_.folder) return false;
    if (every_ > 0) return step % every_ == 0;
    if (options_.folder->seconds() - last_ < seconds_) return false;
    last_ = options_.folder->seconds();
    return true;
  }
  void state(Saved saved) override {
    for (auto* r : reporters_) r->state(trial_, saved);
    if (keep_) keep_(std::move(saved));
  }

 private:
  const report::TrialInfo& trial_;
  const RunOptions& options_;
  const std::optional<double> limit_;
  const std::vector<report::Reporter*>& reporters_;
  const std::int64_t until_;
  const std::function<void(Saved)> keep_;
  report::Live* live_ = nullptr;
  std::int64_t every_;
  double seconds_ = 0, last_ = 0;
  bool paused_ = false;
};

}  // namespace lehr::run
