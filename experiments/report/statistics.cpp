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

Paired paired(std::span<const double> a, std::span<const double> b, double overlap) {
  Paired out;
  out.count = std::min(a.size(), b.size());
  std::vector<double> d(out.count);
  for (std::size_t i = 0; i < out.count; ++i) {
    d[i] = a[i] - b[i];
    out.greater += d[i] > 0;
    out.smaller += d[i] < 0;
  }
  const Summary s = summary(d);
  out.mean = s.mean;
  out.low = out.high = out.p = nan;
  if (out.count < 2) return out;
  const boost::math::students_t student(static_cast<double>(out.count - 1));
  const double error = s.deviation * std::sqrt(1 / static_cast<double>(out.count) + overlap);
  const double half = boost::math::quantile(student, 0.975) * error;
  out.low = out.mean - half, out.high = out.mean + half;
  if (error == 0)
    out.p = out.mean == 0 ? 1 : 0;
  else
    out.p = 2 * boost::math::cdf(boost::math::complement(student, std::fabs(out.mean) / error));
  return out;
}

std::vector<double> holm(std::span<const double> p) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < p.size(); ++i)
    if (!std::isnan(p[i])) order.push_back(i);
  std::ranges::stable_sort(order, {}, [&](std::size_t i) { return p[i]; });
  std::vector<double> out(p.size(), nan);
  double largest = 0;
  for (std::size_t k = 0; k < order.size(); ++k) {
    largest = std::max(largest, std::min(1.0, static_cast<double>(order.size() - k) * p[order[k]]));
    out[order[k]] = largest;
  }
  return out;
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
