#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/data/preprocess.h"
#include "graph/onnx/model.h"
#include "graph/passes/loss.h"

namespace lehr::run {

// What a model says about rows: for classes their probabilities (columns as classes) and the winner, else the values.
struct Predictions {
  std::vector<std::string> columns;   // "class", "p_b", "p_g" or "y", "y_1", …
  std::vector<std::int64_t> winners;  // classification only
  std::int64_t width = 1;
  std::vector<float> values;  // [rows, width]: probabilities or values
  std::string note;           // where the numbers had to tell what they are
};
// Runs the model in evaluation mode: its output, in the unit of the target, for classes as probabilities. scores: what the output is; absent: its nodes
// tell, else its numbers. Errors (Exit::mismatch) where data and model do not fit.
Predictions predict(const onnx::Model& model, const Dataset& data, std::optional<Form> scores = {});

}  // namespace lehr::run
