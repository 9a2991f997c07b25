#include "engine/ops/move.h"

#include <cmath>

namespace lehr {

namespace {

struct Job {
  Nest<2> nest;
  std::byte* to;
  const std::byte* from;
};
struct Part {  // a job whose addresses are not known yet
  Nest<2> nest;
  Buffer to, from;
};

Nest<2> nest_of(const CopyBlock& p) { return Nest<2>(p.dims, {p.to, p.from}, {p.to_offset, p.from_offset}); }
Nest<2> reversed(const CopyBlock& p) { return Nest<2>(p.dims, {p.from, p.to}, {p.from_offset, p.to_offset}); }

bool injective(const CopyBlock& p) {
  for (std::size_t d = 0; d < p.dims.size(); ++d)
    if (p.dims[d] > 1 && p.from[d] == 0) return false;
  return true;
}

std::vector<Job> bind_all(const std::vector<Part>& parts, const Memory& memory) {
  std::vector<Job> jobs;
  for (const Part& part : parts) jobs.push_back({part.nest, memory.at(part.to), memory.at(part.from)});
  return jobs;
}

void add_once(std::vector<Buffer>& list, Buffer b) {
  if (std::ranges::find(list, b) == list.end()) list.push_back(b);
}

}  // namespace

Move::Move(const NodeView& node, std::vector<TensorType> outputs, std::vector<CopyBlock> blocks) : outputs_(std::move(outputs)), blocks_(std::move(blocks)) {
  for (std::size_t i = 0; i < node.inputs(); ++i) inputs_.push_back(node.has(i) ? node.type(i) : TensorType{Dtype::i64, {0}});
}

Move& Move::filled(Tensor scalar) {
  fill_ = std::move(scalar);
  return *this;
}

std::vector<Tensor> Move::fold(std::span<const Tensor* const> in) const {
  std::int64_t total = 0;
  for (const TensorType& type : outputs_) total += elements(type.shape);
  if (total > fold_limit) return {};
  for (const CopyBlock& p : blocks_)
    if (in[p.input] == nullptr) return {};
  std::vector<Tensor> out;
  for (const TensorType& type : outputs_) {
    out.emplace_back(type);
    if (fill_) lehr::fill(out.back().data.data(), elements(type.shape), bytes(type.dtype), fill_->data.data());
  }
  for (const CopyBlock& p : blocks_) {
    Nest<2> nest = nest_of(p);
    copy(nest, bytes(outputs_[p.output].dtype), out[p.output].data.data(), in[p.input]->data.data());
  }
  return out;
}

bool Move::differentiable(std::size_t i) const {
  return i < inputs_.size() && inputs_[i].dtype == Dtype::f32 && std::ranges::any_of(blocks_, [i](const CopyBlock& p) { return p.input == i; });
}

void Move::forward(Emit& e) const {
  std::vector<Buffer> reads, writes;
  std::vector<Part> parts;
  std::vector<std::pair<Buffer, std::int64_t>> fills;
  const std::size_t width = bytes(outputs_[0].dtype);
  for (std::size_t i = 0; i < outputs_.size(); ++i) {
    if (!e.has_out(i)) continue;
    writes.push_back(e.out(i));
    if (fill_) fills.emplace_back(e.out(i), elements(outputs_[i].shape));
  }
  for (const CopyBlock& p : blocks_) {
    if (!e.has_out(p.output)) continue;
    add_once(reads, e.in(p.input));
    parts.push_back({nest_of(p), e.out(p.output), e.in(p.input)});
  }
  const auto bind = [parts, fills, width, value = fill_](const Memory& memory) -> Run {
    std::vector<std::pair<std::byte*, std::int64_t>> areas;
    for (const auto& [buffer, count] : fills) areas.emplace_back(memory.at(buffer), count);
    return [jobs = bind_all(parts, memory), areas, width, value]() mutable {
      for (const auto& [address, count] : areas) lehr::fill(address, count, width, value->data.data());
      for (Job& job : jobs) copy(job.nest, width, job.to, job.from);
    };
  };
  e.step({.what = "copy", .impl = "loop"}, std::move(reads), std::move(writes), bind);
}

// Does the gradient of `input` get exactly one term for each element?
bool Move::covers(std::size_t input, const Emit& e) const {
  std::int64_t moved = 0;
  for (const CopyBlock& p : blocks_) {
    if (p.input != input) continue;
    if (!injective(p) || !e.has_grad(p.output)) return false;
    moved += elements(p.dims);
  }
  return moved == elements(inputs_[input].shape);
}

void Move::backward(Emit& e) const {
  for (std::size_t i = 0; i < inputs_.size(); ++i) {
    if (!differentiable(i) || !e.wants(i)) continue;
    const Target target = e.grad_in(i);
    std::vector<Buffer> reads;
    std::vector<Part> parts;
    for (const CopyBlock& p : blocks_) {
      if (p.input != i || !e.has_grad(p.output)) continue;
      add_once(reads, e.grad_out(p.output));
      parts.push_back({reversed(p), target.buffer, e.grad_out(p.output)});
    }
    if (target.add) reads.push_back(target.buffer);
    const bool assign = !target.add && covers(i, e), clear = !target.add && !assign;
    const std::int64_t count = elements(inputs_[i].shape);
    const auto bind = [parts, assign, clear, count, to = target.buffer](const Memory& memory) -> Run {
      return [jobs = bind_all(parts, memory), assign, clear, count, out = memory.f32(to)]() mutable {
        if (clear) std::fill_n(out, count, 0.0f);
        for (Job& job : jobs) {
          if (assign)
            copy(job.nest, sizeof(float), job.to, job.from);
          else
            accumulate(job.nest, reinterpret_cast<float*>(job.to), reinterpret_cast<const float*>(job.from));
        }
      };
    };
    e.step({.what = "copy gradient", .impl = "loop"}, std::move(reads), {target.buffer}, bind);
  }
}

std::vector<Tensor> View::fold(std::span<const Tensor* const> in) const {
  if (in[0] == nullptr || elements(output_.shape) > fold_limit) return {};
  Tensor out = *in[0];
  out.type = output_;
  return {out};
}

void View::forward(Emit& e) const { e.alias_out(); }

void View::backward(Emit& e) const {
  if (!differentiable(0) || !e.wants(0)) return;
  if (!e.has_grad(0)) return zero_grad(e, 0);
  if (e.alias_grad()) return;
  const Target target = e.grad_in(0);
  const std::int64_t count = elements(output_.shape);
  std::vector<Buffer> reads{e.grad_out(0)};
  if (target.add) reads.push_back(target.buffer);
  e.step({.what = target.add ? "add gradient" : "copy gradient", .impl = "loop"}, std::move(reads), {target.buffer},
         [target, count, g = e.grad_out(0)](const Memory& memory) -> Run {
           return [to = memory.f32(target.buffer), from = memory.f32(g), count, add = target.add] {
             if (!add)
               std::copy_n(from, count, to);
             else
               for (std::int64_t i = 0; i < count; ++i) to[i] += from[i];
           };
         });
}

std::vector<Tensor> Known::fold(std::span<const Tensor* const>) const {
  if (value_.size() > fold_limit) return {};
  return {value_};
}

void Known::forward(Emit& e) const {
  const Buffer from = e.constant(value_), to = e.out(0);
  e.step({.what = "copy", .impl = "loop"}, {from}, {to}, [from, to, size = value_.data.size()](const Memory& memory) -> Run {
    return [t = memory.at(to), f = memory.at(from), size] { std::memcpy(t, f, size); };
  });
}

std::unique_ptr<Op> view(const NodeView& node, Shape shape) { return std::make_unique<View>(TensorType{node.type(0).dtype, std::move(shape)}); }

std::unique_ptr<Op> known(Tensor value) { return std::make_unique<Known>(std::move(value)); }

void zero_grad(Emit& e, std::size_t i) {
  const Target target = e.grad_in(i);
  if (target.add) return;
  e.step({.what = "zero gradient", .impl = "loop"}, {}, {target.buffer},
         [to = target.buffer, count = elements(e.type_in(i).shape)](const Memory& memory) -> Run {
           return [out = memory.f32(to), count] { std::fill_n(out, count, 0.0f); };
         });
}

void need_dtype(const NodeView& node, std::size_t i, Dtype dtype) {
  if (node.type(i).dtype != dtype)
    throw Error("input ", i, " (", quote(node.input_name(i)), ") is ", name(node.file_type(i)), ", ", dtype == Dtype::i64 ? "an integer type" : name(dtype),
                " is needed");
}

void need_same_dtype(const NodeView& node, std::size_t a, std::size_t b) {
  if (node.type(a).dtype != node.type(b).dtype)
    throw Error("inputs ", a, " and ", b, " must have one type but are ", name(node.file_type(a)), " and ", name(node.file_type(b)));
}

std::vector<std::size_t> axes_of(const std::vector<std::int64_t>& axes, std::size_t rank) {
  std::vector<std::size_t> out;
  for (const std::int64_t axis : axes) out.push_back(axis_of(axis, rank));
  std::ranges::sort(out);
  if (const auto twice = std::ranges::adjacent_find(out); twice != out.end()) throw Error("axis ", *twice, " is given twice in axes ", axes);
  return out;
}

std::optional<std::vector<std::int64_t>> axes_attribute(const NodeView& node) {
  if (!node.has_attr("axes")) return std::nullopt;
  return node.integers("axes");
}

std::optional<std::vector<std::int64_t>> axes_input(const NodeView& node, std::size_t i) {
  if (!node.has(i)) return std::nullopt;
  return node.constant_integers(i);
}

std::int64_t constant_integer(const NodeView& node, std::size_t i) {
  const auto values = node.constant_integers(i);
  if (values.size() != 1) throw Error("input ", i, " (", quote(node.input_name(i)), ") has ", values.size(), " elements, one is needed");
  return values[0];
}

Span3 around(const Shape& shape, std::size_t axis) {
  Span3 s;
  for (std::size_t d = 0; d < shape.size(); ++d) (d < axis ? s.outer : d == axis ? s.size : s.inner) *= shape[d];
  return s;
}

}  // namespace lehr
