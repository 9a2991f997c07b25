#pragma once
#include <memory>
#include <string>
#include <vector>

#include "schedules/schedule.h"

namespace lehr {

// The names and functions a formula may use.
const std::vector<std::string>& formula_names();
const std::vector<std::string>& formula_functions();

// An arithmetic expression of the moment: `0.1 * 0.5 ^ floor((1 + epoch) / 10)`. An error names the column in the formula.
std::shared_ptr<const Schedule::Shape> formula(const Term& term);

// The value of an expression without names of the moment (`0.1 / 50`).
double constant_formula(const Term& term);

}  // namespace lehr
