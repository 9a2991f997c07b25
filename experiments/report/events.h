#pragma once
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "experiments/report/reporter.h"

namespace lehr::report {

// What happens in a run, one JSON object a line: docs/events.md. A thread of its own writes them; a reader that goes away, stands still or has no room left ends
// nothing and holds nothing up.
class Events : public Reporter {
 public:
  // A number is a descriptor that is open for writing, anything else a file, begun anew when the run starts, or (append) gone on with. To be made before anything
  // else is opened. Error (Exit::usage).
  Events(const std::string& target, bool append);
  ~Events() override;
  int given() const { return given_; }  // the descriptor, -1 for a file
  void folder(std::string path) { folder_ = std::move(path); }

  void start(const RunInfo& info) override;
  void trial_started(const TrialInfo& trial) override;
  void epoch(const TrialInfo& trial, const EpochRecord& record) override;
  void state(const TrialInfo& trial, const Saved& saved) override;
  void trial_finished(const TrialInfo& trial, const TrialResult& result) override;
  void noted(const TrialInfo& trial, const std::string& text) override;
  // Writes what waits, for a reader that stands still no longer than 2 s. Why a line is missing, else "": problem().
  void finish(const RunInfo& info, const std::vector<TrialResult>& results) override;
  std::string problem() const { return problem_; }

 private:
  double now() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(); }
  void hand_over(std::string line, bool may_go);
  void write(const std::stop_token& stop);
  bool write_part(std::string_view& text);
  void end();

  std::string target_, folder_, problem_;
  int given_ = -1, descriptor_ = -1;
  bool append_;
  Axes axes_;
  std::vector<std::string> metrics_;
  std::chrono::steady_clock::time_point begin_;
  std::mutex mutex_;  // of what follows
  std::condition_variable_any woken_;
  std::string waiting_;
  std::int64_t left_out_ = 0;
  bool closed_ = false;
  std::jthread thread_;
};

}  // namespace lehr::report
