#pragma once
#include <cmath>

#include "base/rng.h"
#include "engine/train/checkpoint.h"
#include "engine/train/trainer.h"
#include "graph/passes/loss.h"
#include "tests/plan/net.h"
#include "tests/train/hooks.h"

namespace lehr::test {

struct Shape4 {
  std::int64_t rows = 37, validation = 0, batch = 8, accumulate = 1;
  bool classes = false, keep_last = true, dropout = false, norm = false, frozen = false, weighted = false;
};

// A 4-5-1 (or 4-5-3) network, made-up data and all that a training needs; `job` and `sizes` may be changed before run().
struct Training {
  TrainGraph model;
  Dataset data;
  Split split;
  PlanSizes sizes;
  std::unique_ptr<Optimizer> optimizer;
  Job job;
  Hooks hooks;
  std::unique_ptr<Workbench> bench;

  explicit Training(const Shape4& s = {}) {
    network(s);
    table(s);
    for (std::int32_t i = 0; i < data.rows; ++i) (i < s.rows ? split.train : split.validation).push_back(i);
    sizes.batch = s.batch, sizes.accumulate = s.accumulate, sizes.keep_last = s.keep_last;
    sizes.train_rows = s.rows, sizes.validation_rows = s.validation;
    optimizer = standard_optimizers().find("sgd").make({});
    job.model = &model, job.data = &data, job.split = &split, job.optimizer = optimizer.get(), job.observer = &hooks;
    job.hypers["lr"] = Schedule(0.05);
    job.epochs = 3;
  }
  Training(const Training&) = delete;

  TrialResult run() {
    if (!bench) bench = std::make_unique<Workbench>(model, standard_ops(), sizes);
    else bench->weights().reset();
    return train(*bench, job);
  }
  std::vector<float> weights() const { return {bench->weights().values().begin(), bench->weights().values().end()}; }
  // The parameters, or the states, of a file of them.
  std::vector<float> read(const std::string& file, bool states = false) const {
    const Weights other(model.graph);
    read_weights(file, other);
    const auto of = states ? other.state() : other.values();
    return {of.begin(), of.end()};
  }
  std::vector<float> of(const std::string& name) const {
    for (const Parameter& p : bench->weights().parameters())
      if (p.name == name) {
        const auto v = bench->weights().value(p);
        return {v.begin(), v.end()};
      }
    throw Error("no parameter ", quote(name));
  }
  std::vector<float> start(const std::string& name) const { return model.graph.value(model.graph.find(name)).data->floats(); }

 private:
  void network(const Shape4& s) {
    Net net;
    const auto weight = [&](const std::string& name, const Shape& shape, float first, float step, bool fixed = false) {
      return fixed ? net.constant(name, shape, ramp(shape, first, step)) : net.parameter(name, shape, ramp(shape, first, step));
    };
    const std::int64_t out = s.classes ? 3 : 1;
    ValueId h = net.node("Gemm", {net.rows("x", 4), weight("fc1.weight", {4, 5}, -0.5f, 0.06f, s.frozen), weight("fc1.bias", {5}, 0.1f, 0.05f)}, "fc1");
    if (s.norm) {
      const auto state = [&](const std::string& name, float value) {
        return net.graph.add(Value{name, Role::state, std::nullopt, std::make_shared<Tensor>(tensor({5}, std::vector<float>(5, value))), ""});
      };
      const ValueId scale = weight("bn.weight", {5}, 1, 0), shift = weight("bn.bias", {5}, 0, 0), mean = state("bn.mean", 0),
                    variance = state("bn.variance", 1);
      h = net.node("BatchNormalization", {h, scale, shift, mean, variance}, "bn", {}, 9);
    }
    h = net.node("Tanh", {h}, "hidden");
    if (s.dropout) h = net.node("Dropout", {h, net.constant("ratio", {}, {0.4f})}, "dropped");
    const ValueId y = net.node("Gemm", {h, weight("fc2.weight", {5, out}, -0.4f, 0.09f), weight("fc2.bias", {out}, -0.2f, 0.1f)}, "y");
    net.graph.outputs = {y};
    LossSpec loss;
    loss.kind = s.classes ? LossKind::cross_entropy : LossKind::mse;
    loss.weighted = s.weighted;
    const Attached attached = attach_losses(net.graph, {loss});
    const std::string weights = s.weighted ? net.graph.value(attached.weights.front()).name : "";
    model = {std::move(net.graph), attached.loss, attached.heads.front().value, true, "target"};
    model.weights = weights;
  }

  void table(const Shape4& s) {
    data.source = "made up";
    data.rows = s.rows + s.validation;
    Random random(77, Stream::data);
    Field x{"", {4}, Dtype::f32, {}, {}};
    data.target = s.classes ? Field{"target", {}, Dtype::i64, {}, {}} : Field{"target", {1}, Dtype::f32, {}, {}};
    if (s.classes) data.classes = {"a", "b", "c"};
    for (std::int64_t i = 0; i < data.rows; ++i) {
      float sum = 0;
      for (int k = 0; k < 4; ++k) {
        x.f32.push_back(static_cast<float>(random.normal()));
        sum += x.f32.back() * static_cast<float>(k - 1);
      }
      if (s.classes) data.target.i64.push_back(sum < -0.7f ? 0 : sum < 0.7f ? 1 : 2);
      else data.target.f32.push_back(std::tanh(sum) + 0.2f);
    }
    data.features.push_back(std::move(x));
  }
};

inline double distance(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) throw Error("sizes ", a.size(), " and ", b.size());
  double out = 0;
  for (std::size_t i = 0; i < a.size(); ++i) out = std::max(out, std::fabs(double{a[i]} - double{b[i]}));
  return out;
}

}  // namespace lehr::test
