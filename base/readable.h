#pragma once
#include <string>

namespace lehr {

// A number as a person writes it: at most twelve digits, so that 0.1 + 0.2 is 0.3; an exponent only for what is below 1e-5 or from 1e16 on, without the
// signs and zeros it does not need: 1e-7.
std::string readable(double value);
// The same rounded to so many significant digits.
std::string readable(double value, int digits);

}  // namespace lehr
