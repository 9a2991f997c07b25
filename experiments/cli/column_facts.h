#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/csv.h"

namespace lehr::cli {

inline constexpr std::int64_t most_classes = 20;  // distinct whole numbers that are still taken for classes
inline constexpr std::int64_t rows_a_name = 4;    // fewer rows for each name of a column: it names rows
inline constexpr std::size_t most_names = 500;     // of a column that is still given to the network
inline constexpr std::int64_t few_rows = 1000;    // below, one split in two parts says little: more splits are measured

// What the cells of a column say.
struct Facts {
  std::int64_t present = 0, distinct = 0;
  std::vector<std::string> dates;       // every text is a date: the parts that tell rows apart, for the experiment; empty: no dates
  bool whole = true, counts_up = true;  // numbers: all whole; each row's is one more than that of the row before
  double first = 0, low = 0, high = 0;
};

Facts facts_of(const Column& column, std::int64_t rows);

// Why a column tells nothing about rows it was not trained on; empty: it may. named: the table has a header.
std::string why_left_out(const Column& column, const Facts& facts, bool named, std::int64_t rows);

std::string counted(std::int64_t n, const char* what);  // "1 row", "2,000 rows"

}  // namespace lehr::cli
