#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/shape.h"
#include "engine/data/options.h"
#include "engine/data/stored.h"

namespace lehr {

// One named column block of a dataset: every row has shape `row`; values are row-major over all rows. They stand in f32 or i64, as dtype says, or
// in the type of a file in `stored`, whose type dtype then is: a feature, or a target of numbers. Classes stand in i64.
struct Field {
  std::string name;
  Shape row;
  Dtype dtype = Dtype::f32;
  std::vector<float> f32;
  std::vector<std::int64_t> i64;
  Stored stored = {};
  std::int64_t width() const { return elements(row); }
  // Whether an input of integers (or of truth values: bool and uint8) can take them.
  bool whole() const { return stored.empty() ? dtype == Dtype::i64 : stored.whole(); }
  // As the model sees it, by the place in row-major order.
  double value(std::size_t index) const;
};

// Rows in memory. `features` feed the model's inputs by name, `target` feeds the loss.
struct Dataset {
  std::string source;                       // file name, for messages
  std::int64_t rows = 0;
  std::vector<Field> features;              // one of name "" where the model has one input
  Field target;                             // i64 class index of shape [] (classes not empty; -1: the row does not count), or numbers, k a row
  std::vector<std::string> classes;
  std::vector<std::string> feature_names;   // one per scalar column of the first feature
  std::vector<float> row_weights;           // one a row, at least 0; empty: all 1
  // What was done to the numbers of the target: (y - shift) * scale, column by column; empty: nothing. Metrics, predictions and written files take it back.
  struct TargetScaling {
    std::vector<double> shift, scale;
    bool empty() const { return shift.empty(); }
    bool operator==(const TargetScaling&) const = default;
  } target_scaling;
};

// A number of the target in its own unit.
double target_value(const Dataset& data, std::int32_t row, std::size_t column = 0);

// The given rows of a field, one after another, as the model sees them. No allocation. Error on another dtype or a wrong size of `out`.
void gather(const Field& field, std::span<const std::int32_t> rows, std::span<float> out);
void gather(const Field& field, std::span<const std::int32_t> rows, std::span<std::int64_t> out);

struct Split { std::vector<std::int32_t> train, validation, test; };  // each in ascending order

// What the columns that options name say of each row; empty where they name none.
struct SplitColumns {
  std::vector<std::int32_t> groups;            // which group, from 0 in order of first appearance (in the whole file)
  std::vector<std::int32_t> order;             // the rows, the earliest first; rows that are equal stay as they stand
  std::vector<std::int32_t> fold_groups = {};  // as groups, of FoldOptions::group
  std::vector<std::int32_t> folds = {};        // of FoldOptions::column: the place of its value in the order of fold_values()
  std::int32_t fold = -1;                      // that of FoldOptions::value
};
// tail: the last rows, unshuffled, test behind validation: training keeps floor(n * (1 - fraction)) rows, as Keras'
// validation_split does. stratified: each class in proportion (largest remainders), every part as large as with random.
// With a fold its rows are the test rows where the options keep validation rows, else the validation rows; the others are dealt as if the table had only
// them, by numbers of the fold's own, groups of the folds kept whole unless the options name others.
// Error (Exit::mismatch) where a part would be empty, a class has fewer rows than there are parts, or the folds cannot be dealt (folds.h).
Split split(const Dataset& data, const SplitOptions& options, const SplitColumns& columns = {});

// The rows of each class; behind them, where there are any, those that do not count. Error (Exit::mismatch) without classes.
std::vector<std::vector<std::int32_t>> rows_per_class(const Dataset& data);

// The order of an epoch: a pure function of (rows, seed, epoch). No allocation: `order` has rows.size() elements.
void epoch_order(std::span<const std::int32_t> rows, std::uint64_t seed, std::int64_t epoch, bool shuffle, std::span<std::int32_t> order);

// Rows per class among some rows, those that do not count (class -1) in none; the first of equals is the majority. Without classes all but `rows` is empty.
struct Balance {
  std::int64_t rows = 0;
  std::vector<std::int64_t> counts;          // in the order of Dataset::classes
  std::size_t majority = 0;
  double fraction = 0;                       // of the majority class: what always answering it scores; NaN without rows that count
};
Balance balance(const Dataset& data, std::span<const std::int32_t> rows);
// What always answering the mean of some rows' target, column by column, scores on others: the root of the mean square over all columns, in the target's own
// unit. NaN without rows.
struct MeanAnswer {
  std::vector<double> means;
  double rmse = 0;
};
MeanAnswer mean_answer(const Dataset& data, std::span<const std::int32_t> of, std::span<const std::int32_t> measured);
// "235 (118 g / 117 b)", biggest class first; "235" without classes.
std::string text(const Balance& balance, std::span<const std::string> classes);

}  // namespace lehr
