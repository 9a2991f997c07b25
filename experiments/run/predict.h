#pragma once
#include <string>
#include <vector>

#include "engine/data/preprocess.h"
#include "graph/onnx/model.h"

namespace lehr::run {

// What a model says about rows: for classes their probabilities (columns as classes) and the winner, else the values.
struct Predictions {
  std::vector<std::string> columns;   // "class", "p_b", "p_g" or "y", "y_1", …
  std::vector<std::int64_t> winners;  // classification only
  std::int64_t width = 1;
  std::vector<float> values;  // [rows, width]: probabilities or values
};
// Runs the model in evaluation mode. Errors (Exit::mismatch) where data and model do not fit.
Predictions predict(const onnx::Model& model, const Dataset& data);

}  // namespace lehr::run
