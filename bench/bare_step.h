#pragma once
#include <functional>
#include <string>
#include <vector>

#include "bench/support.h"
#include "engine/optim/optimizer.h"

namespace lehr::bench {

// The work of one SGD step of a ReLU network with softmax cross-entropy and nothing else: matmul primitives (bias and ReLU fused
// forward, no gradient of the input), bias gradients, ReLU backward, loss, update, called one after another at fixed addresses.
// Each product runs with its weights as [in,out] or as [out,in], whichever was measured faster for it.
class BareStep {
 public:
  BareStep(const std::vector<std::int64_t>& widths, std::int64_t batch, int threads);
  void operator()() {
    for (const Call& call : calls_) call();
  }
  double flops() const { return flops_; }                // of the products
  const std::string& choice() const { return choice_; }  // "forward [out,in] …": the layouts taken, a product each

 private:
  struct Layer {
    std::int64_t in, out;
    float *w, *b, *dw, *db;
    Noise y, dy;
  };
  struct Option {
    std::string layout;
    Call call;
  };
  Call faster(const std::string& product, std::vector<Option> options);
  Call forward(std::int64_t batch, const float* x, const Layer& layer, bool relu, bool in_out);
  Call weight_gradient(std::int64_t batch, const float* x, const Layer& layer, bool in_out);
  Call input_gradient(std::int64_t batch, float* dx, const Layer& layer, bool in_out);
  void add_relu_gradient(std::int64_t batch, const Layer& layer, int threads);
  void add_loss(std::int64_t batch);
  void add_update(std::int64_t size, int threads);

  Noise x_;
  std::vector<Layer> layers_;
  std::vector<std::int64_t> classes_;
  std::vector<Noise> flat_;  // parameters, gradients, velocity
  std::vector<AlignedBytes> scratch_;
  std::unique_ptr<Optimizer> sgd_;
  std::vector<Call> calls_;
  double flops_ = 0;
  std::string choice_;
};

}  // namespace lehr::bench
