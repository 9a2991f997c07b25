#include "schedules/type.h"

namespace lehr {

// Every type of schedule, family after family.
const std::vector<Type>& standard_types() {
  static const std::vector<Type> types = [] {
    std::vector<Type> all;
    for (const auto& family : {decay_types, cycle_types, combining_types})
      for (Type& type : family()) all.push_back(std::move(type));
    return all;
  }();
  return types;
}

}  // namespace lehr
