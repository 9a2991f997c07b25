#pragma once
#include <string>
#include <vector>

#include "engine/data/csv.h"
#include "engine/data/dataset.h"

namespace lehr::table {

// Distinct values of a column, missing ones left out: numbers by value, texts by bytes. Of `rows` only, all if empty.
std::vector<std::string> distinct(const Column& column, std::span<const std::int32_t> rows = {});

// Index into `known` of every row's cell; numbers are compared by value ("1.0" is 1), texts exactly. missing_code where missing,
// unknown_code where not among them.
constexpr std::int64_t missing_code = -1, unknown_code = -2;
std::vector<std::int64_t> codes(const Column& column, const std::vector<std::string>& known);

// Class indices (classes not empty) or numbers.
Field target_field(const CsvTable& table, std::size_t column, const std::vector<std::string>& classes);

}  // namespace lehr::table
