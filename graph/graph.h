#pragma once
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/tensor.h"

namespace lehr {

using ValueId = int;
inline constexpr ValueId no_value = -1;  // an optional input left out

// state: batch-norm averages: written by forward in training, no gradient.
enum class Role { input, parameter, state, constant, activation };
const char* name(Role role);

struct Dim {
  std::int64_t size = -1;  // -1: symbolic or unknown
  std::string symbol;
  bool operator==(const Dim&) const = default;
};
struct DeclaredType {
  Dtype dtype = Dtype::f32;
  std::optional<std::vector<Dim>> dims;  // absent: unknown rank
  bool operator==(const DeclaredType&) const = default;
};

// What a file says of a stored tensor: PyTorch's exporter tells parameters from buffers.
enum class Said { nothing, parameter, buffer, folded };  // folded: computed by the exporter from others
struct Origin {
  bool constant_node = false;  // stored in a Constant node, not as initializer
  Said said = Said::nothing;
  std::string of;              // folded: the names it was made of
  bool operator==(const Origin&) const = default;
};

// Input `slot` of a node of the file (Node::place), or its attribute where one is named.
struct Place {
  int node = -1;
  std::size_t slot = 0;
  std::string attribute = {};
};

struct Value {
  std::string name;
  Role role = Role::activation;
  std::optional<DeclaredType> type;    // as the file declares it
  std::shared_ptr<const Tensor> data;  // parameter, state, constant: as the file stores it (its own dtype)
  std::string why;                     // why the value has this role, for the table of parameters
  Origin origin = {};                  // of a stored tensor
  std::size_t turned = 0;              // where the batch was moved to the front: the dimension of the file's tensor it comes from
  // Of a tensor that a pass split from what the file stores: what reads it in a file written from this graph. A pass that
  // gives some uses of a stored tensor a tensor of their own lists them here, and onnx::rewrite() writes it as an initializer.
  std::vector<Place> places = {};
  std::shared_ptr<const std::vector<std::string>> strings = {};  // constant of strings: its elements
};

// Subgraph: kept opaque; an operator that needs one is refused by name.
struct Subgraph { bool operator==(const Subgraph&) const = default; };
using Attribute = std::variant<std::int64_t, float, std::string, std::vector<std::int64_t>, std::vector<float>,
                               std::vector<std::string>, std::shared_ptr<const Tensor>, Subgraph>;
using Attributes = std::map<std::string, Attribute>;

struct Node {
  std::string op, domain, name;  // domain "" is ai.onnx; "lehr" holds the losses and fused nodes passes add
  int opset = 1;                 // of its domain
  Attributes attrs;
  std::vector<ValueId> in, out;  // no_value where an optional one is left out
  // Which node of the file it is, counted with calls of functions inlined; its inputs are in the file's slots. -1: a pass made it.
  int place = -1;
};
// "Gemm node 'fc1'", or by its first output where it has no name.
class Graph;
std::string describe(const Graph& graph, const Node& node);

// Plain data, copyable. Nodes are always in topological order and every value has at most one producer: check() (graph/check.h) proves it.
class Graph {
 public:
  std::span<const Node> nodes() const { return nodes_; }
  std::span<const Value> values() const { return values_; }
  const Value& value(ValueId id) const { return values_.at(static_cast<std::size_t>(id)); }
  Value& value(ValueId id) { return values_.at(static_cast<std::size_t>(id)); }
  ValueId find(std::string_view name) const;  // no_value if there is none
  std::vector<ValueId> inputs, outputs;       // graph inputs without those that have an initializer
  std::optional<std::size_t> producer(ValueId id) const;         // index into nodes()
  std::vector<std::size_t> consumers(ValueId id) const;          // indices into nodes(), each once

  // Edits, for readers and passes.
  ValueId add(Value value);                // the name must be new; "" makes a fresh one
  std::size_t add(Node node);              // appended; its inputs must exist already
  Node& node(std::size_t index) { return nodes_.at(index); }
  void replace_uses(ValueId from, ValueId to);  // in all nodes and graph outputs
  void set_nodes(std::vector<Node> nodes);      // sorts them topologically; Error naming the members of a cycle
  std::string fresh_name(const std::string& stem) const;
  void rename(ValueId id, std::string name);  // the name must be new

 private:
  std::vector<Value> values_;
  std::vector<Node> nodes_;
  std::map<std::string, ValueId, std::less<>> names_;
};

}  // namespace lehr
