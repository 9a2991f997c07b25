#pragma once
#include "experiments/run/assemble.h"

namespace lehr::run {

// The key of a model's metadata_props that holds the names of its classes in the order of its scores, a JSON list.
inline constexpr const char* classes_key = "lehr.classes";

// The key that holds the decision threshold between two classes, where it is not 0.5.
inline constexpr const char* threshold_key = "lehr.threshold";
// Absent: the model does not say. Error: what it says is no number between 0 and 1.
std::optional<double> own_threshold(const onnx::Model& model);
// The entry as bytes that are written behind a model's.
std::string threshold_entry(double threshold);

// What every model that is trained with these parts is written into: the file with what the passes decided (a freed batch, running
// statistics of their own), for inference, and the names of the classes. Error (Exit::mismatch) where a weight has no place in it.
struct Frame {
  std::shared_ptr<const onnx::Original> original;
  std::vector<std::string> notes;
  std::vector<onnx::RawFeed> raw;  // what the file takes, where it prepares its inputs itself (model.export.inputs: raw)
};
Frame make_frame(const ModelParts& model, const DataParts& data);

// The frame with the weights as its own.
onnx::Written export_model(const Parts& parts, const Weights& weights);

}  // namespace lehr::run
