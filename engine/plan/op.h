#pragma once
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/table.h"
#include "base/tensor.h"
#include "graph/graph.h"

namespace lehr {

class Emit;

enum class Mode { train, evaluate };

// Inside a plan there are three element types: f32 for every float type of the file, i64 for every integer type, boolean.
Dtype plan_dtype(Dtype dtype);

// What an operator's factory sees of its node: attributes, concrete input types (batch filled in), constant inputs already folded.
class NodeView {
 public:
  NodeView(const Graph& graph, const Node& node, Mode mode, std::vector<TensorType> types, std::vector<const Tensor*> constants)
      : graph_(graph), node_(node), mode_(mode), types_(std::move(types)), constants_(std::move(constants)) {}

  const Node& node() const { return node_; }
  const std::string& op() const { return node_.op; }
  int opset() const { return node_.opset; }
  Mode mode() const { return mode_; }
  std::size_t inputs() const { return node_.in.size(); }
  bool has(std::size_t i) const { return i < node_.in.size() && node_.in[i] != no_value; }
  const TensorType& type(std::size_t i) const;     // Error if the input is left out
  const Shape& shape(std::size_t i) const { return type(i).shape; }
  const Tensor* constant(std::size_t i) const;     // null: left out or not known when compiling
  // The element type the file has, uint8 where the plan computes in int64; the plan's own where the file does not say.
  Dtype file_type(std::size_t i) const;
  Dtype file_type_out(std::size_t i) const;
  std::string told(std::size_t i) const;           // "int32[2,3]": input i for messages, as the file has it
  Role role(std::size_t i) const;
  std::string input_name(std::size_t i) const;
  std::size_t outputs() const { return node_.out.size(); }
  std::string output_name(std::size_t i) const { return i < node_.out.size() && node_.out[i] != no_value ? graph_.value(node_.out[i]).name : std::string(); }
  bool wants_output(std::size_t i) const { return i < node_.out.size() && node_.out[i] != no_value; }

  bool has_attr(const std::string& name) const { return node_.attrs.contains(name); }
  // Each is an Error if the attribute has another type; without a fallback also if it is missing.
  std::int64_t integer(const std::string& name, std::optional<std::int64_t> fallback = {}) const;
  float real(const std::string& name, std::optional<float> fallback = {}) const;
  std::string text(const std::string& name, std::optional<std::string> fallback = {}) const;
  std::vector<std::int64_t> integers(const std::string& name) const;  // {} if missing
  std::vector<float> reals(const std::string& name) const;
  const Tensor* tensor(const std::string& name) const;  // null if missing
  void need_inputs(std::size_t least, std::size_t most) const;  // Error with both numbers
  // Input i as integers; an Error naming it where it is not constant ("… must be known before the run").
  std::vector<std::int64_t> constant_integers(std::size_t i) const;

 private:
  const Graph& graph_;
  const Node& node_;
  Mode mode_;
  std::vector<TensorType> types_;
  std::vector<const Tensor*> constants_;
};

// One immutable object per node and batch size; the factory read everything that is known before the run and checked it.
class Op {
 public:
  virtual ~Op() = default;
  // One type per declared output (also those left out).
  virtual std::vector<TensorType> infer() const = 0;
  // All outputs at once where they can be known when compiling (shape arithmetic, small constants); {} = not here.
  // `in` holds null where an input is not constant: Shape and Size need none of them. i64, f32 or boolean tensors only.
  virtual std::vector<Tensor> fold(std::span<const Tensor* const> in) const;
  // Can a gradient flow from the outputs into input i? (not into indices, shapes, conditions)
  virtual bool differentiable(std::size_t i) const;
  virtual void forward(Emit& e) const = 0;
  // Runs after forward() of the whole plan was emitted, only if some wanted input exists. Default: Error "has no gradient".
  virtual void backward(Emit& e) const;
};

using MakeOp = std::unique_ptr<Op> (*)(const NodeView&);
// Names are "Gemm" for ai.onnx, "com.microsoft.FusedGemm", "lehr.Huber", … ; versions are the opset numbers of that domain.
using OpTable = Table<MakeOp>;
std::string table_name(const Node& node);

}  // namespace lehr
