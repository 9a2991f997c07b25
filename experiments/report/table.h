#pragma once
#include <string>
#include <vector>

#include "experiments/report/reporter.h"

namespace lehr::report {

// One metric of a run on its validation or test rows: a row a variant, differences paired by seed against RunInfo::against.
// Values are those of the last weights.
struct TableRow {
  std::string variant, runs, value, range, difference, wins;
};
struct MetricTableView {
  std::string metric;  // "val_accuracy", "test_accuracy"
  std::vector<TableRow> header_and_rows;
  std::string footnote;
};
std::vector<MetricTableView> tables(const RunInfo& info, const std::vector<TrialResult>& results);
// As plain text: columns aligned; narrow drops min..max and win/loss where the terminal has fewer columns than needed.
std::string render(const MetricTableView& table, std::size_t columns);
std::string render_markdown(const MetricTableView& table);

}  // namespace lehr::report
