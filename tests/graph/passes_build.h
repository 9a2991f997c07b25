#pragma once
#include <string>
#include <vector>

#include "base/error.h"
#include "graph/graph.h"

namespace lehr {

// Writes small graphs down in the order they compute.
struct Build {
  Graph graph;

  ValueId input(const std::string& name, std::vector<Dim> dims, Dtype dtype = Dtype::f32) {
    const ValueId id = graph.add(Value{name, Role::input, DeclaredType{dtype, std::move(dims)}, nullptr, ""});
    graph.inputs.push_back(id);
    return id;
  }
  // [batch, columns]
  ValueId rows(const std::string& name, std::int64_t columns) { return input(name, {{-1, "N"}, {columns, ""}}); }
  // 0.1, 0.2, … unless values are given.
  ValueId weight(const std::string& name, const Shape& shape, std::vector<float> values = {}) {
    if (values.empty())
      for (std::int64_t i = 0; i < elements(shape); ++i) values.push_back(0.1f * static_cast<float>(i + 1));
    return constant(name, Tensor(shape, std::span<const float>(values)));
  }
  ValueId integers(const std::string& name, const std::vector<std::int64_t>& values) {
    return constant(name, Tensor(Shape{static_cast<std::int64_t>(values.size())}, std::span<const std::int64_t>(values)));
  }
  ValueId constant(const std::string& name, Tensor tensor) {
    return graph.add(Value{name, Role::constant, std::nullopt, std::make_shared<Tensor>(std::move(tensor)), ""});
  }
  ValueId node(const std::string& op, std::vector<ValueId> in, const std::string& out, Attributes attrs = {}, const std::string& domain = "", int opset = 13) {
    const ValueId id = graph.add(Value{out, Role::activation, std::nullopt, nullptr, ""});
    graph.add(Node{op, domain, "", domain.empty() ? opset : 1, std::move(attrs), std::move(in), {id}});
    return id;
  }
  ValueId linear(const std::string& stem, ValueId x, std::int64_t from, std::int64_t to) {
    return node("Gemm", {x, weight(stem + ".weight", {from, to}), weight(stem + ".bias", {to})}, stem);
  }
  Build& output(ValueId id) {
    graph.outputs.push_back(id);
    return *this;
  }
};

// "Gemm Relu Gemm"
inline std::string ops(const Graph& graph) {
  std::vector<std::string> names;
  for (const Node& node : graph.nodes()) names.push_back(node.domain.empty() ? node.op : cat(node.domain, ".", node.op));
  return join(names, " ");
}

// The Error body throws, "" if none.
template <class Body>
std::string error_of(Body&& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}
inline bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace lehr
