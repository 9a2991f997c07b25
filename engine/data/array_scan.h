#pragma once
#include <span>
#include <string>

#include "engine/data/stored.h"

namespace lehr {

// Of the values as a file has them, in one way through the rows and nothing copied but a block of them.
struct ArraySummary {
  double min = 0, max = 0, mean = 0, deviation = 0;  // of the population; of finite values
  std::int64_t not_finite = 0;
};
ArraySummary summarise(const Stored& values, std::span<const std::int32_t> rows, std::size_t width);

// Error (Exit::mismatch) naming the first value a model would see as NaN or an infinity, with its row: "… row 17, value 3 is nan".
void check_finite(const Stored& values, std::int64_t rows, std::size_t width, const std::string& what);

}  // namespace lehr
