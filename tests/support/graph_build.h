#pragma once
#include <string>
#include <vector>

#include "graph/graph.h"

namespace lehr::test {

inline Tensor tensor(const Shape& shape, const std::vector<float>& values) { return {shape, std::span<const float>(values)}; }
inline std::vector<float> ramp(const Shape& shape, float first = 0.1f, float step = 0.1f) {
  std::vector<float> out(static_cast<std::size_t>(elements(shape)));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = first + step * static_cast<float>(i);
  return out;
}

// Small graphs written down in the order they compute.
struct GraphBuild {
  Graph graph;

  ValueId input(const std::string& name, std::vector<Dim> dims, Dtype dtype = Dtype::f32) {
    const ValueId id = graph.add(Value{name, Role::input, DeclaredType{dtype, std::move(dims)}, nullptr, ""});
    graph.inputs.push_back(id);
    return id;
  }
  // [batch, columns]
  ValueId rows(const std::string& name, std::int64_t columns) { return input(name, {{-1, "N"}, {columns, ""}}); }
  ValueId stored(const std::string& name, Role role, Tensor tensor) {
    return graph.add(Value{name, role, std::nullopt, std::make_shared<Tensor>(std::move(tensor)), ""});
  }
  ValueId integers(const std::string& name, const std::vector<std::int64_t>& values) {
    return stored(name, Role::constant, Tensor(Shape{static_cast<std::int64_t>(values.size())}, std::span<const std::int64_t>(values)));
  }
  std::vector<ValueId> nodes(const std::string& op, std::vector<ValueId> in, const std::vector<std::string>& out, Attributes attrs = {}, int opset = 13,
                             const std::string& domain = "") {
    std::vector<ValueId> ids;
    for (const std::string& name : out) ids.push_back(graph.add(Value{name, Role::activation, std::nullopt, nullptr, ""}));
    graph.add(Node{op, domain, "", domain.empty() ? opset : 1, std::move(attrs), std::move(in), ids});
    return ids;
  }
};

}  // namespace lehr::test
