#include "engine/metrics/score.h"

#include <cmath>
#include <limits>

#include "base/error.h"

namespace lehr::metrics {

namespace {
void check_output(const Scored& b, const char* metric) {
  if (b.rows < 0 || b.width < 1 || b.output.size() != static_cast<std::size_t>(b.rows * b.width))
    throw Error(metric, ": ", b.output.size(), " scores are not ", b.rows, " rows of ", b.width);
}
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
    return scores[0] > (b.logits ? 0.0f : 0.5f);
  }
  std::int64_t best = 0;
  for (std::int64_t c = 0; c < b.width; ++c) {
    if (std::isnan(scores[c])) return -1;
    if (scores[c] > scores[best]) best = c;
  }
  return best;
}

Measured proportion(std::int64_t right, std::int64_t count) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (count == 0) return {nan, nan, 0};
  const double n = static_cast<double>(count), p = static_cast<double>(right) / n;
  return {p, std::sqrt(p * (1 - p) / n + 1 / (4 * n * n)) / (1 + 1 / n), count};
}

}  // namespace lehr::metrics
