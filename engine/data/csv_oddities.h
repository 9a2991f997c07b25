#pragma once
#include <functional>
#include <string>
#include <vector>

#include "engine/data/csv.h"

namespace lehr {

// What makes a column a poor feature: no value; one value in all rows; the row's number, 0..n-1 or 1..n; texts of which no two are alike; dates.
enum class Oddity { empty, constant, row_numbers, row_names, dates };
struct OddColumn {
  std::size_t column;
  Oddity what;
  bool operator==(const OddColumn&) const = default;
};
std::vector<OddColumn> odd_columns(const CsvTable& table);

// One sentence for each kind, naming its columns, of those that `told` wants.
std::vector<std::string> odd_notes(const CsvTable& table, const std::vector<OddColumn>& odd, const std::function<bool(std::size_t column)>& told);

// "2019-05-03", "3.5.2019", "5/3/19 12:30": three groups of digits with one mark, a time may follow.
bool looks_like_date(std::string_view cell);

}  // namespace lehr
