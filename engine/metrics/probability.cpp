#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "engine/metrics/mean.h"
#include "engine/metrics/score.h"

namespace lehr::metrics {

namespace {
// -log p of the true class; of labels the mean over them of -y log p - (1-y) log(1-p).
class LogLoss final : public Metric {
 public:
  void reset() override { mean_.reset(); }
  void fields(Archive& a) override { a(mean_); }
  bool higher_is_better() const override { return false; }
  Measured value() const override { return mean_.value(); }
  void add(const Scored& b) override {
    if (b.labels) return labels(b);
    check_classes(b, "log_loss");
    for (std::int64_t row = 0; row < b.rows; ++row)
      if (const std::int64_t truth = b.classes[static_cast<std::size_t>(row)]; truth >= 0) mean_.add(-log_probability(b, row, truth));
  }

 private:
  void labels(const Scored& b) {
    check_values(b, "log_loss");
    Scored one = b;  // each score as a row of its own
    one.rows = b.rows * b.width, one.width = 1;
    for (std::int64_t row = 0; row < b.rows; ++row) {
      double sum = 0;
      for (std::int64_t i = row * b.width; i < (row + 1) * b.width; ++i) sum -= log_probability(one, i, b.values[static_cast<std::size_t>(i)] > 0.5f);
      mean_.add(sum / static_cast<double>(b.width));
    }
  }
  SampleMean mean_;
};

// Guo, Pleiss, Sun, Weinberger 2017: rows are dealt to 15 bins of equal width, (0, 1/15], …, by the probability of the class answered (the most probable);
// the sum of |right answers - probabilities| of the bins over the rows.
class Calibration final : public Metric {
 public:
  void reset() override { gaps_.fill(0), rows_.clear(); }
  void reserve(std::int64_t rows, std::int64_t) override { rows_.reserve(static_cast<std::size_t>(rows)); }
  void fields(Archive& a) override {
    for (double& gap : gaps_) a(gap);
    a(rows_);
    a.check(std::ranges::all_of(rows_, [&](const Row& r) { return r.bin < gaps_.size(); }));
  }
  bool higher_is_better() const override { return false; }
  void add(const Scored& b) override {
    check_classes(b, "ece");
    for (std::int64_t row = 0; row < b.rows; ++row) {
      const std::int64_t truth = b.classes[static_cast<std::size_t>(row)];
      if (truth < 0) continue;
      Scored even = b;
      even.threshold = 0.5;
      const std::int64_t said = answer(even, row);
      const double p = said < 0 ? std::numeric_limits<double>::quiet_NaN() : std::exp(log_probability(b, row, said));
      const auto bin = std::isnan(p) ? 0.0 : std::ceil(p * static_cast<double>(gaps_.size())) - 1;
      Row one{static_cast<std::size_t>(std::clamp(bin, 0.0, static_cast<double>(gaps_.size() - 1))), (said == truth) - p};
      gaps_[one.bin] += one.gap;
      rows_.push_back(one);
    }
  }
  Measured value() const override {
    const auto count = static_cast<std::int64_t>(rows_.size());
    if (count == 0) return undefined(no_rows);
    double sum = 0;
    for (const double gap : gaps_) sum += std::abs(gap);
    if (std::isnan(sum)) return undefined(not_numbers, count);
    Jackknife without;
    for (const Row& row : rows_) without.add((sum - std::abs(gaps_[row.bin]) + std::abs(gaps_[row.bin] - row.gap)) / static_cast<double>(count - 1));
    return {sum / static_cast<double>(count), without.error(), count};
  }

 private:
  struct Row {
    std::size_t bin = 0;
    double gap = 0;
    void fields(Archive& a) { a(bin, gap); }
  };
  std::array<double, 15> gaps_{};
  std::vector<Row> rows_;
};
}  // namespace

std::unique_ptr<Metric> make_log_loss(int, std::int64_t) { return std::make_unique<LogLoss>(); }
std::unique_ptr<Metric> make_ece(int, std::int64_t) { return std::make_unique<Calibration>(); }

}  // namespace lehr::metrics
