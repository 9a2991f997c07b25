#pragma once
#include <string>
#include <vector>

#include "engine/metrics/metric.h"

namespace lehr::report {

// What a variant's models say of rows that they did not train on, over all folds of a dealing: every row is scored once, and the scores of all rows are measured
// together. One for each dealing and seed whose folds are all done.
struct Pooled {
  std::string variant;
  struct Sample {
    std::string trial;  // the name its folds share: "constant/seed-0"; with several dealings "constant/repeat-2/seed-0"
    std::int64_t rows = 0;
    double loss = 0;                 // the folds' mean losses, by the rows they count
    std::vector<Measured> metrics;   // in the order of RunInfo::metrics
  };
  std::vector<Sample> samples;
};

}  // namespace lehr::report
