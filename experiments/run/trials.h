#pragma once
#include <array>
#include <atomic>
#include <functional>
#include <memory>

#include "experiments/report/reporter.h"
#include "experiments/run/assemble.h"
#include "experiments/store/run_folder.h"

namespace lehr::run {

struct RunOptions {
  std::size_t jobs = 0;  // trials at once; 0: one a core, fewer where a trial uses several threads
  int threads = 0;       // OpenMP threads a trial; 0: from the file, else chosen by the size of the work
  std::string command_line;
  store::RunFolder* folder = nullptr;  // among the reporters: keeps states, models and predictions; absent: nothing is kept
  bool resume = false;                 // trials go on from what the folder has of them
  std::int64_t schedule_epochs = 0;    // what schedules take for the length of a trial, where that has changed; 0: its epochs
  bool longer = false;                 // those that were done, too: there are more epochs now
  const std::atomic<bool>* stop = nullptr;
};

struct Workspace;  // compiled plans, one set per worker

// A study, checked and assembled: nothing was trained or written yet. Every file problem and misfit has been thrown by now.
struct PreparedStudy {
  spec::Study study;
  std::vector<std::shared_ptr<const Parts>> parts;  // per trial
  report::RunInfo info;
  std::shared_ptr<Workspace> workspace;
};

// Throws Exit::usage or Exit::mismatch with all problems found.
PreparedStudy prepare(spec::Study study, const RunOptions& options);

// Of the data and the model that trial i reads: {"data x.csv", CRC}, {"model y.onnx", CRC}.
std::array<std::pair<std::string, std::string>, 2> fingerprints(const PreparedStudy& prepared, std::size_t i);

// Trains every trial, `jobs` at a time; the result of a trial does not depend on jobs. A trial that fails does not stop the others.
std::vector<TrialResult> run(const PreparedStudy& prepared, const RunOptions& options, const std::vector<report::Reporter*>& reporters);

// Each job on a thread of one of the study's workers, which computes as its trials do.
void on_workers(const PreparedStudy& prepared, std::size_t count, const std::function<void(std::size_t worker, std::size_t index)>& job);

// Trains one trial from its beginning or from a state, on a worker's plans; the weights are left there. Handing over states is the observer's business. tests: the
// test rows are measured at its end; from a state that is finished nothing else happens.
TrialResult train_trial(const PreparedStudy& prepared, std::size_t trial, std::size_t worker, Observer& observer, const Saved* from, std::int64_t schedule_epochs = 0,
                        bool tests = true);

// 0, 1, 4, 5 or 130 by what became of the trials; 6 where all are done and an expectation is not met. 130: some were interrupted, by a signal or by
// time_limit.
int exit_code(const report::RunInfo& info, const std::vector<TrialResult>& results);

}  // namespace lehr::run
