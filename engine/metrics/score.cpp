#include "engine/metrics/score.h"

#include <algorithm>
#include <cmath>

#include "base/error.h"

namespace lehr::metrics {

namespace {
void check_output(const Scored& b, const char* metric) {
  if (b.rows < 0 || b.width < 1 || b.output.size() != static_cast<std::size_t>(b.rows * b.width))
    throw Error(metric, ": ", b.output.size(), " scores are not ", b.rows, " rows of ", b.width);
}
// The score at the threshold.
double cut(const Scored& b) {
  if (b.threshold == 0.5) return b.logits ? 0 : 0.5;
  return b.logits ? std::log(b.threshold / (1 - b.threshold)) : b.threshold;
}
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }
}  // namespace

void check_classes(const Scored& b, const char* metric) {
  check_output(b, metric);
  if (b.classes.size() != static_cast<std::size_t>(b.rows))
    throw Error(metric, " needs one class index a row: there are ", b.classes.size(), " for ", b.rows, " rows");
  const std::int64_t limit = b.width == 1 ? 2 : b.width;
  for (const std::int64_t c : b.classes)
    if (c >= limit) throw Error(metric, ": class index ", c, " is beyond the ", limit, " classes the model scores");
}

void check_values(const Scored& b, const char* metric) {
  check_output(b, metric);
  if (b.values.size() != b.output.size())
    throw Error(metric, " needs one target value for each of the ", b.output.size(), " outputs: there are ", b.values.size());
}

std::int64_t answer(const Scored& b, std::int64_t row) {
  const float* scores = b.output.data() + row * b.width;
  if (b.width == 1) {
    if (std::isnan(scores[0])) return -1;
    return static_cast<double>(scores[0]) > cut(b);
  }
  if (b.width == 2 && b.threshold != 0.5) {
    if (std::isnan(scores[0]) || std::isnan(scores[1])) return -1;
    return static_cast<double>(scores[1]) - (b.logits ? static_cast<double>(scores[0]) : 0.0) > cut(b);
  }
  std::int64_t best = 0;
  for (std::int64_t c = 0; c < b.width; ++c) {
    if (std::isnan(scores[c])) return -1;
    if (scores[c] > scores[best]) best = c;
  }
  return best;
}

bool holds(const Scored& b, std::size_t at) { return static_cast<double>(b.output[at]) > cut(b); }

double log_probability(const Scored& b, std::int64_t row, std::int64_t c) {
  const float* scores = b.output.data() + row * b.width;
  const auto log_of = [](double p) { return std::isnan(p) ? p : std::log(std::max(p, std::numeric_limits<double>::epsilon())); };
  if (b.width == 1) {
    const double s = scores[0];
    return b.logits ? -softplus(c == 1 ? -s : s) : log_of(c == 1 ? s : 1 - s);
  }
  if (!b.logits) return log_of(scores[c]);
  double top = scores[0], sum = 0;
  for (std::int64_t k = 1; k < b.width; ++k) top = std::max<double>(top, scores[k]);
  for (std::int64_t k = 0; k < b.width; ++k) sum += std::exp(static_cast<double>(scores[k]) - top);
  return static_cast<double>(scores[c]) - top - std::log(sum);
}

Measured proportion(std::int64_t right, std::int64_t count) {
  if (count == 0) return undefined(no_rows);
  const double n = static_cast<double>(count), p = static_cast<double>(right) / n;
  return {p, std::sqrt(p * (1 - p) / n + 1 / (4 * n * n)) / (1 + 1 / n), count};
}

}  // namespace lehr::metrics
