#include "engine/train/early_stop.h"

#include <algorithm>
#include <cmath>

namespace lehr {

Patience::Answer Patience::look(const EarlyStop& rule, std::int64_t at, double value) {
  const bool lightning = rule.form == EarlyStop::Form::lightning;
  if (!lightning && at <= rule.start) return Answer::waits;
  const bool better = epoch == 0 || (rule.higher ? value - rule.min_delta > best : value + rule.min_delta < best);
  if (std::isfinite(value) && better) {
    best = value, epoch = at, waited = 0;
    return Answer::improved;
  }
  ++waited;
  const bool over = waited >= rule.patience || (lightning && !std::isfinite(value));
  return over && at >= rule.start ? Answer::over : Answer::waits;
}

std::optional<double> observed(const EpochRecord& record, const std::vector<std::string>& metrics, const std::string& quantity) {
  const bool validation = quantity.starts_with("val_");
  if (validation && !record.evaluated) return std::nullopt;
  const std::string name = validation ? quantity.substr(4) : quantity;
  if (name == "loss") return validation ? record.val_loss : record.loss;
  const auto& values = validation ? record.val : record.train;
  const auto at = static_cast<std::size_t>(std::ranges::find(metrics, name) - metrics.begin());
  return at < values.size() ? std::optional(values[at].value) : std::nullopt;
}

}  // namespace lehr
