#pragma once
#include <span>
#include <vector>

namespace lehr::report {

// Of a sample; deviation with n-1, NaN for fewer than two values.
struct Summary {
  std::size_t count = 0;
  double mean = 0, deviation = 0, low = 0, high = 0;
};
Summary summary(std::span<const double> values);

// Differences a[i] - b[i] of runs that share a seed: mean with its 95 % interval and the two-sided p of mean 0 (Student, n-1 degrees of
// freedom), and how often a was greater or smaller. Interval and p are NaN for fewer than two pairs.
// overlap: test rows for each training row where every pair has a random split of one table, else 0. Such splits share rows and so do not
// differ as independent samples would: the variance of the mean is (1/n + overlap) s^2 (Nadeau & Bengio 2003, Machine Learning 52, 239-281).
struct Paired {
  std::size_t count = 0;
  double mean = 0, low = 0, high = 0, p = 0;
  std::size_t greater = 0, smaller = 0;
};
Paired paired(std::span<const double> a, std::span<const double> b, double overlap = 0);

// The p values of a family of tests adjusted so that below `level` there is, with probability 1 - level, no false one among them
// (Holm 1979, Scandinavian Journal of Statistics 6, 65-70). NaN is no test and stays.
std::vector<double> holm(std::span<const double> p);

// Two-sided p of equal means without equal variances (Welch 1947). 1 where both samples are constant and equal, 0 where constant and different.
double welch_p(std::span<const double> a, std::span<const double> b);

}  // namespace lehr::report
