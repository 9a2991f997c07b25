#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/metrics/metric.h"

namespace lehr::report {

// What a model scores on some rows, as `lehr evaluate` shows it.
struct EvaluationReport {
  std::string model, prepared_by;  // files; prepared_by "": the columns go in as they are
  std::string data, part;          // "iris.csv", "validation"
  std::vector<std::string> classes;
  Balance balance;
  std::string loss;                // "": none is shown
  double loss_value = 0;
  bool loss_scaled = false;            // it is that of the scaled target, as trained
  std::optional<double> loss_own;      // then the same in the target's own unit, where there is such a number
  std::vector<std::string> metrics;
  std::vector<Measured> values;
  std::vector<bool> percent;
  std::vector<std::string> details;
  std::vector<std::string> notes;
  // How much the metric loses without a column, over so many repeats; see run::importance().
  struct Importance { std::string column; double mean = 0, deviation = 0; };
  std::string importance_metric;  // "": not asked for
  std::int64_t repeats = 0;
  std::vector<Importance> importance;
  // What always answering one thing scores: the majority class its accuracy, the mean of the rows its rmse.
  std::string baseline_answer;
  double baseline = 0;
};
// The baseline of these rows into it, and the balance.
void add_baseline(EvaluationReport& report, const Dataset& data, std::span<const std::int32_t> rows);

std::string text(const EvaluationReport& report);
std::string json(const EvaluationReport& report);  // null where a value is undefined

}  // namespace lehr::report
