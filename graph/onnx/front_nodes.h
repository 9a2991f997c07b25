#pragma once
#include "graph/onnx/front.h"
#include "graph/onnx/proto.h"

namespace lehr::onnx {

// Nodes in front of the model that make its inputs out of raw columns. An input whose columns are all numbers stays one tensor of the same name,
// [N, k]; of any other each column is an input by itself, [N, 1], named as the column. One that takes its columns as they are is left alone.
// Error: an opset below 11, a LabelEncoder of ai.onnx.ml 1 beside which none of version 2 can stand, an input that is given out.
std::vector<RawFeed> add_front(ModelProto& model, const std::vector<RawInput>& inputs);

// Takes it away again. The metadata entry it had, "" where there was none.
std::string take_front(ModelProto& model);

}  // namespace lehr::onnx
