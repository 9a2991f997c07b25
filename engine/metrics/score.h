#pragma once
#include <cstdint>
#include <limits>

#include "engine/metrics/metric.h"

namespace lehr::metrics {

// Refuse a batch whose spans do not fit its rows and width, or whose target is of the other kind. A class index beyond the
// scores is named. Rows with a negative class index (ignored ones) are skipped by every classification metric.
void check_classes(const Scored& batch, const char* metric);
void check_values(const Scored& batch, const char* metric);

// The class answered for a row: of one score, 1 where its probability lies above the threshold; of several, the first of the largest (of two with a
// threshold that is not 0.5, by it). -1 where a score is NaN.
std::int64_t answer(const Scored& batch, std::int64_t row);
// Is a label said to hold? By the threshold.
bool holds(const Scored& batch, std::size_t at);
// log p of a class of a row, from the scores in double; probabilities count as at least 2.2e-16.
double log_probability(const Scored& batch, std::int64_t row, std::int64_t c);

inline constexpr const char *no_rows = "no row counts", *one_class = "the rows have one class only", *not_numbers = "a score is not a number";
inline Measured undefined(const char* why, std::int64_t count = 0) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  return {nan, nan, count, why};
}

// What is a function of the table of true class and answer.
class Tallied : public Metric {
 public:
  explicit Tallied(std::int64_t classes) { tally_.grow(classes); }
  void reset() override;
  void fields(Archive& a) override { a(tally_); }
  void add(const Scored& batch) override;
  Measured value() const override;
  void set(const Tally& tally) { tally_ = tally; }

 protected:
  virtual const char* name() const = 0;
  virtual Measured of(const Tally& tally, std::int64_t rows) const = 0;  // rows: at least 1, all answered
  Tally tally_;
};

// `right` of `count` as a proportion; uncertainty: half the width of Wilson's score interval at one standard deviation,
// sqrt(p(1-p)/n + 1/(4n^2)) / (1 + 1/n): the binomial standard error for large n, never 0 (Wilson 1927).
Measured proportion(std::int64_t right, std::int64_t count);

// The factories behind standard.cpp.
std::unique_ptr<Metric> make_accuracy(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_top_k(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_auc(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_confusion(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_average_precision(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_precision(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_precision_macro(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_precision_weighted(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_recall(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_recall_macro(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_recall_weighted(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_f1(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_f1_macro(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_f1_weighted(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_f1_micro(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_balanced_accuracy(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_mcc(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_log_loss(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_ece(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_mape(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_explained_variance(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_mae(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_rmse(int argument, std::int64_t classes);
std::unique_ptr<Metric> make_r2(int argument, std::int64_t classes);

}  // namespace lehr::metrics
