#pragma once
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace lehr {

// 64-byte aligned bytes, zeroed.
class AlignedBytes {
 public:
  AlignedBytes() = default;
  explicit AlignedBytes(std::size_t size);
  std::byte* data() const { return data_.get(); }
  std::size_t size() const { return size_; }

 private:
  struct Free { void operator()(std::byte* p) const; };
  std::unique_ptr<std::byte[], Free> data_;
  std::size_t size_ = 0;
};

// One trained tensor; offset and size count floats. Each starts on a 64-byte boundary, the gap is zero in values and gradients.
struct Parameter {
  std::string name;
  Shape shape;
  ValueId value = no_value;
  std::size_t offset = 0, size = 0;
};

// The numbers of one trial, shared by its plans (training batch, short batch, evaluation): parameters lie contiguously in
// graph order, gradients in the same order, then states (batch-norm averages). f32 whatever the file stores.
class Weights {
 public:
  explicit Weights(const Graph& graph);

  std::span<const Parameter> parameters() const { return parameters_; }
  std::span<const Parameter> states() const { return states_; }
  std::span<float> values() const { return {floats(0), count_}; }          // all parameters, gaps included
  std::span<float> gradients() const { return {floats(count_), count_}; }
  std::span<float> state() const { return {floats(2 * count_), state_count_}; }
  std::span<float> value(const Parameter& p) const { return values().subspan(p.offset, p.size); }
  std::span<float> gradient(const Parameter& p) const { return gradients().subspan(p.offset, p.size); }
  std::span<float> state(const Parameter& p) const { return state().subspan(p.offset, p.size); }
  float* address(ValueId value) const;           // of a parameter or state; null otherwise
  float* gradient_address(ValueId value) const;  // of a parameter; null otherwise
  void reset();                                  // back to the file's values, gradients zero

 private:
  float* floats(std::size_t at) const { return reinterpret_cast<float*>(memory_.data()) + at; }
  std::vector<Parameter> parameters_, states_;
  std::vector<float> initial_;  // values then states
  std::size_t count_ = 0, state_count_ = 0;
  AlignedBytes memory_;
};

}  // namespace lehr
