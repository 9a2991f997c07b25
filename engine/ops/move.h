#pragma once
#include <memory>
#include <vector>

#include "engine/ops/strided.h"
#include "engine/plan/emit.h"

namespace lehr {

// Results of more elements are not folded when compiling.
inline constexpr std::int64_t fold_limit = std::int64_t{1} << 20;

// A block of elements that one node moves: for every index over dims, output[to_offset + index·to] = input[from_offset + index·from].
struct CopyBlock {
  std::size_t input = 0, output = 0;
  Shape dims = {}, to = {}, from = {};
  std::int64_t to_offset = 0, from_offset = 0;
};

// Every output element is a copy of one input element, or `fill` where no block writes. The blocks of one output do not overlap.
// Gradient: the blocks backwards, summed where an element was copied more than once.
class Move : public Op {
 public:
  Move(const NodeView& node, std::vector<TensorType> outputs, std::vector<CopyBlock> blocks);
  Move& filled(Tensor scalar);

  std::vector<TensorType> infer() const override { return outputs_; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override;
  bool differentiable(std::size_t i) const override;
  void forward(Emit& e) const override;
  void backward(Emit& e) const override;

 private:
  bool covers(std::size_t input, const Emit& e) const;
  std::vector<TensorType> inputs_, outputs_;
  std::vector<CopyBlock> blocks_;
  std::optional<Tensor> fill_;
};

// The same bytes under another shape.
class View : public Op {
 public:
  explicit View(TensorType output) : output_(std::move(output)) {}
  std::vector<TensorType> infer() const override { return {output_}; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override;
  bool differentiable(std::size_t i) const override { return i == 0 && output_.dtype == Dtype::f32; }
  void forward(Emit& e) const override;
  void backward(Emit& e) const override;

 private:
  TensorType output_;
};

// A result that is known when compiling.
class Known : public Op {
 public:
  explicit Known(Tensor value) : value_(std::move(value)) {}
  std::vector<TensorType> infer() const override { return {value_.type}; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override;
  bool differentiable(std::size_t) const override { return false; }
  void forward(Emit& e) const override;

 private:
  Tensor value_;
};

std::unique_ptr<Op> view(const NodeView& node, Shape shape);  // of input 0
std::unique_ptr<Op> known(Tensor value);
// d(in i) = 0 where nothing upstream of the output has a gradient (a wanted gradient must be written).
void zero_grad(Emit& e, std::size_t i);

// Errors naming the input and its type.
void need_dtype(const NodeView& node, std::size_t i, Dtype dtype);
void need_same_dtype(const NodeView& node, std::size_t a, std::size_t b);
// Sorted axes in [0, rank) without duplicates; Error otherwise.
std::vector<std::size_t> axes_of(const std::vector<std::int64_t>& axes, std::size_t rank);
// Axes given as the attribute "axes" or as constant input i; nullopt where neither is given.
std::optional<std::vector<std::int64_t>> axes_attribute(const NodeView& node);
std::optional<std::vector<std::int64_t>> axes_input(const NodeView& node, std::size_t i);
// The one integer of constant input i.
std::int64_t constant_integer(const NodeView& node, std::size_t i);

// Elements before, along and after an axis.
struct Span3 {
  std::int64_t outer = 1, size = 1, inner = 1;
};
Span3 around(const Shape& shape, std::size_t axis);

}  // namespace lehr
