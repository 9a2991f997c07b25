#include "tests/corpus/run_case.h"

#include <algorithm>
#include <cmath>

#include "engine/ops/standard.h"
#include "engine/plan/plan.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"

namespace lehr::corpus {

namespace {

struct Wrong {
  std::string what;
};
template <class... Parts>
[[noreturn]] void wrong(const Parts&... parts) {
  throw Wrong{cat(parts...)};
}

double largest(const std::vector<double>& values) {
  double out = 0;
  for (const double v : values)
    if (std::isfinite(v)) out = std::max(out, std::abs(v));
  return out;
}

// Largest difference; infinity where only one is a number.
double distance(std::span<const float> got, const std::vector<double>& expected) {
  if (got.size() != expected.size()) return INFINITY;
  double out = 0;
  for (std::size_t i = 0; i < got.size(); ++i) {
    const auto g = static_cast<double>(got[i]);
    if (std::isnan(g) && std::isnan(expected[i])) continue;
    if (g == expected[i]) continue;
    const double d = std::abs(g - expected[i]);
    out = std::isnan(d) ? INFINITY : std::max(out, d);
  }
  return out;
}

// Dimension `axis` to the front, as the engine is fed where the batch of the file lies elsewhere.
Tensor turned(const Tensor& t, std::size_t axis) {
  if (axis == 0) return t;
  const Shape& from = t.shape();
  const std::size_t size = bytes(t.type.dtype), batch = static_cast<std::size_t>(from[axis]);
  std::size_t inner = 1;
  for (std::size_t i = axis + 1; i < from.size(); ++i) inner *= static_cast<std::size_t>(from[i]);
  const std::size_t outer = static_cast<std::size_t>(t.size()) / (batch * inner);
  Tensor out = t;
  std::rotate(out.type.shape.begin(), out.type.shape.begin() + static_cast<std::ptrdiff_t>(axis),
              out.type.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1);
  for (std::size_t o = 0; o < outer; ++o)
    for (std::size_t b = 0; b < batch; ++b)
      std::copy_n(t.data.begin() + static_cast<std::ptrdiff_t>((o * batch + b) * inner * size), inner * size,
                  out.data.begin() + static_cast<std::ptrdiff_t>((b * outer + o) * inner * size));
  return out;
}

void fill(Plan& plan, const std::string& name, const Tensor& tensor) {
  if (is_float(tensor.type.dtype)) {
    const auto values = tensor.floats();
    const auto to = plan.input_f32(name);
    if (to.size() != values.size()) wrong("the plan wants ", to.size(), " numbers for ", name, ", the case has ", values.size());
    std::ranges::copy(values, to.begin());
  } else {
    const auto values = tensor.integers();
    const auto to = plan.input_i64(name);
    if (to.size() != values.size()) wrong("the plan wants ", to.size(), " integers for ", name, ", the case has ", values.size());
    std::ranges::copy(values, to.begin());
  }
}

class Runner {
 public:
  explicit Runner(const Case& c) : c_(c) {}

  void run() {
    onnx::Model model = onnx::read_model(c_.model);
    PrepareOptions options;
    options.losses = c_.losses;
    options.roles.rules = without_evidence(c_.name);
    if (options.losses.size() == 1) options.losses[0].output.clear();
    p_ = prepare(std::move(model.graph), options);
    weights_ = std::make_unique<Weights>(p_.graph);
    for (std::size_t i = 0; i < c_.io.size(); ++i) evaluate(c_.io[i], cat("io set ", i + 1));
    if (c_.losses.empty()) return;
    same_parameters();
    for (const auto& [name, mode] : c_.modes) train(c_.io.at(0), c_.targets, name, mode);
    descend();
    if (c_.rebatched) again(*c_.rebatched);
  }

