#pragma once
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "experiments/report/reporter.h"
#include "experiments/report/statistics.h"

namespace lehr::report {

// One number a trial ends with, of its last weights: the loss or a metric, on the validation or the test rows.
struct Quantity {
  bool test = false;
  std::optional<std::size_t> metric;  // of RunInfo::metrics; absent: the loss
  bool average = false;               // of the averaged weights
};
std::string name(const Quantity& q, const RunInfo& info);  // "val_accuracy"
bool percent(const Quantity& q, const RunInfo& info);
bool higher_is_better(const Quantity& q, const RunInfo& info);
double value(const TrialResult& result, const Quantity& q);  // NaN where the trial is not done or did not measure it
// Why it is undefined in a trial that is done; "" where it is not.
std::string undefined(const TrialResult& result, const Quantity& q);
std::int64_t rows(const Quantity& q, const RunInfo& info, const std::vector<TrialResult>& results);
// Rows that the metric counted, at least and at most; 0 where none was measured.
std::pair<std::int64_t, std::int64_t> counted(const Quantity& q, const std::vector<TrialResult>& results);
// val_loss, the metrics, then the same for test; those without rows are left out.
std::vector<Quantity> quantities(const RunInfo& info, const std::vector<TrialResult>& results);
// The values of q in `results`, NaN where there is none.
std::vector<double> values(const std::vector<const TrialResult*>& results, const Quantity& q);
std::vector<double> finite(const std::vector<double>& values);

// The repeats of a variant at one point, in order: the same repeats in every cell.
struct Cell {
  std::string variant;
  std::vector<std::string> point;
  std::vector<const TrialResult*> results;
};
std::vector<Cell> cells(const RunInfo& info, const std::vector<TrialResult>& results);

// What speaks for a variant: of every repeat the result at the chosen point.
struct Choice {
  std::string variant;
  std::vector<const TrialResult*> results;
  std::vector<std::pair<const Cell*, std::size_t>> cells;  // chosen by that many repeats; most first
  bool complete = true;                                    // no trial of the variant was interrupted: all points had their chance
  bool any() const;                                        // did a chosen trial finish?
};
// For each variant the point with the best mean of RunInfo::select over the repeats; where repeats have splits of their own, those of one split choose by its
// validation rows, since those of others hold its test rows. A point whose trials all finished goes before one whose did not; ties go to
// the lower val_loss, then to the earlier point. Test rows are not looked at.
std::vector<Choice> choose(const RunInfo& info, const std::vector<Cell>& cells);
// What RunInfo::select names; val_loss where it is not measured.
Quantity selecting(const RunInfo& info);
// The repeats that choose together, by their position in a cell.
std::vector<std::vector<std::size_t>> choosers(const RunInfo& info);
// Points in the order in which those repeats prefer them, the best first.
std::vector<const Cell*> ranked(const RunInfo& info, std::vector<const Cell*> points, const std::vector<std::size_t>& repeats);
// A sentence for each key and side of the grid that a variant's choice (of more than half of its seeds) lies at; of complete ones only.
std::vector<std::string> edge_notes(const RunInfo& info, const std::vector<Cell>& cells, const std::vector<Choice>& choices);

// A variant's values of one quantity, and their differences from those of RunInfo::against, paired by repeat. Repeats that share a split that others do not have are one
// sample: their mean, of those that are finite (for a difference: in both).
struct Standing {
  std::string variant;
  std::vector<double> values;        // one a repeat
  std::size_t repeats = 0;           // how many of them are finite
  Summary summary;                   // of samples
  std::optional<Paired> difference;  // absent for the variant the others are compared with
  double holm = 0;                   // p of the difference, adjusted for the number of variants compared
  bool differs() const { return holm < 0.05; }
};
// tests: how many p values there are.
struct Comparison {
  std::vector<Standing> standings;
  std::size_t tests = 0;
};
Comparison compare(const RunInfo& info, const std::vector<Choice>& choices, const Quantity& q);

}  // namespace lehr::report
