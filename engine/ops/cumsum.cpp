#include "engine/ops/families.h"
#include "engine/ops/move.h"
#include "engine/ops/narrow.h"

namespace lehr {

namespace {

// y[k] = sum of x[j] over j <= k; exclusive: j < k; reverse: from the other end.
template <class T>
void running_sum(const T* in, T* out, const Span3& s, bool exclusive, bool reverse, bool add) {
  using Sum = std::conditional_t<std::is_same_v<T, float>, double, std::uint64_t>;  // unsigned: integers wrap
  for (std::int64_t o = 0; o < s.outer; ++o)
    for (std::int64_t i = 0; i < s.inner; ++i) {
      Sum sum = 0;
      for (std::int64_t n = 0; n < s.size; ++n) {
        const std::int64_t at = (o * s.size + (reverse ? s.size - 1 - n : n)) * s.inner + i;
        const Sum x = static_cast<Sum>(in[at]);
        const T y = static_cast<T>(exclusive ? sum : sum + x);
        sum += x;
        if (add)
          out[at] += y;
        else
          out[at] = y;
      }
    }
}

class CumSum : public Op {
 public:
  explicit CumSum(const NodeView& node) : type_(node.type(0)), exclusive_(node.integer("exclusive", 0) != 0), reverse_(node.integer("reverse", 0) != 0) {
    node.need_inputs(2, 2);
    if (type_.dtype == Dtype::boolean) throw Error("input 0 (", quote(node.input_name(0)), ") is bool, numbers are needed");
    around_ = around(type_.shape, axis_of(constant_integer(node, 1), type_.shape.size()));
  }
  std::vector<TensorType> infer() const override { return {type_}; }
  bool differentiable(std::size_t i) const override { return i == 0 && type_.dtype == Dtype::f32; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (in[0] == nullptr || in[0]->size() > fold_limit) return {};
    Tensor out(type_);
    run(type_.dtype, in[0]->data.data(), out.data.data(), around_, exclusive_, reverse_);
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({.what = "running sum", .impl = "loop"}, {in}, {out},
           [in, out, dtype = type_.dtype, s = around_, exclusive = exclusive_, reverse = reverse_](const Memory& m) -> Run {
             return [x = m.at(in), y = m.at(out), dtype, s, exclusive, reverse] { run(dtype, x, y, s, exclusive, reverse); };
           });
  }
  // The transposed matrix of ones: the same sum from the other end.
  void backward(Emit& e) const override {
    if (!e.wants(0)) return;
    if (!e.has_grad(0)) return zero_grad(e, 0);
    const Target target = e.grad_in(0);
    const Buffer grad = e.grad_out(0);
    std::vector<Buffer> reads{grad};
    if (target.add) reads.push_back(target.buffer);
    e.step({.what = "running sum gradient", .impl = "loop"}, std::move(reads), {target.buffer},
           [target, grad, s = around_, exclusive = exclusive_, reverse = !reverse_](const Memory& m) -> Run {
             return [to = m.f32(target.buffer), g = m.f32(grad), s, exclusive, reverse, add = target.add] { running_sum(g, to, s, exclusive, reverse, add); };
           });
  }

 private:
  static void run(Dtype dtype, const std::byte* in, std::byte* out, const Span3& s, bool exclusive, bool reverse) {
    if (dtype == Dtype::f32)
      running_sum(reinterpret_cast<const float*>(in), reinterpret_cast<float*>(out), s, exclusive, reverse, false);
    else
      running_sum(reinterpret_cast<const std::int64_t*>(in), reinterpret_cast<std::int64_t*>(out), s, exclusive, reverse, false);
  }
  TensorType type_;
  Span3 around_;
  bool exclusive_, reverse_;
};

}  // namespace

void add_cumsum(OpTable& table) {
  table.add("CumSum", 11, [](const NodeView& node) -> std::unique_ptr<Op> { return wrapping(node, std::make_unique<CumSum>(node)); });
}

}  // namespace lehr
