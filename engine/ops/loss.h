#pragma once
#include "engine/plan/emit.h"

namespace lehr {

// A scalar loss of scores (input 0) and what they are compared with (input 1), a mean over rows; input 2, f32 [rows], may weigh them: the sum of weight
// times a row's loss over the sum of the weights, 0 where that is 0. Forward in Mode::train keeps the gradient, which backward multiplies by the incoming one.
// Output: f32 [].
class ScalarLoss : public Op {
 public:
  // loss <- the value; d, where not null, <- d loss / d scores; row_weights: null where there are none.
  using Compute = std::function<void(const float* scores, const std::byte* target, const float* row_weights, float* loss, float* d)>;
  ScalarLoss(const NodeView& node, std::string what);
  std::vector<TensorType> infer() const override { return {{Dtype::f32, {}}}; }
  bool differentiable(std::size_t i) const override { return i == 0; }
  void forward(Emit& e) const override;
  void backward(Emit& e) const override;

 protected:
  virtual Compute compute() const = 0;
  const TensorType& scores() const { return scores_; }
  std::int64_t row_weights() const { return row_weights_; }  // how many, 0: none

 private:
  TensorType scores_;
  std::int64_t row_weights_ = 0;
  std::string what_;
};

// dx (+)= *g * d over n elements: backward of a loss whose gradient was kept.
void emit_scaled_gradient(Emit& e, Buffer kept, std::int64_t n, std::size_t input, const std::string& what);

void add_onnx_losses(OpTable& table);

}  // namespace lehr
