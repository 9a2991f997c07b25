#pragma once
#include "base/text.h"
#include "experiments/axes/axes.h"

namespace lehr::test {

// variants x points of one key ("": none) x seeds from 0.
inline Axes axes_of(const std::vector<std::string>& variants, const std::string& key, const std::vector<std::string>& points, std::size_t seeds, bool splits = false) {
  Axes out;
  out.all.push_back({Axis::Role::variant, {"variant"}, {}});
  for (const auto& name : variants) out.all.back().levels.push_back({{name}, name});
  if (!key.empty()) {
    out.all.push_back({Axis::Role::point, {key}, {}});
    for (const auto& value : points) out.all.back().levels.push_back({{value}, cat(key, "=", value)});
  }
  out.all.push_back({Axis::Role::seed, {"seed"}, {}, splits});
  for (std::size_t s = 0; s < seeds; ++s) out.all.back().levels.push_back({{cat(s)}, cat("seed-", s)});
  return out;
}

// Of the trial at this index, where every combination has one.
inline Levels levels_at(const Axes& axes, std::size_t index) {
  Levels out(axes.all.size());
  for (std::size_t i = axes.all.size(); i-- > 0; index /= axes.all[i].levels.size()) out[i] = static_cast<std::uint32_t>(index % axes.all[i].levels.size());
  return out;
}

}  // namespace lehr::test
