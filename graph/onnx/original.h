#pragma once
#include <filesystem>
#include <map>
#include <string>

#include "graph/onnx/proto.h"

namespace lehr::onnx {

// Where the file stores a constant.
struct Source {
  enum class Kind { initializer, node, function } kind = Kind::initializer;
  int index = 0;        // of the initializer, of the Constant node, of the function
  int node = 0;         // function: of the Constant node in its body
  bool shared = false;  // function: called more than once, or the value is an attribute of the call: not to be changed
};

struct Original {
  std::string bytes;
  std::filesystem::path folder;
  std::map<std::string, Source> sources;
};

// The attribute that holds the value of a Constant node, nullptr where there is none or more than one.
const AttributeProto* constant_attribute(const NodeProto& node);

}  // namespace lehr::onnx
