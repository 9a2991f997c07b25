#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/array_plan.h"
#include "engine/data/csv.h"
#include "engine/data/dataset.h"

namespace lehr {

// How one column becomes scalars. number: x = float32(scaled(transform(raw))), in double; integer: int64 as it is; indicator: 1 where the cell is missing.
struct ColumnPlan {
  enum class Kind { number, one_hot, code, integer, indicator } kind = Kind::number;
  std::string name;
  std::int64_t index = 0;                   // in the table it was fitted on
  std::optional<ColumnRule::DatePart> part; // number: of the date in the cell
  ColumnRule::Transform transform = ColumnRule::Transform::none;
  double shift = 0, scale = 1;              // scaled(v) = (v - shift) * scale
  std::vector<double> knots;                // instead, where there are any: where v lies among them (share_below)
  bool normal = false;                      // and that as the number of a normal distribution
  std::optional<double> fill;               // stands for a missing number; absent: missing is an error
  std::vector<std::string> categories;      // of the whole table, sorted (numbers by value)
  std::optional<std::string> fill_category; // stands for a missing name
  ColumnRule::Unknown unknown = ColumnRule::Unknown::error;
  std::optional<std::string> frequent;      // of the training rows, for Unknown::most_frequent
  bool is_int64() const { return kind == Kind::code || kind == Kind::integer; }
  bool is_category() const { return kind == Kind::one_hot || kind == Kind::code; }
  std::string label() const;                // "age", "date.year", "age is missing"
  double number(double raw) const;          // what a raw number becomes; NaN outside the domain of the transform
  bool operator==(const ColumnPlan&) const = default;
};
struct InputPlan {
  std::string name;
  std::vector<ColumnPlan> columns;
  bool operator==(const InputPlan&) const = default;
};
// A column of the table that is no feature. A target is trained as (y - shift) * scale.
struct NamedColumn {
  std::string name;
  std::int64_t index = 0;
  double shift = 0, scale = 1;
  bool operator==(const NamedColumn&) const = default;
};
// Everything learnt from the training rows that a later table needs; saved with the model.
struct Preprocess {
  bool header = false;                      // columns are found by name, otherwise by index
  std::int64_t table_columns = 0;
  std::vector<NamedColumn> targets;         // empty: the only input itself is the target
  std::optional<NamedColumn> row_weight;
  std::vector<std::string> classes;         // empty: regression
  std::vector<std::string> ignore;          // of the target: no class, -1
  std::vector<std::string> missing;         // spellings
  std::vector<InputPlan> inputs;
  std::vector<ArrayPlan> arrays = {};       // in place of the columns' inputs, where the data are arrays
  Dataset::TargetScaling target_scaling = {};  // of arrays; of a table each target column has its own
  bool operator==(const Preprocess&) const = default;

  std::string json() const;
  static Preprocess parse(std::string_view json);  // Error on anything json() would not write
};

// The columns whose cells are names or dates, for CsvOptions::text: what the table must be read with.
std::vector<std::string> text_columns(const TableSpec& spec);
std::vector<std::string> text_columns(const Preprocess& preprocess, bool with_target);

// Names are those of the whole table, statistics of the training rows alone (scalers.h); a constant column keeps scale 1. One Error with all problems:
// text in a numeric column, missing cells, unknown columns, patterns that match none.
Preprocess fit(const CsvTable& table, const TableSpec& spec, std::span<const std::int32_t> train_rows);

// Rows with cells that preprocessing cannot take.
struct UnfitRows {
  std::vector<bool> rows;   // one a row of the table; empty: none
  std::int64_t count = 0;
  std::string text;         // a line each, of the first 20
};
// The table through the fitted steps. With `with_target` false neither target nor row weights are needed or read; a headerless table
// may then lack the target. Error (Exit::mismatch) naming line, column and text of up to 20 cells that do not fit; with `unfit` these rows are listed there
// instead, their values are 0.
Dataset apply(const Preprocess& preprocess, const CsvTable& table, bool with_target = true, UnfitRows* unfit = nullptr);

// Rows, target and classes only: what a split needs to know. Error naming every cell that is no class, with the nearest.
Dataset read_target(const CsvTable& table, const TableSpec& spec);

// Takes the rows out whose target is missing, where the spec says so. What was left out, "" for none: "3 rows without a target are left out (lines 4, 9, 12)".
std::string drop_without_target(CsvTable& table, const TableSpec& spec);

// The usual way: target, split, what is fitted on the training rows, and then the rows.
struct FittedData {
  Dataset target;  // as read_target() gives it; apply() and consume() take the classes of it
  Split split;
  Preprocess preprocess;
};
// The columns that a split and its fold look at, of the rows that are dealt: those of the first file. Error (Exit::mismatch) where one is not there, has a
// missing cell, or no row the fold's value. Texts are ordered as they are spelled, which is right for dates as 2024-01-31.
SplitColumns split_columns(const CsvTable& table, const SplitOptions& options);
FittedData fit_data(const CsvTable& table, const TableSpec& spec, const SplitOptions& options);
Dataset apply(FittedData& fitted, const CsvTable& table);
// The same, and the table's cells are gone: their memory is given back as they become rows, so that both are never held whole.
Dataset consume(FittedData& fitted, CsvTable& table);

// All of it at once.
struct PreparedData { Dataset data; Split split; Preprocess preprocess; };
PreparedData prepare_data(const CsvTable& table, const TableSpec& spec, const SplitOptions& options);

}  // namespace lehr
