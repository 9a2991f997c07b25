#pragma once
#include "engine/plan/emit.h"

namespace lehr {

// A scalar loss of scores (input 0) and what they are compared with: forward in Mode::train keeps the gradient, which backward
// multiplies by the incoming one. Output: f32 [].
class ScalarLoss : public Op {
 public:
  // loss <- the value; d, where not null, <- d loss / d scores.
  using Compute = std::function<void(const float* scores, const std::byte* target, float* loss, float* d)>;
  ScalarLoss(TensorType scores, std::string what) : scores_(std::move(scores)), what_(std::move(what)) {}
  std::vector<TensorType> infer() const override { return {{Dtype::f32, {}}}; }
  bool differentiable(std::size_t i) const override { return i == 0; }
  void forward(Emit& e) const override;
  void backward(Emit& e) const override;

 protected:
  virtual Compute compute() const = 0;
  const TensorType& scores() const { return scores_; }

 private:
  TensorType scores_;
  std::string what_;
};

// dx (+)= *g * d over n elements: backward of a loss whose gradient was kept.
void emit_scaled_gradient(Emit& e, Buffer kept, std::int64_t n, std::size_t input, const std::string& what);

void add_onnx_losses(OpTable& table);

}  // namespace lehr
