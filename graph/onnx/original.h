#pragma once
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "graph/onnx/proto.h"

namespace lehr::onnx {

// Where the file stores a constant or has a node.
struct Source {
  enum class Kind { initializer, node, function } kind = Kind::initializer;
  int index = 0;        // of the initializer, of the node, of the function
  int node = 0;         // function: of the node in its body; -1: it stands for something that is no node there
  bool shared = false;  // function: called more than once, or the value is an attribute of the call: not to be changed
};

struct Original {
  std::string bytes;
  std::filesystem::path folder;
  std::map<std::string, Source> sources;  // of the constants, by name
  std::vector<Source> nodes;              // of the nodes, by Node::place
};

// The attribute that holds the value of a Constant node, nullptr where there is none or more than one.
const AttributeProto* constant_attribute(const NodeProto& node);

}  // namespace lehr::onnx
