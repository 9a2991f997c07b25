#pragma once
#include <deque>
#include <vector>

#include "graph/onnx/opsets.h"
#include "graph/onnx/original.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

struct FlatNode {
  const NodeProto* proto;
  const Opsets* opsets;  // of the graph or function it stands in
  Source source;         // where it stands in the file
};
struct FlatGraph {
  std::vector<FlatNode> nodes;
  std::size_t calls = 0;  // of local functions, inlined
  std::deque<NodeProto> owned;
  std::deque<Opsets> imports;
};

// The nodes of the main graph with all calls of local functions replaced by their bodies. Inner values get names of the form
// "call/inner", unique in the model. Problems: a function twice, recursive, more than 100 deep or 250,000 nodes when expanded,
// too many inputs or outputs, an attribute it does not take.
FlatGraph flatten(const ModelProto& model, const Opsets& opsets, Problems& problems);

}  // namespace lehr::onnx
