#include "engine/plan/planner.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "base/memory.h"
#include "engine/plan/unsupported.h"

namespace lehr {

namespace {
std::size_t type_bytes(const TensorType& type) { return static_cast<std::size_t>(elements(type.shape)) * bytes(type.dtype); }
std::size_t rounded(std::size_t size) { return (std::max<std::size_t>(size, 1) + 63) / 64 * 64; }
std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }
}  // namespace

Planner::Planner(const Graph& graph, const OpTable& table, const Weights& weights, const CompileOptions& options)
    : graph_(graph), weights_(weights), options_(options), plan_(std::make_unique<Plan::Impl>()) {
  plan_->company.others = options_.collective;
  if (options_.batch < 1) throw Error("batch ", options_.batch, ": at least 1 is needed");
  if (options_.outputs.empty() && options_.loss == no_value) options_.outputs = graph.outputs;
  std::vector<ValueId> wanted = options_.outputs;
  if (options_.loss != no_value) wanted.push_back(options_.loss);
  typed_ = type_nodes(graph, table, options_.batch, options_.mode, wanted);
  if (!typed_.problems.empty()) throw Error(told(typed_.problems)).code(Exit::mismatch);
  const std::size_t n = graph.values().size();
  value_.resize(n);
  gradient_.resize(n);
  written_.resize(n);
  requires_grad_.resize(n);
  requested_.resize(n);
  constant_.resize(n);
  uses_.resize(n);
  memo_.resize(graph.nodes().size());
  for (const ValueId id : wanted) requested_[at(id)] = true;
  for (std::size_t id = 0; id < n; ++id) constant_[id] = typed_.constants[id] != nullptr;
  for (std::size_t i = 0; i < graph.nodes().size(); ++i)
    if (typed_.ops[i])
      for (const ValueId in : graph.nodes()[i].in)
        if (in != no_value) ++uses_[at(in)];
}

Buffer Planner::add(BufferInfo info) {
  check_memory(static_cast<double>(info.size), cat("tensor ", quote(info.name), " of ", info.type.shape));
  plan_->buffers.push_back(std::move(info));
  return {static_cast<int>(plan_->buffers.size()) - 1};
}

Buffer Planner::value_buffer(ValueId id) {
  Buffer& buffer = value_[at(id)];
  if (buffer.id >= 0) return buffer;
  const Value& value = graph_.value(id);
  BufferInfo info;
  info.type = *typed_.types[at(id)];
  info.size = type_bytes(info.type);
  info.name = value.name;
  if (typed_.constants[at(id)]) {
    info.kind = BufferInfo::Kind::pinned;
    info.content = typed_.constants[at(id)];
  } else if (value.role == Role::parameter || value.role == Role::state) {
    info.kind = BufferInfo::Kind::outside;
    info.outside = reinterpret_cast<std::byte*>(weights_.address(id));
    if (!info.outside) throw Error("tensor ", quote(value.name), " has no place among the weights");
  } else if (value.role == Role::input || requested_[at(id)] || once_) {
    info.kind = BufferInfo::Kind::pinned;
  }
  buffer = add(std::move(info));
  if (value.role == Role::input) plan_->inputs.emplace(value.name, buffer);
  return buffer;
}

bool Planner::once(const Node& node) const {
  return std::ranges::all_of(node.in, [&](ValueId in) { return in == no_value || constant_[at(in)]; });
}

void Planner::emit_forward() {
  for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
    if (!typed_.ops[i]) continue;
    const Node& node = graph_.nodes()[i];
    once_ = once(node);
    Emit emit(*this, i);
    within([&] { return describe(graph_, node); }, [&] { typed_.ops[i]->forward(emit); });
    if (once_)
      for (const ValueId out : node.out)
        if (out != no_value) constant_[at(out)] = true;
  }
  once_ = false;
}

void Planner::find_wanted() {
  for (std::size_t id = 0; id < graph_.values().size(); ++id) requires_grad_[id] = graph_.values()[id].role == Role::parameter;
  for (std::size_t i = 0; i < graph_.nodes().size(); ++i) {
    if (!typed_.ops[i]) continue;
    const Node& node = graph_.nodes()[i];
    bool wanted = false;
    for (std::size_t k = 0; k < node.in.size(); ++k)
      wanted |= node.in[k] != no_value && requires_grad_[at(node.in[k])] && typed_.ops[i]->differentiable(k);
    if (wanted)
      for (const ValueId out : node.out)
        if (out != no_value && typed_.types[at(out)]->dtype == Dtype::f32) requires_grad_[at(out)] = true;
  }
}

