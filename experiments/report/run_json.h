#pragma once
#include <string>

#include "experiments/report/reporter.h"

namespace lehr::report {
// What a run gave, as one JSON document: for each variant the chosen point and every quantity with its differences, every point, every
// trial that did not finish. Figures are in the quantities' own units (an accuracy is in [0, 1]); what does not exist is null.
std::string run_json(const RunInfo& info, const std::vector<TrialResult>& results, const std::string& folder, double seconds, const std::vector<Pooled>& pooled = {});
// Of each variant its samples, as a JSON list.
std::string pooled_json(const RunInfo& info, const std::vector<Pooled>& pooled);
}  // namespace lehr::report