 private:
  std::int64_t batch_of(const IoSet& set) const {
    for (const ValueId id : p_.graph.inputs) {
      const Value& value = p_.graph.value(id);
      const auto it = set.inputs.find(value.name);
      if (it == set.inputs.end() || !value.type || !value.type->dims) continue;
      for (std::size_t i = 0; i < value.type->dims->size(); ++i)
        if ((*value.type->dims)[i].size < 0) return it->second.shape().at(i == 0 ? value.turned : i);
    }
    return set.inputs.empty() || set.inputs.begin()->second.shape().empty() ? 1 : set.inputs.begin()->second.shape()[0];
  }
  void fill_all(Plan& plan, const IoSet& set, const std::vector<Tensor>& targets) const {
    for (const ValueId id : p_.graph.inputs) {
      const std::string& name = p_.graph.value(id).name;
      const auto it = set.inputs.find(name);
      if (it != set.inputs.end()) fill(plan, name, turned(it->second, p_.graph.value(id).turned));
    }
    for (std::size_t i = 0; i < targets.size() && i < p_.targets.size(); ++i)
      if (p_.targets[i] != no_value) fill(plan, p_.graph.value(p_.targets[i]).name, turned(targets[i], p_.graph.value(p_.heads[i].value).turned));
  }

  void evaluate(const IoSet& set, const std::string& where) {
    CompileOptions options;
    options.mode = Mode::evaluate;
    options.batch = batch_of(set);
    for (const ValueId id : p_.graph.outputs)
      if (set.outputs.contains(p_.graph.value(id).name)) options.outputs.push_back(id);
    for (const auto& [name, tensor] : set.outputs)
      if (std::ranges::find(p_.dropped, name) == p_.dropped.end() && p_.graph.find(name) == no_value) wrong("the output ", name, " is lost");
    if (options.outputs.empty()) return;
    weights_->reset();
    Plan plan = compile(p_.graph, standard_ops(), *weights_, options);
    IoSet without_targets = set;
    fill_all(plan, without_targets, {});
    plan.forward();
    for (const ValueId id : options.outputs) compare_output(plan, id, set.outputs.at(p_.graph.value(id).name), where);
  }
  void compare_output(const Plan& plan, ValueId id, const Tensor& expected, const std::string& where) const {
    const std::string& name = p_.graph.value(id).name;
    if (plan.type(id).shape != expected.shape()) wrong(where, ": output ", name, " is ", plan.type(id).shape, ", expected ", expected.shape());
    if (is_float(expected.type.dtype)) {
      const auto values = expected.doubles();
      const double d = distance(plan.output_f32(id), values), limit = c_.output_tolerance * largest(values);
      if (d > limit) wrong(where, ": output ", name, " is off by ", d, ", allowed ", limit);
    } else if (plan.type(id).dtype == Dtype::i64 && !std::ranges::equal(plan.output_i64(id), expected.integers())) {
      wrong(where, ": output ", name, " has other integers");
    }
  }

  void same_parameters() const {
    for (const std::string& name : c_.trainable) {
      const ValueId id = p_.graph.find(name);
      if (id == no_value || p_.graph.value(id).role != Role::parameter) wrong(name, " is not a parameter");
    }
    for (const Parameter& parameter : weights_->parameters())
      if (std::ranges::find(c_.trainable, parameter.name) == c_.trainable.end()) wrong(parameter.name, " is a parameter, but not in the corpus");
  }

  Plan training_plan(std::int64_t batch, bool batch_statistics) const {
    CompileOptions options;
    options.mode = Mode::train;
    options.batch = batch;
    options.loss = p_.loss;
    options.batch_statistics = batch_statistics;
    options.outputs = {p_.loss};
    Plan plan = compile(p_.graph, standard_ops(), *weights_, options);
    plan.dropout(0);
    return plan;
  }
  static void compare_loss(double got, double expected, double tolerance, const std::string& where) {
    if (!(std::abs(got - expected) <= tolerance * std::max(1.0, std::abs(expected)))) wrong(where, ": the loss is ", got, ", expected ", expected);
  }
  void compare_gradients(const Tensors& expected, double tolerance, const std::string& where) const {
    double scale = 0;
    for (const auto& [name, tensor] : expected) scale = std::max(scale, largest(tensor.doubles()));
    for (const Parameter& parameter : weights_->parameters()) {
      const auto it = expected.find(parameter.name);
      if (it == expected.end()) wrong(where, ": no gradient to compare ", parameter.name, " with");
      const double d = distance(weights_->gradient(parameter), it->second.doubles());
      if (d > tolerance * scale) wrong(where, ": the gradient of ", parameter.name, " is off by ", d / scale, " of the largest, allowed ", tolerance);
    }
  }

