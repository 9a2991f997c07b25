// Conv: Y[n,m,o] = B[m] + sum over c, k of X[n,c,o stride - pad + k dilation] W[m,c,k], in `group` blocks of channels.
// ConvTranspose: Y[n,m,i stride - pad + k dilation] += X[n,c,i] W[c,m,k], which is the input gradient of the convolution of Y with W;
// so the gradient of X is that convolution itself.
#include <algorithm>

#include "engine/dnnl/convolution.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/norm.h"
#include "engine/ops/primitive.h"
#include "engine/ops/window.h"

namespace lehr {

namespace {

Operand gradient(Emit& e, std::size_t i, const char* name) {
  const Target t = e.grad_in(i);
  return {name, t.buffer, true, t.add};
}

struct Planes {  // Y is [n, channels, inner]
  std::int64_t n, channels, inner;
  explicit Planes(const Shape& y) : n(y[0]), channels(y[1]), inner(elements(y) / (y[0] * y[1])) {}
};

// dB[m] = sum over n, o of dY[n,m,o], where no primitive gives it.
void bias_gradient(Emit& e, const Shape& y, Buffer dy) {
  const Target t = e.grad_in(2);
  std::vector<Buffer> reads{dy};
  if (t.add) reads.push_back(t.buffer);
  e.step({"conv dB", "own", static_cast<double>(elements(y))}, reads, {t.buffer}, [=, p = Planes(y)](const Memory& m) -> Run {
    return [=, g = m.f32(dy), db = m.f32(t.buffer)] {
      for (std::int64_t c = 0; c < p.channels; ++c) {
        double sum = t.add ? static_cast<double>(db[c]) : 0.0;
        for (std::int64_t k = 0; k < p.n; ++k) {
          const float* from = g + (k * p.channels + c) * p.inner;
          sum += partial_sum(p.inner, [from](std::int64_t i) { return from[i]; });
        }
        db[c] = static_cast<float>(sum);
      }
    };
  });
}

void add_bias(Emit& e, const Shape& y) {
  const Buffer bias = e.in(2), to = e.out(0);
  e.step({"conv bias", "own", static_cast<double>(elements(y))}, {bias, to}, {to}, [=, p = Planes(y)](const Memory& m) -> Run {
    return [=, b = m.f32(bias), out = m.f32(to)] {
      for (std::int64_t k = 0; k < p.n * p.channels; ++k)
        for (std::int64_t i = 0; i < p.inner; ++i) out[k * p.inner + i] += b[k % p.channels];
    };
  });
}

// What both operators check of X, W and B; how many channels W takes and makes for each group is theirs.
void check_operands(const NodeView& node) {
  node.need_inputs(2, 3);
  for (std::size_t i = 0; i < node.inputs(); ++i)
    if (node.has(i)) need_float(node, i);
  const Shape &x = node.shape(0), &w = node.shape(1);
  if (w.size() != x.size() || w.size() < 3) throw Error("X is ", x, " and W is ", w, ": both must have the same one to three spatial axes");
  if (node.has_attr("kernel_shape") && kernel_shape(node) != Shape(w.begin() + 2, w.end()))
    throw Error("attribute 'kernel_shape' is ", kernel_shape(node), ", W is ", w);
}

void check_bias(const NodeView& node, std::int64_t channels) {
  if (node.has(2) && node.shape(2) != Shape{channels}) throw Error("W is ", node.shape(1), ", B is ", node.shape(2), ": [", channels, "] is needed");
}

double flops(const onednn::ConvolutionSpec& s) { return 2.0 * static_cast<double>(elements(s.y)) * static_cast<double>(elements(s.w) / s.w[0]); }

class Conv final : public Op {
 public:
  explicit Conv(const NodeView& node) : bias_(node.has(2)) {
    check_operands(node);
    const Shape &x = node.shape(0), &w = node.shape(1);
    const std::int64_t group = node.integer("group", 1);
    if (group < 1 || group > w[0] || w[0] % group != 0)
      throw Error("attribute 'group' is ", group, ", it does not divide the ", w[0], " channels that W, ", w, ", makes");
    if (w[1] < 1 || x[1] % group != 0 || x[1] / group != w[1])
      throw Error("X is ", x, " and W is ", w, " in ", group, group == 1 ? " group: " : " groups: ", "X has ", x[1], " channels, W takes ", w[1],
                  " for each group");
    check_bias(node, w[0]);
    const Window window = read_window(node, Shape(w.begin() + 2, w.end()), false);
    spec_ = {x, w, output_shape(x, w[0], window), group, window.strides, window.dilations, window.pads_begin, window.pads_end};
  }
  std::vector<TensorType> infer() const override { return {{Dtype::f32, spec_.y}}; }

