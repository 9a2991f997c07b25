// Conv (ai.onnx 1, 11, 22): Y[n,m,o] = B[m] + sum over c, k of X[n,c,o stride - pad + k dilation] W[m,c,k], in `group` blocks of channels.
#include <algorithm>

#include "engine/dnnl/convolution.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/norm.h"
#include "engine/ops/primitive.h"
#include "engine/ops/window.h"

namespace lehr {

namespace {

class Conv final : public Op {
 public:
  explicit Conv(const NodeView& node) : bias_(node.has(2)) {
    node.need_inputs(2, 3);
    for (std::size_t i = 0; i < node.inputs(); ++i)
      if (node.has(i)) need_float(node, i);
    const Shape &x = node.shape(0), &w = node.shape(1);
    if (w.size() != x.size() || w.size() < 3) throw Error("X is ", x, " and W is ", w, ": [N,C,…] and [M,C/group,…] with one to three spatial axes are needed");
    const Shape kernel(w.begin() + 2, w.end());
    if (node.has_attr("kernel_shape") && kernel_shape(node) != kernel) throw Error("attribute 'kernel_shape' is ", kernel_shape(node), ", W is ", w);
    spec_.group = node.integer("group", 1);
    check_channels(x, w);
    if (bias_ && node.shape(2) != Shape{w[0]}) throw Error("W is ", w, ", B is ", node.shape(2), ": [", w[0], "] is needed");
    const Window window = read_window(node, kernel, false);
    spec_.x = x, spec_.w = w, spec_.y = output_shape(x, w[0], window);
    spec_.strides = window.strides, spec_.dilations = window.dilations;
    spec_.pads_begin = window.pads_begin, spec_.pads_end = window.pads_end;
  }
  std::vector<TensorType> infer() const override { return {{Dtype::f32, spec_.y}}; }

  void forward(Emit& e) const override {
    Copies copies;
    std::vector<Operand> operands{{"X", e.in(0)}, {"W", e.in(1)}, {"Y", e.out(0), true}};
    if (bias_) operands.push_back({"B", e.in(2)});
    emit_primitive(e, {"conv", {}, flops()}, onednn::convolution(spec_, bias_), operands, copies);
    e.memo() = std::move(copies);
  }

  void backward(Emit& e) const override {
    auto copies = std::any_cast<Copies>(e.memo());
    const Operand dy{"dY", e.grad_out(0)};
    const bool bias = bias_ && e.wants(2);
    if (e.wants(1)) {
      std::vector<Operand> operands{{"X", e.in(0)}, dy, gradient(e, 1, "dW")};
      if (bias) operands.push_back(gradient(e, 2, "dB"));
      emit_primitive(e, {"conv dW", {}, flops()}, onednn::convolution_weights(spec_, bias), operands, copies);
    } else if (bias) {
      bias_gradient(e, dy.buffer);
    }
    if (e.wants(0)) emit_primitive(e, {"conv dX", {}, flops()}, onednn::convolution_data(spec_), {dy, {"W", e.in(1)}, gradient(e, 0, "dX")}, copies);
  }

 private:
  void check_channels(const Shape& x, const Shape& w) const {
    const std::int64_t g = spec_.group;
    if (g < 1 || g > w[0] || w[0] % g != 0) throw Error("attribute 'group' is ", g, ", it does not divide the ", w[0], " channels that W, ", w, ", makes");
    if (w[1] < 1 || x[1] % g != 0 || x[1] / g != w[1])
      throw Error("X is ", x, " and W is ", w, " in ", g, g == 1 ? " group: " : " groups: ", "X has ", x[1], " channels, W takes ", w[1], " for each group");
  }
  double flops() const { return 2.0 * static_cast<double>(elements(spec_.y)) * static_cast<double>(elements(spec_.w) / spec_.w[0]); }

  static Operand gradient(Emit& e, std::size_t i, const char* name) {
    const Target t = e.grad_in(i);
    return {name, t.buffer, true, t.add};
  }

  // Where W is fixed: dB[m] = sum over n, o of dY[n,m,o].
  void bias_gradient(Emit& e, Buffer dy) const {
    const Target t = e.grad_in(2);
    std::vector<Buffer> reads{dy};
    if (t.add) reads.push_back(t.buffer);
    const std::int64_t n = spec_.y[0], channels = spec_.y[1], inner = elements(spec_.y) / (n * channels);
    e.step({"conv dB", "own", static_cast<double>(n * channels * inner)}, reads, {t.buffer}, [=](const Memory& m) -> Run {
      return [=, g = m.f32(dy), db = m.f32(t.buffer)] {
        for (std::int64_t c = 0; c < channels; ++c) {
          double sum = t.add ? static_cast<double>(db[c]) : 0.0;
          for (std::int64_t k = 0; k < n; ++k) {
            const float* from = g + (k * channels + c) * inner;
            sum += partial_sum(inner, [from](std::int64_t i) { return from[i]; });
          }
          db[c] = static_cast<float>(sum);
        }
      };
    });
  }

  onednn::ConvolutionSpec spec_;
  bool bias_;
};

}  // namespace

void add_conv(OpTable& table) {
  for (const int version : {1, 11, 22})
    table.add("Conv", version, [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Conv>(node); });
}

}  // namespace lehr
