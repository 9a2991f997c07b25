#pragma once
#include <string>
#include <vector>

#include "base/tensor.h"

namespace lehr::onnx {

struct DenseLayer {
  Tensor weight;                // f32 [out, in]
  Tensor bias;                  // f32 [out]
  std::string activation;       // "Relu", "Tanh", "Sigmoid", "Softmax", "" = none
  enum class Norm { none, batch, layer } norm = Norm::none;  // between the product and the activation; scale 1, shift 0
  float dropout = 0;            // ratio of a Dropout behind it; 0: none
};
// A multilayer perceptron as ModelProto bytes: Gemm nodes fc1, fc2, … with transB = 1, norms norm1, …, activations act1, …, Dropouts
// drop1, …; input "x" [batch, in], output "y" [batch, out], opset 17, IR version 8. The last layer has neither norm nor Dropout.
std::string make_mlp(const std::string& name, const std::vector<DenseLayer>& layers);

}  // namespace lehr::onnx
