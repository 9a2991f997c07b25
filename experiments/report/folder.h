#pragma once
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>

#include "base/file.h"
#include "experiments/report/reporter.h"

namespace lehr::report {

// Leaves a run on disk:
//   experiment.yaml plan.csv summary.csv summary.md environment.json
//   <trial>/{config.yaml, metrics.csv, events.jsonl, status.json, preprocess.json, checkpoints/…}
// Every trial's config is there before the first one starts; metrics.csv and events.jsonl grow line by line, everything else is
// written whole or not at all, and the file system is asked once, at the end, to keep it all. One run at a time writes a folder: the file
// .lock is locked meanwhile and gone afterwards.
class Folder : public Reporter {
 public:
  // Error (Exit::usage) where the folder exists, unless `force` and it is a run's: then it is replaced. Nothing is created before start().
  Folder(std::filesystem::path folder, bool force);
  void start(const RunInfo& info) override;
  void trial_started(const TrialInfo& trial) override;
  void epoch(const TrialInfo& trial, const EpochRecord& record) override;
  std::optional<std::filesystem::path> keep(const TrialInfo& trial, const Artifacts& left) override;
  void trial_finished(const TrialInfo& trial, const TrialResult& result) override;
  void finish(const RunInfo& info, const std::vector<TrialResult>& results) override;

 private:
  struct Open;
  std::shared_ptr<Open> open(const TrialInfo& trial);
  void claim();
  std::filesystem::path folder_;
  bool force_;
  std::shared_ptr<const int> lock_;  // of the file .lock, held while the run writes
  RunInfo info_;
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Open>> open_;
  std::string started_;
};

// One CSV cell, quoted where RFC 4180 asks for it.
std::string csv_cell(std::string_view text);

}  // namespace lehr::report
