#pragma once
#include "experiments/report/pooled.h"
#include "experiments/run/trials.h"

namespace lehr::run {

// Of each variant at its chosen points; from the scores that the folder has. Empty without folds.
std::vector<report::Pooled> pooled(const PreparedStudy& prepared, const std::vector<TrialResult>& results, store::RunFolder& folder);

}  // namespace lehr::run
