#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

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

// Of unsigned 64-bit integers, before they are scaled. Error (Exit::mismatch) naming the first that cannot be taken exactly, with its row: as an integer one
// of 2^63 or more, else one that a float64 does not hold.
void check_exact(const Stored& values, std::int64_t rows, std::size_t width, bool integers, const std::string& what);

// Values of these rows, in double: all of them, or where they are more than `most` as many, drawn with replacement by (seed 0, Stream::data, substream).
// Only finite ones are given.
std::vector<double> sample(const Stored& values, std::span<const std::int32_t> rows, std::size_t width, std::size_t most, std::uint64_t substream);

// Of rows of one dimension: which columns have one value in all rows, and which number the rows from 0 or 1 on (of 5 rows or more).
struct OddValues {
  std::vector<std::size_t> constant, row_numbers;
};
OddValues odd_values(const Stored& values, std::int64_t rows, std::size_t width);

}  // namespace lehr