  void train(const IoSet& set, const std::vector<Tensor>& targets, const std::string& name, const ModeData& mode) {
    weights_->reset();
    Plan plan = training_plan(batch_of(set), name == "train");
    fill_all(plan, set, targets);
    plan.forward();
    plan.backward();
    compare_loss(static_cast<double>(plan.loss()), mode.loss, mode.tolerance, name);
    compare_gradients(mode.gradients, mode.tolerance, name);
    for (const auto& [statistic, expected] : mode.running) {
      const ValueId id = p_.graph.find(statistic);
      if (id != no_value && !p_.graph.value(id).data) continue;  // computed by the graph itself, nothing is kept
      const auto states = weights_->states();
      const auto it = std::ranges::find(states, statistic, &Parameter::name);
      if (it == states.end()) wrong(name, ": the running statistic ", statistic, " is no state");
      const auto values = expected.doubles();
      const double d = distance(weights_->state(*it), values), limit = std::max(1.0, largest(values)) * mode.tolerance;
      if (d > limit) wrong(name, ": the running statistic ", statistic, " is off by ", d, ", allowed ", limit);
    }
  }

  void descend() {
    if (c_.sgd_losses.empty()) return;
    weights_->reset();
    const double tolerance = 5 * c_.modes.at("train").tolerance;
    Plan plan = training_plan(batch_of(c_.io.at(0)), true);
    fill_all(plan, c_.io[0], c_.targets);
    for (std::size_t step = 0; step < c_.sgd_losses.size(); ++step) {
      plan.forward();
      compare_loss(static_cast<double>(plan.loss()), c_.sgd_losses[step], tolerance, cat("step ", step));
      plan.backward();
      const auto w = weights_->values();
      const auto g = weights_->gradients();
      for (std::size_t i = 0; i < w.size(); ++i) w[i] -= static_cast<float>(c_.learning_rate) * g[i];
    }
  }

  void again(const Rebatched& r) {
    for (const ValueId id : p_.graph.inputs) {
      const auto& type = p_.graph.value(id).type;
      if (type && type->dims && !type->dims->empty() && type->dims->front().size >= 0) throw Error(join(p_.notes, "; "));
    }
    evaluate(r.io, "rebatched");
    if (!r.loss) return;
    weights_->reset();
    Plan plan = training_plan(r.io.inputs.begin()->second.shape().at(0), true);
    fill_all(plan, r.io, r.targets);
    plan.forward();
    plan.backward();
    compare_loss(static_cast<double>(plan.loss()), *r.loss, r.tolerance, "rebatched");
    compare_gradients(r.gradients, r.tolerance, "rebatched");
  }

  const Case& c_;
  Prepared p_;
  std::unique_ptr<Weights> weights_;
};

}  // namespace

Outcome run_case(const Case& c) {
  try {
    Runner(c).run();
  } catch (const Wrong& problem) {
    return {Verdict::wrong, problem.what};
  } catch (const Error& error) {
    return {c.expect.empty() ? Verdict::refused : Verdict::pass, error.what()};
  } catch (const std::exception& error) {  // whatever a user does ends in an Error
    return {Verdict::wrong, cat("left with another exception: ", error.what())};
  }
  if (c.expect == "error") return {Verdict::wrong, "loads and runs, but an error is the only right answer"};
  return {};
}

}  // namespace lehr::corpus
