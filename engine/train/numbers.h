#pragma once
#include <algorithm>
#include <span>
#include <vector>

#include "base/archive.h"

namespace lehr {

// Everything a trial's numbers consist of; what is not meant is empty.
struct Numbers { std::span<float> values, state, slots; };

// A copy of them, to go back to.
struct NumbersCopy {
  std::vector<float> values, state, slots;
  void take(const Numbers& from) {
    values.assign(from.values.begin(), from.values.end());
    state.assign(from.state.begin(), from.state.end());
    slots.assign(from.slots.begin(), from.slots.end());
  }
  void give(const Numbers& to) const {
    std::ranges::copy(values, to.values.begin());
    std::ranges::copy(state, to.state.begin());
    std::ranges::copy(slots, to.slots.begin());
  }
  bool fits(const Numbers& to) const { return values.size() == to.values.size() && state.size() == to.state.size() && slots.size() == to.slots.size(); }
  void fields(Archive& a) { a(values, state, slots); }
};

}  // namespace lehr
