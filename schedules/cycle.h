#pragma once
#include <algorithm>
#include <cmath>

namespace lehr {

// Where x stands in cycles of length first, first * growth, first * growth^2, …: the index and the fraction [0, 1) of the cycle.
// A boundary begins the next cycle, exactly, also where a floor of a logarithm would round into the old one.
struct Cycle {
  double index, fraction;
};
inline Cycle cycle_at(double x, double first, double growth) {
  if (x < 0) return {0, x / first};
  if (growth == 1) {
    const double index = std::floor(x / first);
    return {index, (x - index * first) / first};
  }
  if (growth >= 1.2) {  // few cycles: their exact sums
    double i = 0, start = 0, length = first;
    for (; start + length <= x; ++i) start += length, length *= growth;
    return {i, (x - start) / length};
  }
  const auto begin = [&](double i) { return first * (std::pow(growth, i) - 1) / (growth - 1); };
  double i = std::max(0.0, std::floor(std::log1p(x / first * (growth - 1)) / std::log(growth)));
  while (begin(i + 1) <= x) ++i;
  while (i > 0 && begin(i) > x) --i;
  return {i, (x - begin(i)) / (first * std::pow(growth, i))};
}

}  // namespace lehr
