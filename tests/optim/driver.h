#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/optim/optimizer.h"

namespace lehr::test {

// One group of tensors under an optimizer of the table, updated as a trainer does. The state is a value: copied, it is a checkpoint.
class Driver {
 public:
  struct Tensor {
    std::vector<float> w;
    Shape shape;
    bool embedding = false;
    std::vector<std::vector<float>> slots = {};
  };
  struct State {
    std::vector<Tensor> tensors;
    std::vector<double> scalars;
    std::int64_t t = 0;
  };
  // Error where a given hyperparameter is none of the optimizer's.
  Driver(const std::string& name, const OptimizerOptions& options, const std::map<std::string, double>& given);
  State start(std::vector<Tensor> tensors) const;
  void set(const std::string& hyper, double value);  // Error where there is none of that name
  void step(State& state, const std::vector<std::vector<float>>& gradients, double next_lr) const;
  std::vector<float> evaluated(State& state, std::size_t tensor) const;  // a tensor's evaluation point
  const Optimizer& operator*() const { return *optimizer_; }

 private:
  std::unique_ptr<Optimizer> optimizer_;
  std::vector<double> hypers_;
};

}  // namespace lehr::test
