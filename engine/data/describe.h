#pragma once
#include <string>
#include <utility>
#include <vector>

#include "engine/data/csv.h"

namespace lehr {

struct ColumnSummary {
  std::string name;
  bool numeric = true;
  std::int64_t missing = 0, distinct = 0;
  double min = 0, max = 0, mean = 0, deviation = 0;           // numeric; NaN where all is missing; deviation with n - 1
  std::vector<std::pair<std::string, std::int64_t>> frequent;  // text: the most frequent first, at most 5
};
// Of the first `columns`.
std::vector<ColumnSummary> describe(const CsvTable& table, std::size_t columns = static_cast<std::size_t>(-1));

// How the file was read, and one line a column; at most `columns` of them.
std::string describe_text(const CsvTable& table, std::size_t columns = 100);

}  // namespace lehr
