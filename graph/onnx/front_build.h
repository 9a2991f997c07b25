#pragma once
#include <string>
#include <utility>
#include <vector>

#include "base/shape.h"
#include "graph/onnx/front.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

// Nodes whose outputs, and names, are `prefix` with a running number.
class NodeList {
 public:
  explicit NodeList(std::string prefix) : prefix_(std::move(prefix)) {}

  // Its output.
  std::string node(const char* op, const std::vector<std::string>& in, const std::vector<std::pair<const char*, std::int64_t>>& ints = {},
                   const char* domain = "", std::string out = "");
  std::string cast(const std::string& value, int to) { return node("Cast", {value}, {{"to", to}}); }
  std::string constant(const Shape& shape, const std::vector<double>& values);
  std::string constant(const Shape& shape, const std::vector<std::int64_t>& values);
  std::string truths(const Shape& shape, const std::vector<bool>& values);
  // A further one of the last node.
  ::onnx::AttributeProto& attribute(const char* name, ::onnx::AttributeProto::AttributeType type);

  std::vector<NodeProto>& nodes() { return nodes_; }
  bool uses_ml() const { return ml_; }

 private:
  std::string tensor(const Shape& shape, TensorProto::DataType type, std::string raw);

  std::string prefix_;
  std::vector<NodeProto> nodes_;
  bool ml_ = false;
};

// Columns of numbers side by side, double [N, k], filled, transformed and scaled.
std::string mapped_numbers(NodeList& list, std::string value, const std::vector<RawColumn>& columns);

// Renames what the graph's nodes read, those of bodies too.
void rename_reads(GraphProto& graph, const std::string& from, const std::string& to);

}  // namespace lehr::onnx
