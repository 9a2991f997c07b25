#pragma once
#include <string>

#include "experiments/spec/schema.h"

namespace lehr::spec {

// How a value of this key is written, for people: "a whole number", "one of keep, drop".
std::string kind_of(const Key& key);
// "50", "found in the data", "required", "".
std::string default_of(const Key& key);

}  // namespace lehr::spec
