#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/data/array_names.h"
#include "engine/data/array_plan.h"
#include "engine/data/dataset.h"

namespace lehr {

// How they are taken. The statistics are those of the training rows, one for all values of an array.
struct ArrayUse {
  enum class Scale { none, standard, minmax, divide } scale = Scale::none;
  double divide = 1;
  bool classify = false;                    // the target names classes, else it is numbers
  std::vector<std::string> classes;         // their names: of the labels 0, 1, …, or where all are numbers the labels themselves; empty: found
  std::vector<std::string> ignore;          // labels that do not count: class -1
  std::vector<std::string> own_classes;     // what the model calls its outputs, where `classes` is empty and they are as many
  std::vector<std::string> integer_inputs;  // the model's inputs that take integers: nothing scales them
  bool target_inputs = false;               // the only input itself is the target
};

struct PreparedArrays {
  Dataset data;
  Split split;
  std::vector<ArrayPlan> plans;
  std::vector<std::string> notes;
};
// Reads, checks, splits, fits. Errors (Exit::mismatch) name file, array, what was expected and what was found: other numbers of rows, other shapes or
// types in the files of one set, labels that are no classes, values that are not finite. Nothing is copied but classes, as int64.
PreparedArrays prepare_arrays(const ArraysSpec& spec, const ArrayUse& use, const SplitOptions& options);

// The arrays of rows to predict, by the model's inputs, as `plans` say.
Dataset apply_arrays(const std::vector<ArrayPlan>& plans, const std::map<std::string, std::filesystem::path>& inputs);
// The same of a set that was prepared: its features scaled as `plans` say.
Dataset apply_arrays(const std::vector<ArrayPlan>& plans, Dataset data);

}  // namespace lehr
