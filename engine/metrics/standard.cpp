#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "engine/metrics/score.h"

namespace lehr {

namespace {
MetricTable make_table() {
  using namespace metrics;
  MetricTable table("metric");
  const std::vector<Targets> classes{Targets::classes}, numbers{Targets::numbers}, either{Targets::classes, Targets::labels};
  table.add("accuracy", {"share of rows answered right; of labels the mean over them", either, make_accuracy});
  table.add("balanced_accuracy", {"mean over the classes of the share of their rows answered right", classes, make_balanced_accuracy});
  table.add("top_k", {"share of rows whose class is among the k best scores; written top_5", classes, make_top_k});
  table.add("precision", {"of two classes: of the rows answered with the second, the share that is of it", classes, make_precision});
  table.add("precision_macro", {"mean over classes or labels of the precision of each", either, make_precision_macro});
  table.add("precision_weighted", {"the same, each by its rows", either, make_precision_weighted});
  table.add("recall", {"of two classes: of the rows of the second, the share answered with it", classes, make_recall});
  table.add("recall_macro", {"mean over classes or labels of the recall of each", either, make_recall_macro});
  table.add("recall_weighted", {"the same, each by its rows", either, make_recall_weighted});
  table.add("f1", {"of two classes: harmonic mean of precision and recall of the second", classes, make_f1});
  table.add("f1_macro", {"mean over classes or labels of the f1 of each", either, make_f1_macro});
  table.add("f1_weighted", {"the same, each by its rows", either, make_f1_weighted});
  table.add("f1_micro", {"f1 of all classes or labels counted together", either, make_f1_micro});
  table.add("mcc", {"Matthews' correlation of class and answer, from -1 to 1", classes, make_mcc});
  table.add("auc", {"area under the ROC curve; of several classes the mean of each against the rest, of labels the mean", either, make_auc});
  table.add("average_precision", {"precision averaged over recall; of several classes and labels the mean of each", either, make_average_precision});
  table.add("log_loss", {"mean of -log p of the true class; of labels of -y log p - (1-y) log(1-p)", either, make_log_loss});
  table.add("ece", {"expected calibration error: |share right - probability|, in 15 bins by the probability of the answer", classes, make_ece});
  table.add("confusion", {"counts by true class and answer; its number is the accuracy", classes, make_confusion});
  table.add("mae", {"mean absolute error", numbers, make_mae});
  table.add("mape", {"mean of |error / target|, as a fraction", numbers, make_mape});
  table.add("rmse", {"root of the mean squared error", numbers, make_rmse});
  table.add("r2", {"share of the targets' variance explained", numbers, make_r2});
  table.add("explained_variance", {"the same without what a constant shift costs", numbers, make_explained_variance});
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

Targets targets_of(bool has_classes, bool binary_loss) {
  return has_classes ? Targets::classes : binary_loss ? Targets::labels : Targets::numbers;
}

std::string misfit(const std::string& name, Targets targets) {
  const auto& takes = metric_row(name).takes;
  if (std::ranges::count(takes, targets) > 0) return {};
  if (takes.front() == Targets::numbers) return cat("metric ", name, " is for regression, the target is ", targets == Targets::classes ? "a class" : "labels");
  return cat("metric ", name, " is for classes, the target is ", targets == Targets::numbers ? "a number" : "several labels a row");
}

std::unique_ptr<Metric> make_metric(const std::string& name, std::int64_t classes) {
  return metric_row(name).make(top(name).value_or(0), classes);
}

}  // namespace lehr
