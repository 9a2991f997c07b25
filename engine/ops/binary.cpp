#include "engine/ops/binary.h"

#include <cstring>

#include "engine/kernels/dense.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/narrow.h"
#include "engine/ops/parallel.h"

namespace lehr {

namespace {

constexpr std::int64_t grain = 1 << 13;

bool any_zero(const Tensor& t) {
  for (const std::int64_t v : t.as<std::int64_t>())
    if (v == 0) return true;
  return false;
}

class Binary final : public Op {
 public:
  Binary(const NodeView& node, const BinaryRow& row, const Shape& a, const Shape& b) : row_(row), shape_{a, b} {
    const Dtype dtype = node.type(0).dtype;
    if (node.type(1).dtype != dtype) throw Error("input 0 is ", node.told(0), " but input 1 is ", node.told(1), ": one element type is needed");
    kernel_ = dtype == Dtype::f32 ? row.f32 : dtype == Dtype::i64 ? row.i64 : row.boolean;
    if (!kernel_) throw Error("is not defined for ", name(node.file_type(0)), " inputs");
    integers_ = dtype == Dtype::i64;
    differentiable_ = dtype == Dtype::f32;
    out_ = {row.truth ? Dtype::boolean : dtype, broadcast(a, b)};
  }
  std::vector<TensorType> infer() const override { return {out_}; }
  bool differentiable(std::size_t i) const override { return differentiable_ && (i == 0 ? row_.da : row_.db); }

  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (!in[0] || !in[1]) return {};
    if (integers_ && (row_.name == "Div" || row_.name == "Mod" || row_.name == "Remainder") && any_zero(*in[1])) throw Error("divides integers by 0");
    Tensor out(out_);
    run_binary(kernel_, walk(), in[0]->data.data(), in[1]->data.data(), out.data.data(), 1);
    return {out};
  }

  void forward(Emit& e) const override {
    const Buffer a = e.in(0), b = e.in(1), out = e.out(0);
    e.step({row_.name, "own", static_cast<double>(elements(out_.shape))}, {a, b}, {out},
           [a, b, out, w = walk(), f = kernel_, threads = e.threads()](const Memory& m) -> Run {
             return [w, f, x = m.at(a), y = m.at(b), to = m.at(out), threads] { run_binary(f, w, x, y, to, threads); };
           });
  }

  void backward(Emit& e) const override {
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}})
      if (e.wants(i)) emit_gradient(e, i);
  }

 private:
  Walk<2> walk() const { return make_walk<2>(out_.shape, {shape_[0], shape_[1]}); }

  void emit_gradient(Emit& e, std::size_t i) const {
    const unsigned uses = i == 0 ? row_.da_uses : row_.db_uses;
    const bool same = elements(shape_[i]) == elements(out_.shape);
    if ((uses & passes) && same && e.type_in(i).shape == out_.shape && e.alias_grad(i)) return;
    const Buffer g = e.grad_out(0), a = uses & uses_a ? e.in(0) : g, b = uses & uses_b ? e.in(1) : g, y = uses & uses_y ? e.out(0) : g;
    const Target dx = e.grad_in(i);
    std::vector<Buffer> reads{g, a, b, y};
    if (dx.add) reads.push_back(dx.buffer);
    const auto w = make_walk<3>(out_.shape, {shape_[i], shape_[0], shape_[1]});
    const bool is_bias = (uses & passes) && !same && w.rank == 1 && w.step[0][0] == 0 && w.inner_step[0] == 1;
    if (is_bias) {  // [columns], added to every row
      e.step({row_.name + " bias gradient", "own", static_cast<double>(elements(out_.shape))}, reads, {dx.buffer},
             [g, dx, w, f = bias_grad_kernel()](const Memory& m) -> Run {
               return [f, pg = m.f32(g), to = m.f32(dx.buffer), rows = w.rows, columns = w.columns, add = dx.add] { f(pg, rows, columns, to, add); };
             });
      return;
    }
    e.step({row_.name + (i == 0 ? " dA" : " dB"), "own", 2.0 * static_cast<double>(elements(out_.shape))}, reads, {dx.buffer},
           [g, a, b, y, dx, w, d = i == 0 ? row_.da : row_.db, size = elements(shape_[i]), threads = e.threads()](const Memory& m) -> Run {
             return [w, d, size, threads, add = dx.add, pg = m.f32(g), pa = m.f32(a), pb = m.f32(b), py = m.f32(y), to = m.f32(dx.buffer)] {
               run_gradient(d, w, pg, pa, pb, py, to, size, add, threads);
             };
           });
  }

  BinaryRow row_;
  Shape shape_[2];
  TensorType out_;
  BinaryKernel kernel_ = nullptr;
  bool integers_ = false, differentiable_ = false;
};

}  // namespace

void run_binary(BinaryKernel kernel, const Walk<2>& walk, const void* a, const void* b, void* out, int threads) {
  if (threads == 1 || walk.rows < threads) return kernel(walk, a, b, out, 0, walk.rows);
  in_parallel(walk.rows, threads, std::max<std::int64_t>(1, grain / std::max<std::int64_t>(walk.columns, 1)),
              [&](std::int64_t begin, std::int64_t end) { kernel(walk, a, b, out, begin, end); });
}

void run_gradient(BinaryGradient kernel, const Walk<3>& walk, const float* g, const float* a, const float* b, const float* y, float* dx,
                  std::int64_t dx_size, bool add, int threads) {
  const bool sums = dx_size != walk.rows * walk.columns;
  if (sums && !add) std::memset(dx, 0, static_cast<std::size_t>(dx_size) * sizeof(float));
  if (sums || threads == 1 || walk.rows < threads) return kernel(walk, g, a, b, y, dx, add || sums, 0, walk.rows);
  in_parallel(walk.rows, threads, std::max<std::int64_t>(1, grain / std::max<std::int64_t>(walk.columns, 1)),
              [&](std::int64_t begin, std::int64_t end) { kernel(walk, g, a, b, y, dx, add, begin, end); });
}

std::unique_ptr<Op> make_binary(const NodeView& node, const BinaryRow& row, const Shape& a, const Shape& b) {
  return wrapping(node, std::make_unique<Binary>(node, row, a, b));
}

std::unique_ptr<Op> make_binary(const NodeView& node, const BinaryRow& row) {
  node.need_inputs(2, 2);
  return make_binary(node, row, node.shape(0), node.shape(1));
}

std::unique_ptr<Op> make_binary_by_axis(const NodeView& node, const BinaryRow& row) {
  node.need_inputs(2, 2);
  const Shape& a = node.shape(0);
  Shape b = node.shape(1);
  if (node.integer("broadcast", 0) == 0 && a != b)
    throw Error("A is ", a, " but B is ", b, ": the shapes must agree before opset 7 unless attribute 'broadcast' is 1");
  if (b.size() > a.size()) throw Error("B is ", b, ", of higher rank than A, ", a);
  if (node.has_attr("axis")) {
    const std::size_t axis = axis_of(node.integer("axis"), a.size());
    if (axis + b.size() > a.size()) throw Error("B, ", b, ", does not fit into A, ", a, ", from axis ", axis, " on");
    b.resize(a.size() - axis, 1);
  }
  if (broadcast(a, b) != a) throw Error("B, ", b, ", does not broadcast to A, ", a);
  return make_binary(node, row, a, b);
}

}  // namespace lehr
