#pragma once
#include <string>
#include <vector>

#include "tests/support/errors.h"
#include "tests/support/graph_build.h"

namespace lehr {

inline std::vector<float> unordered(const Shape& shape) {
  std::vector<float> out = test::ramp(shape);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] += 0.1f * static_cast<float>((i * 7 + 3) % 11);
  return out;
}

struct Build : test::GraphBuild {
  // Without order, as trained numbers are, unless values are given.
  ValueId weight(const std::string& name, const Shape& shape, std::vector<float> values = {}) {
    return constant(name, test::tensor(shape, values.empty() ? unordered(shape) : std::move(values)));
  }
  ValueId constant(const std::string& name, Tensor tensor) {
    return stored(name, Role::constant, std::move(tensor));
  }
  ValueId node(const std::string& op, std::vector<ValueId> in, const std::string& out, Attributes attrs = {}, const std::string& domain = "", int opset = 13) {
    return nodes(op, std::move(in), {out}, std::move(attrs), opset, domain).front();
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

using test::error_of;
using test::says;

}  // namespace lehr
