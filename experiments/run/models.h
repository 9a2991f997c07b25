#pragma once
#include "experiments/run/workspace.h"

namespace lehr::run {

// Weights a trial ends with: after the last epoch (for an optimizer that evaluates others, those), of the best epoch, or their average.
enum class Which { last, best, average };
const char* name(Which which);

// The trials whose models lie in the run folder, by `keep.models`; rising.
std::vector<std::size_t> kept(const PreparedStudy& prepared, const std::vector<TrialResult>& results);

// Writes the file of a model and reads it back: what it computes must be what was measured. put: writes a file of a given ending (".onnx", or the name of its
// external data) and says where it lies. Notes go to the result. Error where the trial has no such weights, or the model read back computes something else.
struct ModelFiles {
  std::function<std::filesystem::path(const std::string& name, const std::string& content)> put;
  std::function<void(const std::string& name)> remove;
};
void write_model(const Parts& parts, Workspace::Place& place, TrialResult& result, const Saved& saved, double given_threshold, Which which, const std::string& name,
                 const ModelFiles& files);

// All models of the kept trials below models/ of the run folder: <trial>.onnx, <trial>.best.onnx, <trial>.average.onnx, with the preprocessing beside them. A trial
// whose model is not what was measured failed.
void write_models(const PreparedStudy& prepared, std::vector<TrialResult>& results, store::RunFolder& folder, const std::vector<report::Reporter*>& reporters);

}  // namespace lehr::run
