#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/data/dataset.h"
#include "engine/metrics/metric.h"
#include "experiments/run/keys.h"
#include "graph/onnx/model.h"
#include "graph/passes/loss.h"

namespace lehr::run {

struct Question {
  std::optional<LossSpec> loss;      // absent: what the model says it is, by its last nodes
  std::vector<std::string> metrics;  // empty: accuracy of classes, rmse of numbers
  std::optional<Form> scores;        // what the output is; absent: its nodes tell, else its numbers
};
struct ModelScore {
  std::string loss;                  // its name, "" where nothing says what it is
  double loss_value = 0;
  std::vector<std::string> metrics;
  std::vector<Measured> values;
  std::vector<bool> percent;
  std::vector<std::string> details;  // "" where there is none
  std::vector<std::string> notes;
};
// A model made ready to be asked about some rows, compiled once: what is measured is measured as a training does, from the scores in front of its softmax or
// sigmoid. What it is made of must outlive it.
class Measurement {
 public:
  // Errors (Exit::mismatch) where data and model do not fit; Exit::usage: a metric of the other kind.
  Measurement(const onnx::Model& model, const Dataset& data, std::span<const std::int32_t> rows, const Question& question);
  ~Measurement();
  // Of other values of the same rows, targets and weights. Error, Exit::diverged: a score that is not finite.
  ModelScore of(const Dataset& data);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};
// Loss and metrics of a model over some rows of data.
ModelScore evaluate(const onnx::Model& model, const Dataset& data, std::span<const std::int32_t> rows, const Question& question);

// What it asks of a table by itself: whole numbers, and its own labels.
Wants wants_of(const onnx::Model& model);
// Do its last nodes make probabilities of classes?
bool tells_classes(const onnx::Model& model);

}  // namespace lehr::run
