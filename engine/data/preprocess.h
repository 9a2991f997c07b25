#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/csv.h"
#include "engine/data/dataset.h"

namespace lehr {

// How one column becomes scalars. number: x = float32((raw - shift) * scale), the arithmetic in double; integer: int64 as it is.
struct ColumnPlan {
  enum class Kind { number, one_hot, code, integer } kind = Kind::number;
  std::string name;
  std::int64_t index = 0;                   // in the table it was fitted on
  double shift = 0, scale = 1;
  std::optional<double> fill;               // stands for a missing number; absent: missing is an error
  std::vector<std::string> categories;      // of the training rows, sorted (numbers by value)
  std::optional<std::string> fill_category; // the most frequent, where numbers are filled
  bool is_int64() const { return kind == Kind::code || kind == Kind::integer; }
  bool operator==(const ColumnPlan&) const = default;
};
struct InputPlan {
  std::string name;
  std::vector<ColumnPlan> columns;
  bool operator==(const InputPlan&) const = default;
};
// Everything learnt from the training rows that a later table needs; saved with the model.
struct Preprocess {
  bool header = false;                      // columns are found by name, otherwise by index
  std::int64_t table_columns = 0;
  std::string target;
  std::int64_t target_index = 0;
  std::vector<std::string> classes;         // empty: regression
  std::vector<std::string> missing;         // spellings
  std::vector<InputPlan> inputs;
  bool operator==(const Preprocess&) const = default;

  std::string json() const;
  static Preprocess parse(std::string_view json);  // Error on anything json() would not write
};

// Statistics of the training rows alone. standard: mean and population deviation; minmax: smallest to 0, largest to 1;
// a constant column keeps scale 1. One Error with all problems: text in a numeric column, missing cells, unknown columns.
Preprocess fit(const CsvTable& table, const TableSpec& spec, std::span<const std::int32_t> train_rows);

// The table through the fitted steps. With `with_target` false the target column is neither needed nor read; a headerless table
// may then lack it. Error (Exit::mismatch) naming line, column and text of up to 20 cells that do not fit.
Dataset apply(const Preprocess& preprocess, const CsvTable& table, bool with_target = true);

// Rows, target and classes only: what a split needs to know. Error naming every cell that is no class, with the nearest.
Dataset read_target(const CsvTable& table, const TableSpec& spec);

// The usual way: target, split, fit on its training rows, apply.
struct PreparedData { Dataset data; Split split; Preprocess preprocess; };
PreparedData prepare_data(const CsvTable& table, const TableSpec& spec, const SplitOptions& options);

}  // namespace lehr
