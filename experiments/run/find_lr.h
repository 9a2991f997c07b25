#pragma once
#include "experiments/run/assemble.h"
#include "experiments/run/job.h"

namespace lehr::run {

// The range test: training while the rate grows by the same factor each update (L. N. Smith 2017).
struct RangeTest {
  double from = 1e-6, to = 10;
  std::int64_t updates = 100;
};
struct RangeResult {
  std::vector<double> rates, losses;  // of each update made; the last one may be the update that blew up
  std::vector<double> smooth;         // running mean of the losses, decay 0.9 and unbiased
  bool blew_up = false;               // ended early: the smooth loss passed four times its lowest value, or was not finite
  // Suggestions, absent where the losses show no fall.
  std::optional<double> steepest;     // the rate where the smooth loss falls fastest over the logarithm of the rate
  std::optional<double> valley;       // the middle of the longest fall: the longest falling subsequence of the smooth losses
  std::optional<double> tenth;        // a tenth of the rate of the lowest smooth loss
};
// On the trial's own data, model, optimizer and seed; its schedule of lr is left out, those of other hyperparameters hold. The bench's
// weights are afterwards what they were. Errors as those of a training.
RangeResult find_lr(Workbench& bench, const TrialJob& trial, const RangeTest& test);
// The suggestions of a test whose rates and losses are given.
void suggest(RangeResult& result);

}  // namespace lehr::run
