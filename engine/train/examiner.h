#pragma once
#include "engine/optim/average.h"
#include "engine/train/evaluate.h"
#include "engine/train/groups.h"
#include "engine/train/numbers.h"
#include "engine/train/progress.h"

namespace lehr {

// Something that is not finite: what, and the first tensor of a plan that is not.
struct Fault { std::string what, tensor; };

// Measures a training's weights on its validation and test rows, and beside them those that the optimizer evaluates and the average; keeps the weights of the best
// epoch; finds what is not finite.
class Examiner {
 public:
  // What it looks at; all of it outlives it. observer: null where there is none.
  struct Of {
    Workbench& bench;
    const Job& job;
    Observer* observer;
    const Dealer& dealer;
    const Groups& groups;
    const std::optional<Average>& average;
    const Clock& clock;
    Progress& progress;
  };
  explicit Examiner(const Of& of);

  // Validation rows; last: no evaluation comes after it, so that what is kept of one goes into the result. The observer may stop it.
  void evaluate(EpochRecord& record, bool last);
  // Test rows after the last epoch; without rows to evaluate on, `batch` (a plan that is fed, or null) once more shows what the last update has made.
  void finish(Plan* batch);
  // Weights and statistics as they are; `batch`: the plan of the last batch.
  void check_weights(Plan& batch);
  // The epoch is over: what was evaluated in it counts.
  void keep_best(const EpochRecord& record);
  void forget_epoch() { better_ = false, fault_.reset(); }

  const std::optional<Fault>& fault() const { return fault_; }
  bool stopped() const { return stopped_; }     // within an evaluation
  bool validates() const { return !validation_.empty(); }
  NumbersCopy& best() { return best_; }         // parameters and states of TrialResult::best_epoch, where they are kept

  // Does something with other weights in place of the trained ones, if there are others.
  template <class Body>
  void at_point(std::span<const float> point, const Body& body) {
    if (point.empty()) return body();
    const Numbers now = numbers();
    held_.take(now);
    std::ranges::copy(point, now.values.begin());
    if (!held_.state.empty()) retake_statistics(now.state, of_.dealer, of_.job.split->train);
    body();
    held_.give(now);
  }
  std::span<const float> evaluation_point();  // empty where the trained weights are evaluated
  bool averaging() const { return of_.average && of_.average->count() > 0; }

 private:
  Numbers numbers() const { return {of_.bench.weights().values(), of_.bench.weights().state(), {}}; }
  double measure(const Evaluator& rows, std::vector<Measured>& out, const char* what, Observer* observer = nullptr, std::vector<float>* predicted = nullptr);
  void find(const std::string& what, const std::string& tensor) {
    if (!fault_) fault_ = Fault{cat(what, " after step ", of_.clock.step - 1), tensor};
  }
  void consider(const EpochRecord& record);
  void count(const char* rows);
  std::vector<float>* predicted(const char* rows);

  Of of_;
  Scorer scores_;
  Evaluator validation_, test_;
  std::optional<Fault> fault_;
  bool stopped_ = false;
  bool better_ = false;  // the epoch under way is the best so far, with:
  double merit_ = 0;
  std::optional<double> better_threshold_;
  NumbersCopy candidate_, best_, held_;
  std::vector<float> point_;
};

}  // namespace lehr
