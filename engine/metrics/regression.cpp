#include <cmath>
#include <limits>

#include "base/error.h"
#include "engine/metrics/mean.h"
#include "engine/metrics/score.h"

namespace lehr::metrics {

namespace {
// Errors of one row count as one sample, whatever the number of outputs: they belong together.
template <class Loss>
double row_mean(const Scored& b, std::int64_t row, Loss loss) {
  double sum = 0;
  for (std::int64_t i = row * b.width; i < (row + 1) * b.width; ++i)
    sum += loss(static_cast<double>(b.output[static_cast<std::size_t>(i)]) - static_cast<double>(b.values[static_cast<std::size_t>(i)]));
  return sum / static_cast<double>(b.width);
}

class Mae final : public Metric {
 public:
  void reset() override { mean_.reset(); }
  void fields(Archive& a) override { a(mean_); }
  void add(const Scored& b) override {
    check_values(b, "mae");
    for (std::int64_t row = 0; row < b.rows; ++row) mean_.add(row_mean(b, row, [](double e) { return std::abs(e); }));
  }
  Measured value() const override { return mean_.value(); }
  bool higher_is_better() const override { return false; }

 private:
  SampleMean mean_;
};

// Delta method: the standard error of sqrt(m) is that of m divided by 2 sqrt(m).
class Rmse final : public Metric {
 public:
  void reset() override { mean_.reset(); }
  void fields(Archive& a) override { a(mean_); }
  void add(const Scored& b) override {
    check_values(b, "rmse");
    for (std::int64_t row = 0; row < b.rows; ++row) mean_.add(row_mean(b, row, [](double e) { return e * e; }));
  }
  Measured value() const override {
    const Measured square = mean_.value();
    const double root = std::sqrt(square.value);
    return {root, root > 0 ? square.uncertainty / (2 * root) : square.uncertainty, square.count, square.undefined};
  }
  bool higher_is_better() const override { return false; }

 private:
  SampleMean mean_;
};

// 1 - A/B, A the mean squared error and B the variance of the targets, averaged over outputs. Delta method: row i moves
// A/B by ((e_i^2 - A) - A/B ((y_i - mean)^2 - B)) / B; the squares of these sum to the variance, times 1/(n(n-1)).
// centred: A is the variance of the errors.
class R2 final : public Metric {
 public:
  explicit R2(bool centred) : centred_(centred) {}
  void reset() override { errors_.clear(), targets_.clear(); }
  void fields(Archive& a) override {
    a(width_, errors_, targets_);
    a.check(width_ > 0 && errors_.size() == targets_.size() && errors_.size() % width_ == 0);
  }
  void reserve(std::int64_t rows, std::int64_t width) override {
    errors_.reserve(static_cast<std::size_t>(rows * width));
    targets_.reserve(static_cast<std::size_t>(rows * width));
  }
  void add(const Scored& b) override {
    check_values(b, centred_ ? "explained_variance" : "r2");
    width_ = static_cast<std::size_t>(b.width);
    const std::size_t size = errors_.size() + b.values.size();
    if (errors_.capacity() < size) errors_.reserve(2 * size), targets_.reserve(2 * size);
    for (std::size_t i = 0; i < b.values.size(); ++i) {
      errors_.push_back(static_cast<double>(b.output[i]) - static_cast<double>(b.values[i]));
      targets_.push_back(static_cast<double>(b.values[i]));
    }
  }

  Measured value() const override {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const std::size_t rows = targets_.size() / width_;
    if (rows < 2) return {nan, nan, static_cast<std::int64_t>(rows), rows == 0 ? no_rows : "one row has no variance"};
    std::vector<double> moves(rows);
    double sum = 0, squares = 0;
    for (std::size_t output = 0; output < width_; ++output) sum += of_output(output, moves);
    for (const double move : moves) squares += move * move;
    const double n = static_cast<double>(rows), w = static_cast<double>(width_);
    if (std::isnan(sum)) return {nan, nan, static_cast<std::int64_t>(rows), "the targets are constant"};
    return {sum / w, std::sqrt(squares / (n * (n - 1))) / w, static_cast<std::int64_t>(rows)};
  }

 private:
  double of_output(std::size_t output, std::vector<double>& moves) const {
    const double n = static_cast<double>(moves.size());
    double mean = 0, bias = 0, a = 0, b = 0;
    for (std::size_t i = output; i < targets_.size(); i += width_) mean += targets_[i] / n, bias += centred_ ? errors_[i] / n : 0;
    for (std::size_t i = output; i < targets_.size(); i += width_) {
      a += (errors_[i] - bias) * (errors_[i] - bias) / n;
      b += (targets_[i] - mean) * (targets_[i] - mean) / n;
    }
    if (b == 0) return moves[0] = std::numeric_limits<double>::quiet_NaN();
    for (std::size_t row = 0; row < moves.size(); ++row) {
      const double e = errors_[row * width_ + output] - bias, d = targets_[row * width_ + output] - mean;
      moves[row] += ((e * e - a) - a / b * (d * d - b)) / b;
    }
    return 1 - a / b;
  }

  bool centred_;
  std::size_t width_ = 1;
  std::vector<double> errors_, targets_;
};

// Undefined where a target is 0.
class Mape final : public Metric {
 public:
  void reset() override { mean_.reset(), zero_ = false; }
  void fields(Archive& a) override { a(mean_, zero_); }
  void add(const Scored& b) override {
    check_values(b, "mape");
    for (std::int64_t row = 0; row < b.rows; ++row) {
      double sum = 0;
      for (auto i = static_cast<std::size_t>(row * b.width); i < static_cast<std::size_t>((row + 1) * b.width); ++i) {
        const double t = b.values[i];
        zero_ = zero_ || t == 0;
        sum += std::abs((static_cast<double>(b.output[i]) - t) / t);
      }
      mean_.add(sum / static_cast<double>(b.width));
    }
  }
  Measured value() const override { return zero_ ? undefined("a target is 0", mean_.value().count) : mean_.value(); }
  bool higher_is_better() const override { return false; }

 private:
  SampleMean mean_;
  bool zero_ = false;
};
}  // namespace

std::unique_ptr<Metric> make_mae(int, std::int64_t) { return std::make_unique<Mae>(); }
std::unique_ptr<Metric> make_rmse(int, std::int64_t) { return std::make_unique<Rmse>(); }
std::unique_ptr<Metric> make_r2(int, std::int64_t) { return std::make_unique<R2>(false); }
std::unique_ptr<Metric> make_explained_variance(int, std::int64_t) { return std::make_unique<R2>(true); }
std::unique_ptr<Metric> make_mape(int, std::int64_t) { return std::make_unique<Mape>(); }

}  // namespace lehr::metrics
