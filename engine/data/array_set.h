#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/data/array_names.h"
#include "engine/data/array_plan.h"
#include "engine/data/dataset.h"

namespace lehr {

// How they are taken. The statistics are those of the training rows, one for all values of an input; of a target column by column.
struct ArrayUse {
  ColumnRule::Scale scale = ColumnRule::Scale::none;
  double divide = 1;
  bool target_standard = false;             // numbers of the target are trained at mean 0, deviation 1
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
// types in the files of one set, labels that are no classes, values that are not finite or that nothing holds exactly. Nothing is copied but classes, as
// int64, and row weights. Medians and quantiles of more than 2^20 values are those of as many drawn ones, which a note says.
PreparedArrays prepare_arrays(const ArraysSpec& spec, const ArrayUse& use, const SplitOptions& options);

// The arrays of rows to predict, by the model's inputs, as `plans` say.
Dataset apply_arrays(const std::vector<ArrayPlan>& plans, const std::map<std::string, std::filesystem::path>& inputs);
// The same of a set that was prepared: its features scaled as `plans` say, its target so.
Dataset apply_arrays(const std::vector<ArrayPlan>& plans, const Dataset::TargetScaling& target, Dataset data);

}  // namespace lehr
