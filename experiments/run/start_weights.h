#pragma once
#include <map>
#include <string>
#include <vector>

#include "experiments/spec/experiment.h"
#include "graph/passes/prepare.h"

namespace lehr::run {

// Tensors by name that a training starts from.
struct StartWeights {
  std::string from;  // for messages: the file, and how a folder led to it
  std::map<std::string, Tensor> tensors;
};
// Of a .safetensors file, an .onnx file, or a run and one of its trials (store::model_file). Error where it is none.
StartWeights read_start_weights(const std::filesystem::path& path);

// What came of it.
struct Started {
  std::vector<std::string> taken;        // parameters that are trained
  std::map<std::string, Tensor> frozen;  // parameters that stay as they are
  std::vector<std::string> notes;
};
// Puts them into the parameters, frozen parameters and states of the same name. `skip`: ours that stay. Errors (Exit::mismatch): other shapes,
// all of them; nothing of that name.
Started start_from(const StartWeights& weights, Prepared& prepared, const std::vector<std::string>& skip);

}  // namespace lehr::run
