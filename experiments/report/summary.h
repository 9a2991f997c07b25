#pragma once
#include <optional>
#include <string>
#include <vector>

#include "experiments/report/reporter.h"

namespace lehr::report {

// A number that a trial ends with, of its last weights: "loss", "val_accuracy", "avg_test_loss"; NaN where it is undefined.
struct Final {
  std::string quantity;
  double value = 0, uncertainty = 0;  // NaN: none
  std::optional<std::int64_t> count = {};  // rows
  const char* undefined = nullptr;
};
std::vector<Final> finals(const TrialResult& result);

// summary.csv in long form: one line a trial and final, nothing averaged away; chosen: its point speaks for its variant.
std::string summary_csv(const RunInfo& info, const std::vector<TrialResult>& results);
// summary.md: the tables that were printed, why trials did not finish, and their notes.
std::string summary_md(const RunInfo& info, const std::vector<TrialResult>& results, const std::vector<Pooled>& pooled = {});

// One CSV cell, quoted where RFC 4180 asks for it.
std::string csv_cell(std::string_view text);

}  // namespace lehr::report
