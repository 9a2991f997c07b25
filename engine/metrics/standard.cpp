#include <charconv>
#include <optional>

#include "base/error.h"
#include "engine/metrics/score.h"

namespace lehr {

namespace {
MetricTable make_table() {
  using namespace metrics;
  MetricTable table("metric");
  table.add("accuracy", {"share of rows answered right", true, make_accuracy});
  table.add("top_k", {"share of rows whose class is among the k best scores; written top_5", true, make_top_k});
  table.add("auc", {"area under the ROC curve; of several classes the mean of each against the rest", true, make_auc});
  table.add("confusion", {"counts by true class and answer; its number is the accuracy", true, make_confusion});
  table.add("mae", {"mean absolute error", false, make_mae});
  table.add("rmse", {"root of the mean squared error", false, make_rmse});
  table.add("r2", {"share of the targets' variance explained", false, make_r2});
  return table;
}

// The k of "top_5".
std::optional<int> top(const std::string& name) {
  int k = 0;
  if (!name.starts_with("top_")) return std::nullopt;
  const auto [end, status] = std::from_chars(name.data() + 4, name.data() + name.size(), k);
  if (status != std::errc() || end != name.data() + name.size() || k < 1) return std::nullopt;
  return k;
}
}  // namespace

const MetricTable& standard_metrics() {
  static const MetricTable table = make_table();
  return table;
}

const MetricRow& metric_row(const std::string& name) { return standard_metrics().find(top(name) ? "top_k" : name); }

std::unique_ptr<Metric> make_metric(const std::string& name, std::int64_t classes) {
  return metric_row(name).make(top(name).value_or(0), classes);
}

}  // namespace lehr
