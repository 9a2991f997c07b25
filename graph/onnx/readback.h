#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "graph/onnx/model.h"

namespace lehr::onnx {

// A written model as it was read from disk, in two parts.
struct Parted {
  std::vector<Tensor> values;  // of the constants asked for, in that order, as stored (external data from the folder)
  std::string rest;            // all else of the file; of two files with the same rest only these values differ
  bool external = false;       // some lie outside the file
};
// `written`: what the file was made from, which says where the constants lie. Error: one of them is not there.
Parted take_apart(const std::string& bytes, const std::filesystem::path& folder, const Original& written, const std::vector<std::string>& names);

}  // namespace lehr::onnx
