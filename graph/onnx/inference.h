#pragma once
#include <set>
#include <string>

#include "graph/onnx/proto.h"

namespace lehr::onnx {

struct Inference {
  std::size_t batch_normalizations = 0, dropouts = 0;  // nodes that left training mode
  std::set<std::string> detached;                      // tensors of the main graph they read no more
  std::set<std::string> gone;                          // outputs they had
};
// Every BatchNormalization and Dropout of the model leaves training mode; where the running statistics a BatchNormalization gives out
// are read, it is the stored ones that are given out. Error: another output of training is read, or one inside a function or body.
Inference to_inference(ModelProto& model);

}  // namespace lehr::onnx
