#pragma once
#include "graph/onnx/front.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

// Nodes behind the output, in double: Cast, Mul, Add, Cast. Error: no such output, or one that no node makes.
void add_unit(ModelProto& model, const TargetUnit& unit);

// Takes them away again, where a file has them. Error: they are not as they were written.
std::optional<TargetUnit> take_unit(ModelProto& model);

}  // namespace lehr::onnx
