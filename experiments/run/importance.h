#pragma once
#include <functional>

#include "engine/data/csv.h"
#include "experiments/run/evaluate.h"

namespace lehr::run {

// How much a model's first metric loses when the cells of one column, or the rows of one input, are dealt anew among the rows, over some repeats.
struct Importance {
  std::string column;
  double mean = 0, deviation = 0;  // of the loss in metric, above 0: worse; population deviation, as scikit-learn's importances_std
};
struct ImportanceReport {
  std::string metric;
  double value = 0;  // with all columns as they are
  std::vector<Importance> columns;  // falling; of a table those that change neither features nor target are left out, those that change the target as well
};
// Permutation importance (Breiman 2001, Machine Learning 45, 5-32) of the table's columns on some of its rows. prepare: what makes the model's data of a table.
// The order of repeat r of column c is a pure function of (seed, r, c). Error (Exit::mismatch) where the metric is undefined.
ImportanceReport importance(const onnx::Model& model, const CsvTable& table, const std::function<Dataset(const CsvTable&)>& prepare,
                            std::span<const std::int32_t> rows, const Question& question, std::int64_t repeats, std::uint64_t seed);

// The same of arrays: of several inputs each as a whole, of a single one of one dimension its columns ("column 3", from 0), of any other the whole.
ImportanceReport importance(const onnx::Model& model, const Dataset& arrays, std::span<const std::int32_t> rows, const Question& question,
                            std::int64_t repeats, std::uint64_t seed);

}  // namespace lehr::run
