#pragma once
#include "experiments/report/reporter.h"

namespace lehr::report {

// One expectation of one variant: of the mean over its seeds, at its chosen point, of what its trials end with.
struct Fulfilment {
  Expectation of;
  std::string variant;
  double mean = 0;                        // NaN: no trial has the number
  std::size_t finished = 0, of_seeds = 0;  // trials that have it, and all
  bool met = false;                       // by the mean, and all have it
};
// By expectation, then variant; none where some trial was interrupted: there is no end yet.
std::vector<Fulfilment> fulfilments(const RunInfo& info, const std::vector<TrialResult>& results);
std::string text(const Fulfilment& fulfilment);

// Prints a line for each at the end, to standard output or, beside JSON, to standard error.
class Expectations : public Reporter {
 public:
  explicit Expectations(bool json) : json_(json) {}
  void finish(const RunInfo& info, const std::vector<TrialResult>& results) override;

 private:
  bool json_;
};

}  // namespace lehr::report