void Planner::emit_backward() {
  const ValueId loss = options_.loss;
  const TensorType& type = *typed_.types[at(loss)];
  if (type.dtype != Dtype::f32 || elements(type.shape) != 1)
    throw Error("the loss ", quote(graph_.value(loss).name), " is ", text(type), ", it must be one float");
  find_wanted();
  if (!requires_grad_[at(loss)]) throw Error("no parameter reaches the loss ", quote(graph_.value(loss).name), ": nothing can be trained");
  const float one = 1;
  BufferInfo seed{BufferInfo::Kind::pinned, type, sizeof one, "d(loss)"};
  seed.content = std::make_shared<const Tensor>(type.shape, std::span(&one, 1));
  plan_->loss_gradient = gradient_[at(loss)] = add(std::move(seed));
  written_[at(loss)] = true;
  backward_ = true;
  for (std::size_t i = graph_.nodes().size(); i-- > 0;) {
    if (!typed_.ops[i] || once(graph_.nodes()[i])) continue;
    const Node& node = graph_.nodes()[i];
    const bool reached = std::ranges::any_of(node.out, [&](ValueId out) { return out != no_value && written_[at(out)]; });
    Emit emit(*this, i);
    bool wanted = false;
    for (std::size_t k = 0; k < node.in.size(); ++k) wanted |= emit.wants(k);
    alias_taken_ = false;
    if (reached && wanted) within([&] { return describe(graph_, node); }, [&] { typed_.ops[i]->backward(emit); });
  }
}

Plan Planner::run() {
  emit_forward();
  if (options_.loss != no_value && options_.mode == Mode::train) emit_backward();
  Plan::Impl& plan = *plan_;
  for (const ValueId id : options_.outputs) plan.outputs[id] = {value_buffer(id), *typed_.types[at(id)]};
  if (options_.loss != no_value) {
    plan.loss = value_buffer(options_.loss);
    plan.outputs[options_.loss] = {plan.loss, *typed_.types[at(options_.loss)]};
  }
  for (const ValueId id : graph_.inputs)
    if (typed_.types[at(id)]) value_buffer(id);
  plan.batch = options_.batch;
  plan.weights = &weights_;
  bind(plan);
  return Plan(std::move(plan_));
}

void Planner::bind(Plan::Impl& plan) {
  int index = 0;
  for (const StepRecord& step : steps_) {
    for (const auto* list : {&step.reads, &step.writes})
      for (const Buffer b : *list) {
        BufferInfo& info = plan.buffers.at(static_cast<std::size_t>(b.id));
        if (info.first < 0) info.first = index;
        info.last = index;
        if (step.once && info.kind == BufferInfo::Kind::arena) info.kind = BufferInfo::Kind::pinned;
      }
    ++index;
  }
  plan.arena = lay_out(plan.buffers);
  std::size_t total = plan.arena;
  for (BufferInfo& info : plan.buffers)
    if (info.kind == BufferInfo::Kind::pinned) {
      info.offset = total;
      total += rounded(info.size);
    }
  plan.memory = AlignedBytes(std::max<std::size_t>(total, 64));
#ifdef LEHR_DEBUG
  std::memset(plan.memory.data(), 0xFF, plan.arena);  // NaN: a read before a write shows at once
#endif
  for (const BufferInfo& info : plan.buffers) {
    plan.addresses.push_back(info.kind == BufferInfo::Kind::outside ? info.outside : plan.memory.data() + info.offset);
    if (info.content && info.size > 0) std::memcpy(plan.addresses.back(), info.content->data.data(), info.size);
  }
  const Memory memory(plan.addresses);
  for (StepRecord& step : steps_) {
    Run run = within([&] { return describe(graph_, graph_.nodes()[step.node]); }, [&] { return step.bind(memory); });
    step.bind = nullptr;
    if (step.once) {
      run();
      continue;
    }
    (step.backward ? plan.backward : plan.forward).push_back(std::move(run));
    plan.node_names.push_back(describe(graph_, graph_.nodes()[step.node]));
    plan.records.push_back(std::move(step));
  }
}

Plan compile(const Graph& graph, const OpTable& table, const Weights& weights, const CompileOptions& options) {
  return Planner(graph, table, weights, options).run();
}

}  // namespace lehr
