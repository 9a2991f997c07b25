#pragma once
#include <string>
#include <vector>

#include "experiments/run/keys.h"
#include "graph/onnx/model.h"

namespace lehr::run {

// The network of an experiment before any pass: read from its file, made by model.mlp, with the new layer of model.head; what is made is
// read like a file.
struct Network {
  onnx::Model model;
  std::string fingerprint;
  std::vector<std::string> fresh;  // tensors that hold no values of a file: each trial draws them
  std::vector<std::string> head;   // those of model.head among them
  std::vector<std::string> notes;
};
Network read_network(const ModelKey& key);

// The widths of model.mlp. Error (Exit::mismatch) where the data feed several inputs.
MlpWidths mlp_widths(const LossSpec& loss, const Dataset& data);

}  // namespace lehr::run
