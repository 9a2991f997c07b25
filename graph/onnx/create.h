#pragma once
#include <string>
#include <vector>

#include "base/tensor.h"

namespace lehr::onnx {

struct DenseLayer {
  Tensor weight;                // f32 [out, in]
  Tensor bias;                  // f32 [out]
  std::string activation;       // "Relu", "Tanh", "Sigmoid", "Softmax", "" = none
};
// A multilayer perceptron as ModelProto bytes: Gemm nodes fc1, fc2, … with transB = 1, input "x" [batch, in], output "y"
// [batch, out], opset 17, IR version 8.
std::string make_mlp(const std::string& name, const std::vector<DenseLayer>& layers);

}  // namespace lehr::onnx
