#include "experiments/report/evaluation.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/readable.h"
#include "base/text.h"

namespace lehr::report {

namespace {
using Json = nlohmann::ordered_json;

Json real(double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); }

std::string shown(const Measured& m, bool percent) {
  if (!std::isfinite(m.value)) return cat("undefined", m.undefined ? cat(": ", m.undefined) : "");
  const auto number = [&](double v) { return percent ? fixed(100 * v, 2) : fixed(v, 4); };
  return number(m.value) + (std::isfinite(m.uncertainty) ? " ± " + number(m.uncertainty) : "") + (percent ? " %" : "");
}
}  // namespace

void add_baseline(EvaluationReport& r, const Dataset& data, std::span<const std::int32_t> rows) {
  r.classes = data.classes;
  r.balance = balance(data, rows);
  if (data.classes.empty()) {  // of these rows: their population deviation
    const MeanAnswer answer = mean_answer(data, rows, rows);
    r.baseline_answer = answer.means.size() == 1 ? fixed(answer.means[0], 4) : "column by column";
    r.baseline = answer.rmse;
    return;
  }
  r.baseline_answer = data.classes[r.balance.majority];
  r.baseline = r.balance.fraction;
}

std::string text(const EvaluationReport& r) {
  std::string out = cat("model  ", printable(r.model), "   ", r.prepared_by.empty() ? "columns as they are" : "prepared by " + printable(r.prepared_by), "\n");
  out += cat("data   ", printable(r.data), "  ", r.part, " ", lehr::text(r.balance, r.classes), "   always answering ",
             r.classes.empty() ? cat("their mean ", r.baseline_answer, " has rmse ", fixed(r.baseline, 4))
                               : cat(printable(r.baseline_answer), " scores ", fixed(100 * r.baseline, 2), " %"), "\n");
  std::size_t wide = r.loss.size();
  for (const auto& m : r.metrics) wide = std::max(wide, m.size());
  if (!r.loss.empty()) out += cat(pad_right(r.loss, wide), "  ", fixed(r.loss_value, 6), r.loss_scaled ? "  of the scaled target, as it was trained" : "",
                                 r.loss_own ? cat("; ", readable(*r.loss_own), " in the target's own unit") : "", "\n");
  for (std::size_t i = 0; i < r.metrics.size(); ++i) {
    out += cat(pad_right(r.metrics[i], wide), "  ", shown(r.values[i], r.percent[i]), "\n");
    if (!r.details[i].empty()) out += r.details[i] + (r.details[i].ends_with('\n') ? "" : "\n");
  }
  if (r.importance_metric.empty()) return out;
  out += cat("\nloss of ", r.importance_metric, " with a column dealt anew among the rows, mean ± deviation of ", r.repeats,
             r.repeats == 1 ? " repeat\n" : " repeats\n");
  wide = 0;
  for (const auto& column : r.importance) wide = std::max(wide, width(printable(column.column)));
  for (const auto& column : r.importance)
    out += cat(pad_right(printable(column.column), wide), "  ", pad_left(fixed(column.mean, 4), 8), " ± ", fixed(column.deviation, 4), "\n");
  return out;
}

std::string json(const EvaluationReport& r) {
  Json out{{"model", r.model},
           {"prepared_by", r.prepared_by.empty() ? Json(nullptr) : Json(r.prepared_by)},
           {"data", r.data},
           {"part", r.part},
           {"rows", r.balance.rows}};
  if (!r.classes.empty()) {
    out["classes"] = r.classes;
    out["counts"] = r.balance.counts;
  }
  out["baseline"] = {{"answer", r.baseline_answer}, {"metric", r.classes.empty() ? "rmse" : "accuracy"}, {"value", real(r.baseline)}};
  out["loss"] = r.loss.empty() ? Json(nullptr) : Json{{"type", r.loss}, {"value", real(r.loss_value)}};
  if (r.loss_scaled) out["loss"]["scaled_target"] = true, out["loss"]["own_unit"] = r.loss_own ? real(*r.loss_own) : Json(nullptr);
  Json metrics = Json::object();
  for (std::size_t i = 0; i < r.metrics.size(); ++i)
    metrics[r.metrics[i]] = {{"value", real(r.values[i].value)}, {"uncertainty", real(r.values[i].uncertainty)}, {"count", r.values[i].count}};
  for (std::size_t i = 0; i < r.metrics.size(); ++i)
    if (r.values[i].undefined) metrics[r.metrics[i]]["undefined"] = r.values[i].undefined;
  out["metrics"] = std::move(metrics);
  if (!r.importance_metric.empty()) {
    Json columns = Json::array();
    for (const auto& column : r.importance) columns.push_back({{"column", column.column}, {"mean", real(column.mean)}, {"sd", real(column.deviation)}});
    out["importance"] = {{"metric", r.importance_metric}, {"repeats", r.repeats}, {"columns", std::move(columns)}};
  }
  out["notes"] = r.notes;
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace lehr::report
