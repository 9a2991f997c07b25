#include "schedules/dialect.h"

namespace lehr {

// Every type of schedule, family after family.
const std::vector<Type>& standard_types() {
  static const std::vector<Type> types = [] {
    std::vector<Type> all;
    for (const auto& family : {decay_types, cycle_types, combining_types, keras_types, torch_types, torch_cycle_types, torch_combining_types, optax_types,
                               timm_types, hf_types, caffe_types})
      for (Type& type : family()) all.push_back(std::move(type));
    return all;
  }();
  return types;
}

void require_order(const Args& a, std::string_view key, const std::vector<double>& values, bool strict) {
  for (std::size_t i = 1; i < values.size(); ++i)
    if (values[i] < values[i - 1] || (strict && values[i] == values[i - 1]))
      a.fail(key, cat("key ", quote(key), " must rise, but ", values[i], " follows ", values[i - 1]));
}

}  // namespace lehr
