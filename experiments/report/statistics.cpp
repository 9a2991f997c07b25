#include "experiments/report/statistics.h"

#include <algorithm>
#include <boost/math/distributions/students_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>
#include <vector>

namespace lehr::report {

namespace {
constexpr double nan = std::numeric_limits<double>::quiet_NaN();
}

Summary summary(std::span<const double> values) {
  Summary s;
  s.count = values.size();
  if (values.empty()) return {0, nan, nan, nan, nan};
  s.mean = std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(s.count);
  double squares = 0;
  for (const double v : values) squares += (v - s.mean) * (v - s.mean);
  s.deviation = s.count > 1 ? std::sqrt(squares / static_cast<double>(s.count - 1)) : nan;
  s.low = *std::ranges::min_element(values);
  s.high = *std::ranges::max_element(values);
  return s;
}

Paired paired(std::span<const double> a, std::span<const double> b) {
  Paired p;
  p.count = std::min(a.size(), b.size());
  std::vector<double> d(p.count);
  for (std::size_t i = 0; i < p.count; ++i) {
    d[i] = a[i] - b[i];
    p.greater += d[i] > 0;
    p.smaller += d[i] < 0;
  }
  const Summary s = summary(d);
  p.mean = s.mean;
  p.low = p.high = nan;
  if (p.count > 1) {
    const double t = boost::math::quantile(boost::math::students_t(static_cast<double>(p.count - 1)), 0.975);
    const double half = t * s.deviation / std::sqrt(static_cast<double>(p.count));
    p.low = p.mean - half, p.high = p.mean + half;
  }
  return p;
}

double welch_p(std::span<const double> a, std::span<const double> b) {
  const Summary x = summary(a), y = summary(b);
  if (x.count < 2 || y.count < 2) return nan;
  const double vx = x.deviation * x.deviation / static_cast<double>(x.count), vy = y.deviation * y.deviation / static_cast<double>(y.count);
  if (vx + vy == 0) return x.mean == y.mean ? 1 : 0;
  const double t = (x.mean - y.mean) / std::sqrt(vx + vy);
  const double freedom = (vx + vy) * (vx + vy) / (vx * vx / static_cast<double>(x.count - 1) + vy * vy / static_cast<double>(y.count - 1));
  return 2 * boost::math::cdf(boost::math::complement(boost::math::students_t(freedom), std::fabs(t)));
}

}  // namespace lehr::report
