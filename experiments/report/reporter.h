#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/train/records.h"

namespace lehr::report {

// What always answering one thing scores in a trial: the mean, or the most frequent class, of its training rows.
struct Baseline {
  std::string metric;                  // rmse, accuracy
  double validation = 0, test = 0;     // NaN without such rows
};
struct TrialInfo {
  std::string id, variant;
  std::vector<std::string> point;  // the values of RunInfo::swept
  std::uint64_t seed = 0;
  std::string resolved, config_hash;
  std::optional<Baseline> baseline = {};  // where the split is this trial's own
};
// What a run is, known before it starts.
struct RunInfo {
  std::string name, experiment_text, command_line;
  std::string data_line, plan_line;  // the two lines above the table
  std::vector<std::string> variants, metrics, classes;
  std::string against;
  std::vector<std::string> swept;  // the keys of the sweep
  std::string select;              // the quantity that chooses among its points: "val_accuracy"
  bool split_varies = false;       // each seed has a split of its own
  std::vector<bool> metric_percent, metric_higher;
  bool averages = false;  // some trial keeps an average of its weights
  std::int64_t train_rows = 0, validation_rows = 0, epochs = 0, steps_per_epoch = 0;
  std::string data_fingerprint, model_fingerprint;
  std::vector<TrialInfo> trials;
  std::size_t jobs = 1;
  int threads = 1;
  std::string onednn, isa;  // version and instruction set, as the library names them
  std::vector<std::string> warnings;
};

// What a trial leaves: file name -> content. checkpoints: last.onnx, best.onnx (and their external data), state.safetensors.
struct Artifacts {
  std::map<std::string, std::string> checkpoints;
  std::string preprocess;  // JSON
};

// Hears what happens; results are in the order of RunInfo::trials. Calls may come from several threads; implementations lock where they must. Files are theirs.
class Reporter {
 public:
  virtual ~Reporter() = default;
  virtual void start(const RunInfo&) {}
  virtual void trial_started(const TrialInfo&) {}
  virtual void epoch(const TrialInfo&, const EpochRecord&) {}
  // Between the last epoch and trial_finished. Says in which folder the checkpoints are, for those who keep them.
  virtual std::optional<std::filesystem::path> keep(const TrialInfo&, const Artifacts&) { return std::nullopt; }
  virtual void trial_finished(const TrialInfo&, const TrialResult&) {}
  virtual void finish(const RunInfo&, const std::vector<TrialResult>&) {}
};

}  // namespace lehr::report
