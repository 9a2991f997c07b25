#pragma once
#include <memory>
#include <mutex>

#include "experiments/store/lock.h"
#include "experiments/store/writer.h"

namespace lehr::store {

// The folder of a run: run.db (see Store), experiment.yaml (the file as it was), and at the end metrics.csv, summary.csv, summary.md and models/. One process at
// a time has it. What is handed over is stored while the run goes; the other files are made from that at the end, and at an interruption.
class RunFolder : public report::Reporter {
 public:
  enum class Mode { fresh, replace, resume };
  // Error (Exit::usage) where the folder exists (fresh), is no run's (replace), holds no run (resume), or another process has it. Nothing is created or removed
  // before start(); a run to be resumed is locked and checked at once.
  RunFolder(std::filesystem::path folder, Mode mode);
  ~RunFolder() override;
  const std::filesystem::path& path() const { return folder_; }

  // Of a run to be resumed.
  struct Stored {
    std::map<std::string, std::string> settings;
    std::vector<StoredTrial> trials;
  };
  const Stored& stored() const { return stored_; }
  // The trials of the run by their names: those it did not have get ids behind the others'.
  void match(const report::RunInfo& info);
  // What a trial goes on from. finished: it ended, and nothing is left of it to do.
  struct Stand {
    std::optional<TrialResult> finished;
    std::optional<Saved> from;
    std::optional<TrialResult> cut;  // what a search made of it, which `from` could go on from
  };
  // more: trials that ended as done go on, too (there are more epochs now).
  Stand stand(std::size_t trial, bool more);
  // What it kept of a trial that ended; what was handed over before is in it.
  std::optional<Saved> saved(std::size_t trial);

  double seconds() const { return writer_->seconds(); }  // since the run began, to half a second; costs nothing
  // For `meta`, before start().
  void setting(const std::string& key, const std::string& value) { settings_[key] = value; }
  void start(const report::RunInfo& info) override;
  void trial_started(const report::TrialInfo& trial) override;
  void epoch(const report::TrialInfo& trial, const EpochRecord& record) override;
  void state(const report::TrialInfo& trial, const Saved& saved) override;
  void trial_finished(const report::TrialInfo& trial, const TrialResult& result) override;
  // Names of files to come below models/: stored before the files exist, so that --force knows what to remove.
  void announce(const std::vector<std::string>& names);
  // A file below models/, written whole or not at all.
  virtual std::filesystem::path model(const std::string& name, std::string_view content);
  void remove_model(const std::string& name);
  // Others that the run wrote before it was stopped go.
  void keep_models(const std::vector<std::string>& names);
  void finish(const report::RunInfo& info, const std::vector<TrialResult>& results) override;
  void pooled(const std::vector<report::Pooled>& all) override { pooled_ = all; }
  // Of a run to be resumed: epochs a trial had, and what one of them measured, in figures alone.
  std::int64_t epochs(std::size_t trial) const;
  EpochRecord record(std::size_t trial, std::int64_t epoch);
  // Scores of the last weights on these rows ("val", "test"), [rows, width]; empty where they were not kept.
  std::vector<float> predictions(std::size_t trial, const std::string& rows);
  const std::string& problem() const { return problem_; }  // after finish(): why the store is not as it should be left, else ""

 private:
  void take();
  void empty() const;
  void settle() const;
  std::filesystem::path folder_;
  Mode mode_;
  std::map<std::string, std::string> settings_;
  Stored stored_;
  std::unique_ptr<Lock> lock_;
  std::unique_ptr<Writer> writer_;
  std::mutex reading_;            // of the reader, once trials run
  std::optional<Store> reader_;  // gone before the writer closes: the store is left in plain form by its last connection
  const Store& reader();
  std::vector<std::string> models_;
  std::vector<report::Pooled> pooled_;
  bool folds_ = false;  // scores are kept whatever their size
  std::string problem_;
  std::vector<std::size_t> ids_;  // of the trials of the run, in the store: those it had keep theirs
  std::size_t id(const report::TrialInfo& trial) const { return ids_.at(trial.index); }
};

// The model of the last epoch that a run keeps below models/, by the run's folder (where it keeps one trial's), or the run's folder and a trial's name; what is no
// such thing is handed back. Error where a run keeps several, or not that one: all are shown.
std::filesystem::path model_file(const std::filesystem::path& given);

// Who reads a run that is finished, or goes on meanwhile: export, verify, report. Its check sums hold.
Store read_run(const std::filesystem::path& folder);

}  // namespace lehr::store
