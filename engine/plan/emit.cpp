#include "engine/plan/emit.h"

#include <algorithm>

#include "engine/plan/planner.h"

namespace lehr {

namespace {
std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }
}  // namespace

Mode Emit::mode() const { return planner_.options_.mode; }
bool Emit::batch_statistics() const { return mode() == Mode::train && planner_.options_.batch_statistics; }
bool Emit::unbiased_variance() const { return planner_.options_.unbiased_variance; }
int Emit::threads() const { return planner_.options_.threads; }

const TensorType& Emit::type_in(std::size_t i) const { return *planner_.typed_.types[at(planner_.graph_.nodes()[node_].in.at(i))]; }
const TensorType& Emit::type_out(std::size_t i) const { return *planner_.typed_.types[at(planner_.graph_.nodes()[node_].out.at(i))]; }
bool Emit::has_in(std::size_t i) const {
  const auto& in = planner_.graph_.nodes()[node_].in;
  return i < in.size() && in[i] != no_value;
}
bool Emit::has_out(std::size_t i) const {
  const auto& out = planner_.graph_.nodes()[node_].out;
  return i < out.size() && out[i] != no_value && (planner_.uses_[at(out[i])] > 0 || planner_.requested_[at(out[i])]);
}
Buffer Emit::in(std::size_t i) const { return planner_.value_buffer(planner_.graph_.nodes()[node_].in.at(i)); }
Buffer Emit::out(std::size_t i) const { return planner_.value_buffer(planner_.graph_.nodes()[node_].out.at(i)); }

bool Emit::wants(std::size_t i) const {
  return has_in(i) && planner_.requires_grad_[at(planner_.graph_.nodes()[node_].in[i])] && planner_.typed_.ops[node_]->differentiable(i);
}
bool Emit::has_grad(std::size_t i) const {
  const auto& out = planner_.graph_.nodes()[node_].out;
  return i < out.size() && out[i] != no_value && planner_.written_[at(out[i])];
}
Buffer Emit::grad_out(std::size_t i) const {
  if (!has_grad(i)) throw Error("asks for the gradient of output ", i, ", which nobody wrote");
  return planner_.gradient_[at(planner_.graph_.nodes()[node_].out[i])];
}

Target Emit::grad_in(std::size_t i) {
  const ValueId id = planner_.graph_.nodes()[node_].in.at(i);
  const bool parameter = planner_.graph_.value(id).role == Role::parameter;
  Buffer& buffer = planner_.gradient_[at(id)];
  if (buffer.id < 0) {
    const TensorType& type = *planner_.typed_.types[at(id)];
    BufferInfo info{BufferInfo::Kind::arena, type, static_cast<std::size_t>(elements(type.shape)) * sizeof(float), "d(" + planner_.graph_.value(id).name + ")"};
    if (parameter) {
      info.kind = BufferInfo::Kind::outside;
      info.outside = reinterpret_cast<std::byte*>(planner_.weights_.gradient_address(id));
    }
    buffer = planner_.add(std::move(info));
  }
  const bool add = planner_.written_[at(id)] || (parameter && planner_.options_.accumulate);
  planner_.written_[at(id)] = true;
  return {buffer, add};
}

Buffer Emit::keep(const TensorType& type, const std::string& name) {
  return planner_.add({planner_.once_ ? BufferInfo::Kind::pinned : BufferInfo::Kind::arena, type,
                       static_cast<std::size_t>(elements(type.shape)) * bytes(type.dtype), name});
}
Buffer Emit::temp(std::size_t size) {
  return planner_.add({BufferInfo::Kind::arena, {Dtype::boolean, {static_cast<std::int64_t>(size)}}, size, "scratch"});
}
Buffer Emit::constant(const Tensor& tensor) {
  BufferInfo info{BufferInfo::Kind::pinned, tensor.type, tensor.data.size(), "constant"};
  info.content = std::make_shared<const Tensor>(tensor);
  return planner_.add(std::move(info));
}
const std::uint64_t* Emit::seed() const {
  planner_.once_ = false;
  return &planner_.plan_->seed;
}
const float* Emit::dropout_ratio() const { return &planner_.plan_->dropout; }
const Company* Emit::company() const { return &planner_.plan_->company; }
std::int64_t Emit::rows() const { return planner_.options_.batch; }
std::int64_t Emit::whole_rows() const { return planner_.options_.collective ? planner_.options_.least_whole : planner_.options_.batch; }
std::any& Emit::memo() { return planner_.memo_[node_]; }

void Emit::alias_out(std::size_t i) {
  const Node& node = planner_.graph_.nodes()[node_];
  const Buffer source = in(i);
  BufferInfo& info = planner_.plan_->buffers[static_cast<std::size_t>(source.id)];
  // What the caller reads must outlive the arena's reuse, whoever wrote it.
  if (planner_.requested_[at(node.out.at(0))] && info.kind == BufferInfo::Kind::arena) info.kind = BufferInfo::Kind::pinned;
  planner_.value_[at(node.out[0])] = source;
}

bool Emit::alias_grad(std::size_t i) {
  const Node& node = planner_.graph_.nodes()[node_];
  const ValueId id = node.in.at(i);
  const Buffer gradient = grad_out(0);
  // A value read twice gets a sum, whose parts cannot share bytes.
  if (planner_.alias_taken_ || std::ranges::count(node.in, id) > 1 || planner_.graph_.value(id).role == Role::parameter || planner_.written_[at(id)] ||
      planner_.plan_->buffers[static_cast<std::size_t>(gradient.id)].kind != BufferInfo::Kind::arena)
    return false;
  planner_.gradient_[at(id)] = gradient;
  planner_.written_[at(id)] = true;
  return planner_.alias_taken_ = true;
}

void Emit::step(Work work, std::vector<Buffer> reads, std::vector<Buffer> writes, Bind bind) {
  planner_.steps_.push_back(
      {node_, std::move(work), std::move(reads), std::move(writes), std::move(bind), planner_.backward_, planner_.once_ && !planner_.backward_});
}

}  // namespace lehr
