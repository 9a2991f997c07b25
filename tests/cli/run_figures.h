#pragma once
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/text.h"

namespace lehr::test {

// Of `run --json` with two variants: the width of the corrected interval of their difference (Nadeau and Bengio 2003), from the values. t: Student's quantile for so
// many folds; share: rows scored by rows trained.
inline double corrected_width(const nlohmann::json& run, const std::string& quantity, std::size_t folds, std::size_t seeds, double t, double share) {
  const auto values = [&](int variant) { return run.at(nlohmann::json::json_pointer(cat("/variants/", variant, "/quantities/", quantity, "/values"))); };
  const nlohmann::json a = values(0), b = values(1);
  std::vector<double> d(folds, 0);
  double mean = 0, squares = 0;
  for (std::size_t f = 0; f < folds; ++f) {
    for (std::size_t s = 0; s < seeds; ++s) d[f] += (b[seeds * f + s].get<double>() - a[seeds * f + s].get<double>()) / static_cast<double>(seeds);
    mean += d[f] / static_cast<double>(folds);
  }
  for (const double v : d) squares += (v - mean) * (v - mean);
  return 2 * t * std::sqrt(squares / static_cast<double>(folds - 1)) * std::sqrt(1 / static_cast<double>(folds) + share);
}

// The lines below the first one.
inline std::string below_header(const std::string& text) { return text.substr(text.find('\n')); }

}  // namespace lehr::test
