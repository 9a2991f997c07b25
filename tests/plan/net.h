#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/ops/standard.h"
#include "engine/plan/plan.h"
#include "tests/support/errors.h"
#include "tests/support/graph_build.h"

// Small graphs written down in the order they compute, and plans that keep their weights.
namespace lehr::test {

struct Net : GraphBuild {
  ValueId parameter(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    return stored(name, Role::parameter, tensor(shape, values));
  }
  ValueId parameter(const std::string& name, const Shape& shape) { return parameter(name, shape, ramp(shape)); }
  ValueId constant(const std::string& name, const Shape& shape, const std::vector<float>& values) {
    return stored(name, Role::constant, tensor(shape, values));
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

}  // namespace lehr::test
