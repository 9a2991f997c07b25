#pragma once
#include <vector>

#include "engine/data/csv.h"
#include "engine/data/problems.h"

namespace lehr {

// What each column of a table is for.
struct ColumnUse {
  std::vector<std::size_t> targets;       // empty: the input itself is the target
  std::vector<std::size_t> weights;       // the column of row weights, or none
  std::vector<std::size_t> features;      // in order
  std::vector<ColumnRule> settings;       // of every column of the table, all rules taken together
  std::vector<std::pair<std::string, std::vector<std::size_t>>> inputs;
};
// Error: an unknown target. `problems`: all that does not fit in the rest.
ColumnUse column_use(const CsvTable& table, const TableSpec& spec, Problems& problems);

// The target columns and that of the row weights. Error naming the columns and the nearest.
std::vector<std::size_t> target_columns(const CsvTable& table, const TableSpec& spec);
std::vector<std::size_t> weight_columns(const CsvTable& table, const TableSpec& spec);

// The column that a key names and that has a value in every row of the (first) file. Error (Exit::mismatch) where there is none, naming the nearest, or
// where a cell is missing.
std::size_t whole_column(const CsvTable& table, const std::string& name, const char* key);

}  // namespace lehr
