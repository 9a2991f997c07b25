#pragma once
#include <string>

#include "graph/graph.h"
#include "graph/onnx/external.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

// "Gemm node 'fc1'", or by its first output where it has no name.
std::string title(const NodeProto& node);

// The kind of an attribute; where an old file does not say it, the one field that is set. Error if that is none or several.
int kind_of(const AttributeProto& attribute);

// Graphs, types, sparse and string tensors, lists of tensors: Subgraph. Error: an attribute twice, without a name, without a value.
Attributes read_attributes(const NodeProto& node, const ExternalData& external);

}  // namespace lehr::onnx
