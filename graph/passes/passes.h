#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "graph/graph.h"

namespace lehr {

using Notes = std::vector<std::string>;  // sentences for the log

// Each pass edits the graph in place and returns how many places it changed. graph.outputs are never renamed or lost.

// A pattern or name the caller gave under `key` that nothing in the graph answers to.
class NoMatch : public Error {
 public:
  template <class... Parts>
  NoMatch(std::string given_as, const Parts&... parts) : Error(parts...), key(std::move(given_as)) {}
  std::string key;
};

// Drops nodes (and graph inputs) nothing in `wanted` depends on.
std::size_t prune(Graph& graph, std::span<const ValueId> wanted);
// Other spellings of one thing become one: Identity and float-to-float Cast on activations vanish, x*Sigmoid(x) is lehr.Swish,
// Log(Softmax) is LogSoftmax, a BatchNormalization by computed statistics is written out, and
// com.microsoft.{Gelu,FastGelu,BiasGelu,QuickGelu,FusedGemm} become plain operators.
std::size_t normalize(Graph& graph);
// Inputs that declare no shape take [batch, features] from the layer that reads them.
std::size_t input_shapes(Graph& graph, Notes& notes);
// Inputs whose batch is another dimension than the first (`axis`, else found) are fed with the batch in front. A batch size baked into
// inputs, outputs and shape constants becomes symbolic; where something forbids it, nothing changes and a note (and `kept`) says what.
std::size_t rebatch(Graph& graph, Notes& notes, std::optional<std::size_t> axis = {}, std::string* kept = nullptr);
// Parameters whose name matches a pattern become constants. Error: a pattern that matches none (nearest name given).
std::size_t freeze(Graph& graph, std::span<const std::string> patterns);
// All parameters but those become constants; an empty list keeps all.
std::size_t freeze_others(Graph& graph, std::span<const std::string> names);
// Identity and float Cast on weights vanish, so that operators see the parameter itself. After trainable().
std::size_t fold_weights(Graph& graph);
// MatMul(x, W) + bias, x of rank 2, becomes Gemm; a transposed W becomes transB.
std::size_t fuse_bias(Graph& graph);
// Gemm followed only by Relu, Tanh, Sigmoid, LeakyRelu or Elu becomes lehr.FusedGemm with `activation`, `activation_alpha`.
std::size_t fuse_activation(Graph& graph);

// One row per weight of the file, in graph order.
struct ParameterRow {
  std::string name;
  Shape shape;
  Role role = Role::constant;
  std::string why;
};
std::vector<ParameterRow> parameter_table(const Graph& graph);

struct Pass {
  std::string name;
  bool optional = true;
  std::function<std::size_t(Graph&)> run;
};
struct PassReport {
  std::string name;
  bool ran = true;
  std::size_t changes = 0;
  double seconds = 0;
};
// Runs them in order, checks the graph after each, leaves out those named in `off`. Error: `off` names an unknown pass or one that is needed.
std::vector<PassReport> run_passes(Graph& graph, std::span<const Pass> passes, std::span<const std::string> off);

}  // namespace lehr
