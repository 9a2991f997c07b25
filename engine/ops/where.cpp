#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

// Operands: out, condition, x, y.
template <class T>
void choose(Nest<4>& nest, std::byte* out, const std::uint8_t* condition, const std::byte* x, const std::byte* y) {
  auto* o = reinterpret_cast<T*>(out);
  const auto *a = reinterpret_cast<const T*>(x), *b = reinterpret_cast<const T*>(y);
  const auto& [n, step] = nest.loop(0);
  nest.each(1, [&, size = n, s = step](const auto& at) {
    for (std::int64_t i = 0; i < size; ++i) o[at[0] + i * s[0]] = condition[at[1] + i * s[1]] ? a[at[2] + i * s[2]] : b[at[3] + i * s[3]];
  });
}

void choose(Nest<4>& nest, std::size_t width, std::byte* out, const std::uint8_t* condition, const std::byte* x, const std::byte* y) {
  if (width == 1)
    choose<std::uint8_t>(nest, out, condition, x, y);
  else if (width == 4)
    choose<std::uint32_t>(nest, out, condition, x, y);
  else
    choose<std::uint64_t>(nest, out, condition, x, y);
}

// Operands: d x or d y, condition, d out; the elements whose condition is `side` get the gradient.
void pass(Nest<3>& nest, bool side, float* to, const std::uint8_t* condition, const float* grad) {
  const auto& [n, step] = nest.loop(0);
  nest.each(1, [&, size = n, s = step](const auto& at) {
    for (std::int64_t i = 0; i < size; ++i) to[at[0] + i * s[0]] += (condition[at[1] + i * s[1]] != 0) == side ? grad[at[2] + i * s[2]] : 0.0f;
  });
}

class Where : public Op {
 public:
  explicit Where(const NodeView& node) : dtype_(node.type(1).dtype) {
    node.need_inputs(3, 3);
    need_dtype(node, 0, Dtype::boolean);
    need_same_dtype(node, 1, 2);
    for (std::size_t i = 0; i < 3; ++i) in_.push_back(node.shape(i));
    out_ = broadcast(broadcast(in_[1], in_[2]), in_[0]);
    elements(out_);
  }
  std::vector<TensorType> infer() const override { return {{dtype_, out_}}; }
  bool differentiable(std::size_t i) const override { return i > 0 && dtype_ == Dtype::f32; }

  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (!in[0] || !in[1] || !in[2] || elements(out_) > fold_limit) return {};
    Tensor out(TensorType{dtype_, out_});
    Nest<4> nest = forward_nest();
    choose(nest, bytes(dtype_), out.data.data(), in[0]->as<std::uint8_t>().data(), in[1]->data.data(), in[2]->data.data());
    return {out};
  }

  void forward(Emit& e) const override {
    const Buffer c = e.in(0), x = e.in(1), y = e.in(2), out = e.out(0);
    e.step({.what = "where", .impl = "loop"}, {c, x, y}, {out}, [c, x, y, out, nest = forward_nest(), width = bytes(dtype_)](const Memory& m) -> Run {
      return [nest, width, o = m.at(out), p = m.u8(c), a = m.at(x), b = m.at(y)]() mutable { choose(nest, width, o, p, a, b); };
    });
  }

  void backward(Emit& e) const override {
    for (std::size_t i = 1; i < 3; ++i) {
      if (!e.wants(i)) continue;
      if (!e.has_grad(0)) {
        zero_grad(e, i);
        continue;
      }
      const Target target = e.grad_in(i);
      const Buffer c = e.in(0), g = e.grad_out(0);
      std::vector<Buffer> reads{c, g};
      if (target.add) reads.push_back(target.buffer);
      Nest<3> nest(out_, {broadcast_strides(in_[i], out_), broadcast_strides(in_[0], out_), strides(out_)});
      e.step({.what = "where gradient", .impl = "loop"}, std::move(reads), {target.buffer},
             [target, c, g, nest, count = elements(in_[i]), side = i == 1](const Memory& m) -> Run {
               return [to = m.f32(target.buffer), p = m.u8(c), f = m.f32(g), nest, count, side, add = target.add]() mutable {
                 if (!add) std::fill_n(to, count, 0.0f);
                 pass(nest, side, to, p, f);
               };
             });
    }
  }

 private:
  Nest<4> forward_nest() const {
    return {out_, {strides(out_), broadcast_strides(in_[0], out_), broadcast_strides(in_[1], out_), broadcast_strides(in_[2], out_)}};
  }
  Dtype dtype_;
  std::vector<Shape> in_;
  Shape out_;
};

}  // namespace

void add_where(OpTable& table) {
  table.add("Where", 9, [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Where>(node); });
}

}  // namespace lehr
