#pragma once
#include <map>
#include <memory>

#include "experiments/report/reporter.h"

namespace lehr::report {

// Where a run under way stands, as lines. Trials of one variant (at one point of a sweep) are one line. Counts steps, so that it moves within an epoch. Not
// synchronized; times are seconds since the run began.
class Board {
 public:
  explicit Board(const RunInfo& info);  // must outlive this
  void started(const TrialInfo& trial, double now);
  Live* live(const TrialInfo& trial);  // of a trial under way
  void epoch(const TrialInfo& trial, const EpochRecord& record);
  // Also of one that was not started here: kept from an earlier process.
  void finished(const TrialInfo& trial, const TrialResult& result, double now);

  // For a terminal: the latest variants that finished, those under way, the whole; at most rows - 1 lines, none as wide as `columns`.
  std::vector<std::string> lines(double now, std::size_t columns, std::size_t rows, bool colour) const;
  // The same as one line, for a log.
  std::string line(double now) const;

 private:
  struct Lot {  // a variant at one point
    std::string label;
    std::size_t trials = 0, finished = 0;
    std::int64_t steps = 0, settled = 0, made = 0;  // settled: of trials that ended; made: of those, by this process
    double began = -1;
    std::vector<double> figures;  // of trials that ended as done
    std::string latest;           // the figure of the last epoch heard of
  };
  struct Course {  // of a trial under way
    const TrialInfo* trial;
    std::unique_ptr<Live> live;
    std::int64_t epoch = 0, step = 0;  // of the last epoch heard of
    double position() const;           // steps passed
  };
  struct Standings;
  Standings standings(std::size_t lot, double now) const;  // lots_.size(): of all
  std::string shown(double figure) const;
  const RunInfo& info_;
  std::string figure_name_;
  bool percent_ = false;
  std::vector<Lot> lots_;
  std::vector<std::size_t> lot_of_;  // trial -> lot
  std::map<std::size_t, Course> running_;
  std::vector<std::pair<std::size_t, double>> ended_;  // lots, when
  std::size_t finished_ = 0;
};

}  // namespace lehr::report
