#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "graph/onnx/proto.h"

namespace lehr::onnx {

// Where the bytes of a tensor with data_location EXTERNAL lie.
struct Region {
  std::string location;  // relative path inside the folder of the model
  std::uint64_t offset = 0;
  std::optional<std::uint64_t> length;  // absent: to the end of the file
};
// Error on an unknown or repeated key, a missing location, an absolute one or one with "..", a number that is none.
Region region_of(const TensorProto& tensor);

// Reads only regular files inside the folder: no symbolic link leads out, no device, pipe, directory or file with a second hard link.
class ExternalData {
 public:
  explicit ExternalData(std::filesystem::path folder) : folder_(std::move(folder)) {}
  // Exactly `size` bytes; Error if the region is longer, shorter or leaves the file, or if all regions read together
  // pass half of the machine's memory.
  std::vector<std::byte> read(const Region& region, std::uint64_t size) const;
  std::string read_whole(const std::string& location) const;

 private:
  mutable std::uint64_t total_ = 0;
  std::filesystem::path folder_;  // empty: there is none, external data are refused
};

}  // namespace lehr::onnx
