#pragma once
#include <string>
#include <vector>

#include "experiments/report/compare.h"

namespace lehr::report {

// For each variant how its runs stand to always answering one thing, split by split: mean difference with its 95 % interval (statistics.h, paired), and
// whether it tells the two apart. Empty where the trials have no baseline in this quantity.
std::vector<std::string> baseline_notes(const RunInfo& info, const std::vector<TrialResult>& results, const std::vector<Choice>& choices, const Quantity& q);

}  // namespace lehr::report
