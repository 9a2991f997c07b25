#pragma once
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/train/observer.h"
#include "experiments/report/reporter.h"
#include "experiments/store/sqlite.h"

namespace lehr::store {

// What a trial in the store has come to.
struct StoredTrial {
  std::string name, status, config, hash;  // config: complete YAML; status: planned, running, or the name of an Outcome
  std::uint64_t seed = 0;
  std::int64_t epochs = 0;                 // rows there are
  std::optional<std::int64_t> state;       // epochs finished by the state that is kept
  std::optional<TrialResult> result;       // of a trial that ended; of its epochs the last one
};

// run.db: one file of SQLite that holds what a run is and what became of it. docs/run_folder.md describes its tables; the schema in store.cpp is the source.
// Every row ends with a check sum of its other values. Errors are DatabaseError, or Error where what is read is damaged or of another program.
class Store {
 public:
  static constexpr const char* file_name = "run.db";
  static constexpr std::size_t largest_blob = 512 << 10;  // bytes; what is larger lies beside the store as a file

  // A new store, its plan in one transaction. settings: what `meta` holds beside what follows from info.
  static Store create(const std::filesystem::path& folder, const report::RunInfo& info, const std::map<std::string, std::string>& settings);
  // An existing one. Error where the file is none, is damaged, is of a later version, or the folder is one of the earlier form without a store.
  static Store open(const std::filesystem::path& folder, bool write);

  std::map<std::string, std::string> settings() const;
  std::vector<StoredTrial> trials() const;
  // The last state of a trial with its best and averaged weights; absent where none was kept.
  std::optional<Saved> saved(std::size_t trial) const;
  // What an epoch measured, without uncertainties and counts. Error where it has no row.
  EpochRecord record(std::size_t trial, std::int64_t epoch) const;
  // Scores of the last weights, see RunFolder.
  std::vector<float> predictions(std::size_t trial, const std::string& rows) const;
  // All rows of these trials' epochs, as metrics.csv has them, in this order, in pieces.
  void metrics(const std::vector<std::size_t>& trials, const std::function<void(std::string_view piece)>& to) const;
  // What an epoch's row holds behind samples, in the order of columns(); NaN: null.
  const std::vector<std::string>& columns() const { return columns_; }
  std::vector<double> values(const EpochRecord& record) const;
  struct EpochRow { std::int64_t epoch, step, samples; std::vector<double> values; };
  std::vector<EpochRow> rows(std::size_t trial, std::optional<std::int64_t> only = {}) const;  // one epoch's, or all
  // Every row's check sum, every file's, the counts, and SQLite's own check. Error naming the first thing that is wrong.
  void check() const;

  // Within a transaction of one's own:
  Database& database() { return database_; }
  void started(std::size_t trial, const std::string& time);
  void epoch(std::size_t trial, const EpochRecord& record);
  void state(std::size_t trial, const Saved& saved);
  // all_scores: those of more than a megabyte, too.
  void finished(std::size_t trial, const TrialResult& result, const std::string& time, bool all_scores);
  void event(std::optional<std::size_t> trial, const std::string& time, const std::string& what, const std::string& detail);
  void setting(const std::string& key, const std::string& value);
  // After a commit: files that no row names any more go.
  void clean();
  // Files of states that no row names: what a kill left.
  void sweep() const;
  // Rows beyond the last state of each trial that did not end are taken away: it writes them again. Returns their number.
  std::int64_t rewind();
  // The trial begins anew: its rows and states are taken away.
  void forget(std::size_t trial);
  // Other texts and hashes of the experiment, for a run that goes on with changed keys.
  void replan(const report::RunInfo& info, const std::vector<std::size_t>& ids);

 private:
  Store(std::filesystem::path folder, Database database) : folder_(std::move(folder)), database_(std::move(database)) {}
  void prepare();
  void read_columns();
  void blob(std::size_t trial, const std::string& kind, const Saved& of, std::optional<double> threshold, std::string_view content);
  std::string content(const Statement& row) const;  // of a row of blob

  std::filesystem::path folder_;
  Database database_;
  std::vector<std::string> columns_;  // of epoch, those of the experiment's own quantities
  std::vector<std::string> metrics_;
  bool averages_ = false;
  std::int64_t format_ = 0;
  std::map<std::string, Statement> statements_;
  std::vector<std::string> replaced_;
  std::int64_t next_event_ = 0;
  Statement& statement(const std::string& sql);
};

}  // namespace lehr::store
