#pragma once
#include <cstdint>

#include "engine/metrics/metric.h"

namespace lehr::metrics {

// Refuse a batch whose spans do not fit its rows and width, or whose target is of the other kind. A class index beyond the
// scores is named. Rows with a negative class index (ignored ones) are skipped by every classification metric.
void check_classes(const Scored& batch, const char* metric);
void check_values(const Scored& batch, const char* metric);

// The class answered for a row: of one score, 1 where it lies above the threshold (0 for logits, else 0.5); of several, the
// first of the largest. -1 where a score is NaN.
std::int64_t answer(const Scored& batch, std::int64_t row);

// `right` of `count` as a proportion; uncertainty: half the width of Wilson's score interval at one standard deviation,
// sqrt(p(1-p)/n + 1/(4n^2)) / (1 + 1/n): the binomial standard error for large n, never 0 (Wilson 1927).
Measured proportion(std::int64_t right, std::int64_t count);

// The factories behind standard.cpp.
std::unique_ptr<Metric> make_accuracy(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_top_k(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_auc(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_confusion(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_mae(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_rmse(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_r2(int argument, std::int64_t classes);

}  // namespace lehr::metrics