  void forward(Emit& e) const override {
    Copies copies;
    std::vector<Operand> operands{{"X", e.in(0)}, {"W", e.in(1)}, {"Y", e.out(0), true}};
    if (bias_) operands.push_back({"B", e.in(2)});
    emit_primitive(e, {"conv", {}, flops(spec_)}, onednn::convolution(spec_, bias_), operands, copies);
    e.memo() = std::move(copies);
  }

  void backward(Emit& e) const override {
    auto copies = std::any_cast<Copies>(e.memo());
    const Operand dy{"dY", e.grad_out(0)};
    const bool bias = bias_ && e.wants(2);
    if (e.wants(1)) {
      std::vector<Operand> operands{{"X", e.in(0)}, dy, gradient(e, 1, "dW")};
      if (bias) operands.push_back(gradient(e, 2, "dB"));
      emit_primitive(e, {"conv dW", {}, flops(spec_)}, onednn::convolution_weights(spec_, bias), operands, copies);
    } else if (bias) {
      bias_gradient(e, spec_.y, dy.buffer);
    }
    if (e.wants(0)) emit_primitive(e, {"conv dX", {}, flops(spec_)}, onednn::convolution_data(spec_), {dy, {"W", e.in(1)}, gradient(e, 0, "dX")}, copies);
  }

 private:
  onednn::ConvolutionSpec spec_;
  bool bias_;
};

class ConvTranspose final : public Op {
 public:
  explicit ConvTranspose(const NodeView& node) : bias_(node.has(2)) {
    check_operands(node);
    const Shape &x = node.shape(0), &w = node.shape(1);
    const std::int64_t group = node.integer("group", 1);
    if (group < 1 || w[0] % group != 0 || w[0] == 0)
      throw Error("attribute 'group' is ", group, ", it does not divide the ", w[0], " channels that W, ", w, ", takes");
    if (w[1] < 1 || x[1] != w[0]) throw Error("X is ", x, " and W is ", w, ": X has ", x[1], " channels, W takes ", w[0]);
    const std::int64_t channels = elements({w[1], group});
    check_bias(node, channels);
    const Window window = read_transposed(node, Shape(w.begin() + 2, w.end()));
    spec_ = {output_shape(x, channels, window), w, x, group, window.strides, window.dilations, window.pads_begin, window.pads_end};
  }
  std::vector<TensorType> infer() const override { return {{Dtype::f32, spec_.x}}; }

  void forward(Emit& e) const override {
    Copies copies;
    emit_primitive(e, {"transposed conv", {}, flops(spec_)}, onednn::convolution_data(spec_), {{"X", e.in(0)}, {"W", e.in(1)}, {"Y", e.out(0), true}}, copies);
    if (bias_) add_bias(e, spec_.x);
    e.memo() = std::move(copies);
  }

  void backward(Emit& e) const override {
    auto copies = std::any_cast<Copies>(e.memo());
    const Operand dy{"dY", e.grad_out(0)};
    if (bias_ && e.wants(2)) bias_gradient(e, spec_.x, dy.buffer);
    if (e.wants(1))
      emit_primitive(e, {"transposed conv dW", {}, flops(spec_)}, onednn::convolution_weights(spec_, false), {dy, {"X", e.in(0)}, gradient(e, 1, "dW")},
                     copies);
    if (e.wants(0))
      emit_primitive(e, {"transposed conv dX", {}, flops(spec_)}, onednn::convolution(spec_, false), {dy, {"W", e.in(1)}, gradient(e, 0, "dX")}, copies);
  }

 private:
  onednn::ConvolutionSpec spec_;  // from Y to X
  bool bias_;
};

template <class T>
std::unique_ptr<Op> make(const NodeView& node) {
  return std::make_unique<T>(node);
}

}  // namespace

void add_conv(OpTable& table) {
  for (const int version : {1, 11, 22}) {
    table.add("Conv", version, make<Conv>);
    table.add("ConvTranspose", version, make<ConvTranspose>);
  }
}

}  // namespace lehr
