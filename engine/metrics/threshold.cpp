#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "engine/metrics/score.h"

namespace lehr {

namespace {
// Its value from the counts alone: nothing but the answers decides it.
bool tallied(const Metric& metric) { return dynamic_cast<const metrics::Tallied*>(&metric) != nullptr; }
}  // namespace

bool decides(const std::string& name) {
  const auto& takes = metric_row(name).takes;
  return name == "accuracy" || (std::ranges::count(takes, Targets::classes) > 0 && !name.starts_with("top_") && tallied(*make_metric(name, 2)));
}

ThresholdSearch::ThresholdSearch(const std::string& metric) : metric_(metric == "accuracy" ? "confusion" : metric) {
  if (decides(metric)) return;
  std::vector<std::string> all;
  for (const auto& name : standard_metrics().names())
    if (name != "top_k" && decides(name)) all.push_back(name);
  throw Error("metric ", metric, " does not depend on a threshold; ", join(all, ", "), " do");
}

void ThresholdSearch::reserve(std::int64_t rows) { rows_.reserve(static_cast<std::size_t>(rows)); }
void ThresholdSearch::reset() { rows_.clear(); }

void ThresholdSearch::add(const Scored& b) {
  metrics::check_classes(b, "threshold");
  if (b.width > 2) throw Error("a threshold decides between two classes, the model scores ", b.width);
  for (std::int64_t row = 0; row < b.rows; ++row)
    if (const std::int64_t truth = b.classes[static_cast<std::size_t>(row)]; truth >= 0)
      rows_.emplace_back(std::exp(metrics::log_probability(b, row, 1)), truth == 1);
}

std::optional<double> ThresholdSearch::best() const {
  auto rows = rows_;
  std::ranges::sort(rows, std::ranges::greater{});
  const auto metric = make_metric(metric_, 2);
  auto& by_counts = dynamic_cast<metrics::Tallied&>(*metric);
  Tally tally;
  tally.grow(2);
  for (const auto& [p, positive] : rows) ++tally.counts[positive ? 2 : 0];  // all are answered with the first class
  std::optional<double> out;
  double best = 0;
  const auto consider = [&](double threshold) {
    by_counts.set(tally);
    const double value = metric->value().value;
    if (std::isnan(value) || !(threshold > 0 && threshold < 1)) return;
    if (!out || value > best || (value == best && std::abs(threshold - 0.5) < std::abs(*out - 0.5))) out = threshold, best = value;
  };
  if (!rows.empty()) consider((1 + rows.front().first) / 2);
  for (std::size_t i = 0; i < rows.size();) {
    const double p = rows[i].first;
    for (; i < rows.size() && rows[i].first == p; ++i) --tally.counts[rows[i].second ? 2 : 0], ++tally.counts[rows[i].second ? 3 : 1];
    consider(i < rows.size() ? (p + rows[i].first) / 2 : p / 2);
  }
  return out;
}

}  // namespace lehr
