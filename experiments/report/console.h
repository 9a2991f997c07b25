#pragma once
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "experiments/report/board.h"
#include "experiments/report/lines.h"

namespace lehr::report {

// Results on standard output, progress on standard error, written by one thread of its own, so that a terminal that stands still holds no training up.
// On a terminal a Board at the bottom, drawn ten times a second, gone at the end. Elsewhere a line an epoch for a single trial, a line every 30 s for many (and for
// a single one where epochs take longer). Lines are broken where the terminal ends, never in a file or a pipe.
class Console : public Reporter {
 public:
  struct Options {
    bool quiet = false;  // no progress
    bool json = false;   // standard output has one document, at the end; the lines above the table go to standard error
    bool taken = false;  // standard output is another's: everything goes to standard error
    std::string folder;  // "" = nothing is written
    bool board = false;  // standard error is a terminal that understands escape sequences
    bool colour = false;
    std::size_t columns = 0, error_columns = 0;  // of the terminals on standard output and standard error; 0: unlimited
    const std::atomic<bool>* stop = nullptr;     // that the run was asked to stop is said once
  };
  explicit Console(Options options) : options_(std::move(options)) {}
  ~Console() override;
  void start(const RunInfo& info) override;
  void trial_started(const TrialInfo& trial) override;
  Live* live(const TrialInfo& trial) override;
  void epoch(const TrialInfo& trial, const EpochRecord& record) override;
  void trial_finished(const TrialInfo& trial, const TrialResult& result) override;
  void noted(const TrialInfo& trial, const std::string& text) override;
  // Error (Exit::failed) where standard output could not be written to, now or before.
  void finish(const RunInfo& info, const std::vector<TrialResult>& results) override;
  void pooled(const std::vector<Pooled>& all) override { pooled_ = all; }

 private:
  void out(const std::string& text) const;
  void say(const std::string& text) const;  // to standard output, as a line within the terminal
  void print_tables(const RunInfo& info, const std::vector<TrialResult>& results) const;
  double now() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  void tell(const std::string& line);  // on standard error, soon
  void epoch_line(const EpochRecord& record);
  void follow(const std::stop_token& stop);  // the thread
  void end();

  Options options_;
  std::mutex mutex_;  // of what follows
  std::condition_variable_any woken_;
  RunInfo info_;
  std::vector<Pooled> pooled_;
  std::unique_ptr<Board> board_;
  std::string pending_;  // lines for standard error
  std::size_t unfinished_ = 0, notes_ = 0;
  bool stopping_ = false;
  double logged_ = 0;  // when the last line of progress was written
  std::chrono::steady_clock::time_point begin_;
  Footer footer_;  // of the thread
  std::jthread thread_;
};

// Looks at the descriptors, TERM and NO_COLOR.
Console::Options console_options(bool quiet, bool json, std::string folder);

}  // namespace lehr::report
