#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/ops/standard.h"
#include "engine/plan/plan.h"

// Small graphs written down in the order they compute, and plans that keep their weights.
namespace lehr::test {

inline Tensor tensor(const Shape& shape, const std::vector<float>& values) { return {shape, std::span<const float>(values)}; }
inline std::vector<float> ramp(const Shape& shape, float first = 0.1f, float step = 0.1f) {
  std::vector<float> out(static_cast<std::size_t>(elements(shape)));
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = first + step * static_cast<float>(i);
  return out;
}

struct Net {
  Graph graph;

  ValueId input(const std::string& name, std::vector<Dim> dims, Dtype dtype = Dtype::f32) {
    const ValueId id = graph.add(Value{name, Role::input, DeclaredType{dtype, std::move(dims)}, nullptr, ""});
    graph.inputs.push_back(id);
    return id;
  }
  ValueId rows(const std::string& name, std::int64_t columns) { return input(name, {{-1, "N"}, {columns, ""}}); }
  ValueId parameter(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    return graph.add(Value{name, Role::parameter, std::nullopt, std::make_shared<Tensor>(tensor(shape, values)), ""});
  }
  ValueId parameter(const std::string& name, const Shape& shape) { return parameter(name, shape, ramp(shape)); }
  ValueId constant(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    return graph.add(Value{name, Role::constant, std::nullopt, std::make_shared<Tensor>(tensor(shape, values)), ""});
  }
  ValueId integers(const std::string& name, const std::vector<std::int64_t>& values) {
    const Shape shape{static_cast<std::int64_t>(values.size())};
    return graph.add(Value{name, Role::constant, std::nullopt, std::make_shared<Tensor>(shape, std::span<const std::int64_t>(values)), ""});
  }
  std::vector<ValueId> nodes(const std::string& op, std::vector<ValueId> in, const std::vector<std::string>& out, Attributes attrs = {}, int opset = 13, const std::string& domain = "") {
    std::vector<ValueId> ids;
    for (const std::string& name : out) ids.push_back(graph.add(Value{name, Role::activation, std::nullopt, nullptr, ""}));
    graph.add(Node{op, domain, "", domain.empty() ? opset : 1, std::move(attrs), std::move(in), ids});
    return ids;
  }
  ValueId node(const std::string& op, std::vector<ValueId> in, const std::string& out, Attributes attrs = {}, int opset = 13, const std::string& domain = "") {
    return nodes(op, std::move(in), {out}, std::move(attrs), opset, domain).front();
  }
  // The sum over all elements: a loss of shape [].
  ValueId sum(ValueId x, const std::string& out = "loss") { return node("ReduceSum", {x}, out, {{"keepdims", std::int64_t{0}}}); }
};

struct Trained {
  std::unique_ptr<Weights> weights;
  Plan plan;

  explicit Trained(const Graph& graph, const CompileOptions& options, const OpTable& table = standard_ops())
      : weights(std::make_unique<Weights>(graph)), plan(compile(graph, table, *weights, options)) {}

  void step() {
    plan.forward();
    plan.backward();
  }
  const Parameter& parameter(const std::string& name) const {
    for (const Parameter& p : weights->parameters())
      if (p.name == name) return p;
    throw Error("no parameter ", quote(name));
  }
  std::vector<float> gradient(const std::string& name) const {
    const auto g = weights->gradient(parameter(name));
    return {g.begin(), g.end()};
  }
  void set(const std::string& name, const std::vector<float>& values) const { std::ranges::copy(values, weights->value(parameter(name)).begin()); }
  void feed(const std::string& name, const std::vector<float>& values) {
    const auto to = plan.input_f32(name);
    if (to.size() != values.size()) throw Error("input of ", to.size(), " fed ", values.size());
    std::ranges::copy(values, to.begin());
  }
  std::vector<float> output(ValueId id) const {
    const auto y = plan.output_f32(id);
    return {y.begin(), y.end()};
  }
};

inline CompileOptions training(ValueId loss, std::vector<ValueId> outputs = {}, std::int64_t batch = 1) {
  CompileOptions options;
  options.loss = loss, options.outputs = std::move(outputs), options.batch = batch;
  return options;
}

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

}  // namespace lehr::test
