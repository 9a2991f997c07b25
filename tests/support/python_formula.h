#pragma once
#include <string>

namespace lehr::test {

// A Python expression of a counter as a formula of Lehr's: `lambda x: 0.5 ** ((1 + x) // 10) if x % 4 == 0 else math.exp(-x)`. The counter is the
// lambda's argument, or x or n, and becomes `counter`; `step` and `epoch` keep their names. Error naming what is not known.
std::string python_formula(const std::string& python, const std::string& counter = "step");

}  // namespace lehr::test
