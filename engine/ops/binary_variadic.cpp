// Sum, Mean, Max and Min of any number of inputs, all broadcast to one shape.
#include <algorithm>

#include "engine/ops/binary_kernels.h"
#include "engine/ops/inputs.h"

namespace lehr {

namespace {

struct AddOp { template <class T> static T f(T a, T b) { return a + b; } };
// NaN wins, on either side.
struct MaxOp { template <class T> static T f(T a, T b) { return a > b || a != a ? a : b; } };
struct MinOp { template <class T> static T f(T a, T b) { return a < b || a != a ? a : b; } };

struct Pass { static constexpr unsigned uses = passes; static float f(float g, float, float, float) { return g; } };
struct TimesA { static constexpr unsigned uses = uses_a; static float f(float g, float a, float, float) { return g * a; } };
// a is the input, b the other one of two: equal inputs share the gradient.
struct Chosen {
  static constexpr unsigned uses = uses_a | uses_b | uses_y;
  static float f(float g, float a, float b, float y) { return a != y ? 0.0f : a == b ? 0.5f * g : g; }
};
struct Wins {  // one of more than two
  static constexpr unsigned uses = uses_a | uses_y;
  static float f(float g, float a, float, float y) { return a == y ? g : 0.0f; }
};

struct Row {
  const char* name;
  BinaryKernel f32, i64;
  bool mean, picks;
};
template <class F>
Row row(const char* name, bool integers, bool mean, bool picks) {
  return {name, binary_rows<F, float, float>, integers ? binary_rows<F, std::int64_t, std::int64_t> : nullptr, mean, picks};
}
const std::vector<Row>& rows() {
  static const std::vector<Row> table{row<AddOp>("Sum", false, false, false), row<AddOp>("Mean", false, true, false),
                                      row<MaxOp>("Max", true, false, true), row<MinOp>("Min", true, false, true)};
  return table;
}

void scale(float* x, std::int64_t n, float by) {
  for (std::int64_t i = 0; i < n; ++i) x[i] *= by;
}

class Variadic final : public Op {
 public:
  Variadic(const NodeView& node, const Row& row) : row_(row) {
    const Dtype dtype = node.type(0).dtype;
    Shape out;
    for (std::size_t i = 0; i < node.inputs(); ++i) {
      if (node.type(i).dtype != dtype)
        throw Error("input 0 is ", node.told(0), " but input ", i, " is ", node.told(i), ": one element type is needed");
      shapes_.push_back(node.shape(i));
      out = broadcast(out, node.shape(i));
    }
    if (node.opset() < 8 && std::any_of(shapes_.begin(), shapes_.end(), [&](const Shape& s) { return s != out; }))
      throw Error("inputs of different shapes do not broadcast before opset 8");
    out_ = {dtype, out};
    kernel_ = dtype == Dtype::f32 ? row.f32 : dtype == Dtype::i64 ? row.i64 : nullptr;
    if (!kernel_) throw Error("is not defined for ", name(node.file_type(0)), " inputs");
    factor_ = row.mean ? 1.0f / static_cast<float>(shapes_.size()) : 1.0f;
  }
  std::vector<TensorType> infer() const override { return {out_}; }
  bool differentiable(std::size_t) const override { return out_.dtype == Dtype::f32; }

  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    std::vector<const std::byte*> from;
    for (const Tensor* t : in) {
      if (!t) return {};
      from.push_back(t->data.data());
    }
    if (from.size() == 1) return {*in[0]};
    Tensor out(out_);
    compute(walks(), from, out.data.data(), 1);
    return {out};
  }

  void forward(Emit& e) const override {
    if (shapes_.size() == 1) return e.alias_out();
    std::vector<Buffer> in;
    for (std::size_t i = 0; i < shapes_.size(); ++i) in.push_back(e.in(i));
    const Buffer out = e.out(0);
    e.step({row_.name, "own", static_cast<double>(elements(out_.shape)) * static_cast<double>(shapes_.size() - 1)}, in, {out},
           [self = *this, in, out, threads = e.threads()](const Memory& m) -> Run {
             std::vector<const std::byte*> from;
             for (const Buffer b : in) from.push_back(m.at(b));
             return [self, w = self.walks(), from, to = m.at(out), threads] { self.compute(w, from, to, threads); };
           });
  }

  void backward(Emit& e) const override {
    for (std::size_t i = 0; i < shapes_.size(); ++i)
      if (e.wants(i)) emit_gradient(e, i);
  }

 private:
  std::vector<Walk<2>> walks() const {
    std::vector<Walk<2>> out{make_walk<2>(out_.shape, {shapes_[0], shapes_[1]})};
    for (std::size_t i = 2; i < shapes_.size(); ++i) out.push_back(make_walk<2>(out_.shape, {out_.shape, shapes_[i]}));
    return out;
  }
  void compute(const std::vector<Walk<2>>& walks, const std::vector<const std::byte*>& from, std::byte* to, int threads) const {
    run_binary(kernel_, walks[0], from[0], from[1], to, threads);
    for (std::size_t i = 1; i < walks.size(); ++i) run_binary(kernel_, walks[i], to, from[i + 1], to, threads);
    if (factor_ != 1) scale(reinterpret_cast<float*>(to), elements(out_.shape), factor_);
  }

  void emit_gradient(Emit& e, std::size_t i) const {
    const bool two = row_.picks && shapes_.size() == 2, many = row_.picks && shapes_.size() > 2, mean = factor_ != 1;
    if (!two && !many && !mean && shapes_[i] == out_.shape && e.alias_grad(i)) return;
    const BinaryGradient kernel = two ? gradient_rows<Chosen> : many ? gradient_rows<Wins> : mean ? gradient_rows<TimesA> : gradient_rows<Pass>;
    const std::size_t other = two ? 1 - i : i;
    const Buffer g = e.grad_out(0), a = two || many ? e.in(i) : g, b = two ? e.in(other) : g, y = two || many ? e.out(0) : g;
    const Target dx = e.grad_in(i);
    std::vector<Buffer> reads{g, a, b, y};
    if (dx.add) reads.push_back(dx.buffer);
    const auto w = make_walk<3>(out_.shape, {shapes_[i], mean ? Shape{} : shapes_[i], shapes_[other]});
    e.step({cat(row_.name, " d", i), "own", static_cast<double>(elements(out_.shape))}, reads, {dx.buffer},
           [g, a, b, y, dx, w, kernel, mean, size = elements(shapes_[i]), threads = e.threads(), by = factor_](const Memory& m) -> Run {
             return [w, kernel, size, threads, by, mean, add = dx.add, pg = m.f32(g), pa = m.f32(a), pb = m.f32(b), py = m.f32(y), to = m.f32(dx.buffer)] {
               run_gradient(kernel, w, pg, mean ? &by : pa, pb, py, to, size, add, threads);
             };
           });
  }

  Row row_;
  std::vector<Shape> shapes_;
  TensorType out_;
  BinaryKernel kernel_ = nullptr;
  float factor_ = 1;
};

std::unique_ptr<Op> make_variadic(const NodeView& node) {
  node.need_inputs(1, 1 << 16);
  for (const Row& row : rows())
    if (row.name == node.op()) return std::make_unique<Variadic>(node, row);
  throw Error("no such operator");
}

}  // namespace

void add_variadic(OpTable& table) {
  for (const char* name : {"Sum", "Mean", "Max", "Min"})
    for (const int version : {6, 8, 13}) table.add(name, version, make_variadic);
  for (const char* name : {"Max", "Min"}) table.add(name, 12, make_variadic);
}

}  // namespace lehr
