#pragma once
#include <string>
#include <vector>

namespace lehr {

// At least one text of every type, for docs and tests. They fit a run of 50 epochs of 9 updates, and are defined everywhere.
const std::vector<std::string>& schedule_examples();
const std::vector<std::string>& feedback_examples();  // of parse_controlled

}  // namespace lehr
