#pragma once
#include <span>

namespace lehr::report {

// Of a sample; deviation with n-1, NaN for fewer than two values.
struct Summary {
  std::size_t count = 0;
  double mean = 0, deviation = 0, low = 0, high = 0;
};
Summary summary(std::span<const double> values);

// Differences a[i] - b[i] of runs that share a seed: mean with its 95 % interval (Student, n-1 degrees of freedom), and how often
// a was greater or smaller. The interval is NaN for fewer than two pairs.
struct Paired {
  std::size_t count = 0;
  double mean = 0, low = 0, high = 0;
  std::size_t greater = 0, smaller = 0;
  bool significant() const { return low > 0 || high < 0; }
};
Paired paired(std::span<const double> a, std::span<const double> b);

// Two-sided p of equal means without equal variances (Welch 1947). 1 where both samples are constant and equal, 0 where constant and different.
double welch_p(std::span<const double> a, std::span<const double> b);

}  // namespace lehr::report
