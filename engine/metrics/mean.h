#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

#include "engine/metrics/metric.h"

namespace lehr {

// Mean of values that stand for one or more rows each (the loss of a batch is the mean of its rows). NaN without rows.
class LossMean {
 public:
  void reset() { sum_ = lost_ = 0, rows_ = 0; }
  void add(double mean, std::int64_t rows) {  // Kahan
    const double term = mean * static_cast<double>(rows) - lost_, next = sum_ + term;
    lost_ = std::isfinite(next) ? (next - sum_) - term : 0;
    sum_ = next;
    rows_ += rows;
  }
  double value() const { return rows_ > 0 ? sum_ / static_cast<double>(rows_) : std::numeric_limits<double>::quiet_NaN(); }
  std::int64_t rows() const { return rows_; }

 private:
  double sum_ = 0, lost_ = 0;
  std::int64_t rows_ = 0;
};

// Mean and its standard error sd / sqrt(n), sd with n - 1; one pass (Welford 1962). NaN below one and two samples.
class SampleMean {
 public:
  void reset() { *this = {}; }
  void fields(Archive& a) { a(mean_, squares_), a.counted(count_); }
  void add(double x) {
    ++count_;
    const double step = x - mean_;
    mean_ += step / static_cast<double>(count_);
    squares_ += step * (x - mean_);
  }
  Measured value() const {
    constexpr double nan = std::numeric_limits<double>::quiet_NaN();
    const double n = static_cast<double>(count_);
    if (count_ == 0) return {nan, nan, 0, "no row counts"};
    return {count_ > 0 ? mean_ : nan, count_ > 1 ? std::sqrt(squares_ / (n - 1) / n) : nan, count_};
  }

 private:
  double mean_ = 0, squares_ = 0;
  std::int64_t count_ = 0;
};

// The standard error of an estimate from what it is without each of its rows.
class Jackknife {
 public:
  void add(double without) { values_.add(without); }
  double error() const {
    const Measured mean = values_.value();  // its error is sd / sqrt(n)
    return mean.uncertainty * static_cast<double>(mean.count - 1);
  }

 private:
  SampleMean values_;
};

}  // namespace lehr
