#pragma once
#include <atomic>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/train/observer.h"
#include "experiments/axes/axes.h"
#include "experiments/report/pooled.h"

namespace lehr::report {

// What always answering one thing scores in a trial: the mean, or the most frequent class, of its training rows.
struct Baseline {
  std::string metric;                  // rmse, accuracy
  double validation = 0, test = 0;     // NaN without such rows
};
struct TrialInfo {
  std::size_t index = 0;  // in RunInfo::trials
  std::string id;
  Levels levels;            // on RunInfo::axes
  std::uint64_t seed = 0;
  std::shared_ptr<const std::string> text;  // the resolved experiment without its last line, the seed
  std::string config_hash;
  std::optional<Baseline> baseline = {};  // where the split is this trial's own
  std::int64_t epochs = 0, steps = 0;     // of the whole training (steps with the first batch size)
};
// Where a trial under way stands: written by the thread that trains it, read by who shows it.
struct alignas(64) Live {
  std::atomic<std::int64_t> step{0}, made{0};  // updates of the training; of those, made by this process
  std::atomic<double> loss{std::numeric_limits<double>::quiet_NaN()};  // of the last one
  void updated(std::int64_t at, double value) {
    step.store(at + 1, std::memory_order_relaxed);
    made.store(made.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    loss.store(value, std::memory_order_relaxed);
  }
};
// A bound on the mean of a final quantity over the seeds of each variant.
struct Expectation {
  std::string quantity, sign;  // val_accuracy; one of >=, >, <=, <
  double bound = 0;
};
// What a run is, known before it starts.
struct RunInfo {
  std::string name, experiment_text, command_line;
  std::string data_line, plan_line;  // the two lines above the table
  Axes axes;
  std::vector<std::string> metrics, classes;
  std::string against;  // a variant
  bool searched = false;             // test rows are measured once, at the chosen point
  std::vector<std::int64_t> looks;   // of halving: after these epochs
  std::string select;   // the quantity that chooses among points: "val_accuracy"
  std::vector<bool> metric_percent, metric_higher;
  std::vector<Expectation> expect;
  bool averages = false;  // some trial keeps an average of its weights
  std::int64_t validation_rows = 0, epochs = 0, steps_per_epoch = 0;
  double validation_share = 0, test_share = 0;  // rows that are measured by rows that train, over all trials
  std::vector<std::pair<std::string, std::string>> fingerprints;  // of the data and model files: "data x.csv" and its CRC; of several of one name all
  std::vector<TrialInfo> trials;
  std::size_t jobs = 1;
  int threads = 1;
  std::string onednn, isa;  // version and instruction set, as the library names them
  std::vector<std::string> warnings;
};

// Hears what happens; results are in the order of RunInfo::trials. Calls may come from several threads; implementations lock where they must. Files are theirs.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void start(const RunInfo&) {}
  virtual void trial_started(const TrialInfo&) {}
  // After trial_started: where its updates are to be told, until trial_finished; absent: nowhere.
  virtual Live* live(const TrialInfo&) { return nullptr; }
  virtual void epoch(const TrialInfo&, const EpochRecord&) {}
  virtual void state(const TrialInfo&, const Saved&) {}
  virtual void trial_finished(const TrialInfo&, const TrialResult&) {}
  // Of a trial that has finished: what shows only when its models are written.
  virtual void noted(const TrialInfo&, const std::string& /*text*/) {}
  // Before finish, where there are folds.
  virtual void pooled(const std::vector<Pooled>&) {}
  virtual void finish(const RunInfo&, const std::vector<TrialResult>&) {}
};

}  // namespace lehr::report
