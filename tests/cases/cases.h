#pragma once
#include "tests/support/op_case.h"

// The rows of each operator family, one file a family.
namespace lehr::cases {
std::vector<OpCase> unary_cases();
std::vector<OpCase> binary_cases();
std::vector<OpCase> conv_cases();
std::vector<OpCase> pool_cases();
std::vector<OpCase> reduce_cases();
std::vector<OpCase> softmax_cases();
std::vector<OpCase> loss_cases();
std::vector<OpCase> norm_cases();
std::vector<OpCase> dropout_cases();
}  // namespace lehr::cases
