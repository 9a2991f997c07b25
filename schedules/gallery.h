#pragma once
#include <string>

namespace lehr {

// docs/schedules.md: every type with its formula, keys, YAML and curve over 50 epochs of 9 updates.
std::string schedule_gallery();

}  // namespace lehr
