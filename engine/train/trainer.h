#pragma once
#include "engine/train/job.h"

namespace lehr {

// Updates in an epoch and what a schedule's clock needs, at the run's first update.
Clock run_clock(const PlanSizes& sizes, std::int64_t epochs);

// Trains from the weights the bench holds, or goes on from Job::from, and leaves the trained ones there. Weights beside the trained ones (an average, the
// evaluation point of the optimizer) are evaluated with statistics of BatchNormalization taken anew from the training rows. A loss, weight, statistic or score
// that is not finite, in an update or in the evaluation after it, ends the trial as diverged, with the weights of the last epoch that was finite, where
// Job::divergence does not say otherwise.
// Where the training ends with other weights than its last epoch's (EarlyStop::Restore::best), the last record of the result is that of the epoch they are of.
// An update none of whose rows counts changes nothing but the clock (no decay, no momentum), and its loss is no loss; rows to evaluate of which none counts
// have no loss (NaN), and no epoch is best by it.
TrialResult train(Workbench& bench, const Job& job);

}  // namespace lehr
