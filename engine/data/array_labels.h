#pragma once
#include "engine/data/array_set.h"

namespace lehr {

// The classes that an array of labels names, one a row of the target.
struct Labels {
  std::vector<std::int64_t> values;  // index into classes
  std::vector<std::string> classes;
  std::vector<std::string> notes;
};
// Labels are whole numbers, one a row, or rows of zeros with a single one (one-hot). Which class a number is, in this order: use.classes that are all
// numbers are the labels themselves, other names are those of 0, 1, …; without them the labels 0 to n - 1 are classes of these names (or of the model's
// own, where it has n), any other labels are sorted. Error (Exit::mismatch): a label that is none, fractions, several a row.
// The target's uint64 values lie below 2^63.
Labels read_labels(const Field& target, std::int64_t rows, const ArrayUse& use);

// Has every row, of several values, a single 1 among zeros?
bool one_hot_rows(const Field& target, std::int64_t rows);

}  // namespace lehr
