#pragma once
#include <cstdint>
#include <span>

namespace lehr {

// All in a fixed order for a given CPU target: repeats are bitwise equal.
double sum_of_squares(std::span<const float> x);                                     // in double
double sum_of_squares(std::span<const float> x, float a, std::span<const float> y);  // of x + a y
double sum(std::span<const float> x);                                                // in double
double max_abs(std::span<const float> x);                                            // NaN where there is one
bool all_finite(std::span<const float> x);                                           // no NaN, no infinity
void scale(std::span<float> x, float factor);                                        // x *= factor
void axpy(float a, std::span<const float> x, std::span<float> y);                    // y += a x, sizes equal
void approach(std::span<float> x, float share, std::span<const float> y);             // x += share (y - x), sizes equal; y where share is 1
void clamp(std::span<float> x, float limit);                                         // to [-limit, limit]; NaN stays

}  // namespace lehr
