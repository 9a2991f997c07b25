#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/data/csv.h"
#include "engine/data/dataset.h"

namespace lehr::table {

// Distinct texts of a column, missing ones left out, as sort_names() sorts them.
std::vector<std::string> distinct(const Column& column);
// By value where all are numbers (of one value by bytes), else by bytes.
void sort_names(std::vector<std::string>& names);

// Index into `known` of every row's cell, compared as text ("1", "1.0" and "01" are three names). missing_code where missing, unknown_code where not
// among them. Names need a column that is text (CsvOptions::text): Error on one of numbers, here and in distinct().
constexpr std::int64_t missing_code = -1, unknown_code = -2;
std::vector<std::int64_t> codes(const Column& column, const std::vector<std::string>& known);
// The same of each text of the column.
std::vector<std::int64_t> text_codes(const Column& column, const std::vector<std::string>& known);

// Threads that are worth it for what goes over all rows of a table; no result depends on them.
std::size_t workers(std::int64_t rows);

bool missing(const Column& column, std::int64_t row);
// The cell as a number, or that part of its date: NaN where missing, nothing where it is another text.
std::optional<double> raw_number(const CsvTable& table, std::int64_t row, std::size_t column, std::optional<ColumnRule::DatePart> part);

// The classes that are found: the distinct values but for those to ignore.
std::vector<std::string> class_names(const Column& column, const TableSpec& spec);

// Class indices (classes not empty; -1 for a value among `ignore`) or numbers, [columns] a row, scaled in double. Error (Exit::mismatch) naming up to 20 kinds
// of cells that do not fit, and a value to ignore that no row has.
constexpr std::int64_t ignored_class = -1;
Field target_field(const CsvTable& table, const std::vector<std::size_t>& columns, const std::vector<std::string>& classes,
                   const std::vector<std::string>& ignore, const Dataset::TargetScaling& scaling = {});
// Weights, at least 0 and not all 0. Error (Exit::mismatch) naming cells that are none.
std::vector<float> weight_values(const CsvTable& table, std::size_t column);

}  // namespace lehr::table
