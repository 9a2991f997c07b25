#pragma once
#include "graph/onnx/problems.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

// What the node, as the file has it, has against the signature of its operator in that opset, a problem each: an attribute the operator
// does not have, or not yet; one of another kind; one that is missing; inputs or outputs too many; an input left out that is needed.
// An operator without a signature is left to whoever needs it. Attributes that begin with "__" are a tool's own.
void check_call(const NodeProto& node, int opset, Problems& problems);

}  // namespace lehr::onnx
