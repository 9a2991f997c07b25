#pragma once
#include <chrono>
#include <mutex>

#include "experiments/report/reporter.h"

namespace lehr::report {

// Results on standard output, progress on standard error: a bar on a terminal; elsewhere a line an epoch for a single trial
// (at most one a second), a line every 30 s for many. Lines are broken where the terminal ends, never in a file or a pipe.
class Console : public Reporter {
 public:
  struct Options {
    bool quiet = false;  // no progress
    bool json = false;   // standard output has one document, at the end; the lines above the table go to standard error
    std::string folder;  // "" = nothing is written
    bool terminal_out = false, terminal_err = false;
    std::size_t columns = 0;  // of the terminal; 0: unlimited
  };
  explicit Console(Options options) : options_(std::move(options)) {}
  void start(const RunInfo& info) override;
  void epoch(const TrialInfo& trial, const EpochRecord& record) override;
  void trial_finished(const TrialInfo& trial, const TrialResult& result) override;
  void noted(const TrialInfo& trial, const std::string& text) override;
  // Error (Exit::failed) where standard output could not be written to, now or before.
  void finish(const RunInfo& info, const std::vector<TrialResult>& results) override;

 private:
  void say(const std::string& text) const;  // to standard output, as a line within the terminal
  void print_tables(const RunInfo& info, const std::vector<TrialResult>& results) const;
  void progress(const std::string& line, bool last);
  void clear_bar();
  Options options_;
  std::mutex mutex_;
  RunInfo info_;
  std::size_t finished_ = 0, unfinished_ = 0, notes_ = 0;
  std::chrono::steady_clock::time_point begin_, shown_;
};

Console::Options console_options(bool quiet, bool json, std::string folder);  // looks at the descriptors

}  // namespace lehr::report
