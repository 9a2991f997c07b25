#pragma once
#include <filesystem>
#include <optional>
#include <string>

#include "engine/data/preprocess.h"
#include "graph/onnx/model.h"

namespace lehr::cli {

// How the inputs of a model are prepared, and the file that says so.
struct PreparedBy {
  Preprocess preprocess;
  std::string file;
};
// The one that is named; else what the model's own file says, where it takes raw columns; else the preprocess.json beside it or in the folder
// above, where a trial keeps it. None: there is none of these.
std::optional<PreparedBy> find_preprocess(const std::filesystem::path& file, const onnx::Model& model, const std::string& named);

}  // namespace lehr::cli
