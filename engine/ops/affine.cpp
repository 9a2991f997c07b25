// (x - shift) * scale with constants of the file: DequantizeLinear, ai.onnx.ml.Scaler.
#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

// Element (o, k, i) of [outer, size, inner] takes coefficient ((o % groups) * blocks + k / block) * width + i % width.
struct Coefficients {
  std::vector<float> shift, scale;  // both of one size
  Span3 around;
  std::int64_t groups = 1, blocks = 1, block = 1, width = 1;
  bool single() const { return scale.size() == 1; }
};

// y = (x - shift) * scale, or without the shift for a gradient.
template <class T>
void apply(const Coefficients& c, const T* in, float* out, bool shifted, bool add) {
  const auto& s = c.around;
  for (std::int64_t o = 0; o < s.outer; ++o)
    for (std::int64_t k = 0; k < s.size; ++k)
      for (std::int64_t i = 0; i < s.inner; ++i) {
        const auto at = static_cast<std::size_t>(c.single() ? 0 : ((o % c.groups) * c.blocks + k / c.block) * c.width + i % c.width);
        const std::int64_t e = (o * s.size + k) * s.inner + i;
        const float y = (static_cast<float>(in[e]) - (shifted ? c.shift[at] : 0.0f)) * c.scale[at];
        out[e] = add ? out[e] + y : y;
      }
}
void apply(const Coefficients& c, Dtype dtype, const std::byte* in, float* out) {
  if (dtype == Dtype::f32)
    apply(c, reinterpret_cast<const float*>(in), out, true, false);
  else
    apply(c, reinterpret_cast<const std::int64_t*>(in), out, true, false);
}

class Affine : public Op {
 public:
  Affine(const NodeView& node, Coefficients c) : in_(node.type(0)), c_(std::move(c)) {
    if (in_.dtype == Dtype::boolean) throw Error("input 0 (", quote(node.input_name(0)), ") is bool, numbers are needed");
  }
  std::vector<TensorType> infer() const override { return {{Dtype::f32, in_.shape}}; }
  bool differentiable(std::size_t i) const override { return i == 0 && in_.dtype == Dtype::f32; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (in[0] == nullptr || in[0]->size() > fold_limit) return {};
    Tensor out(infer()[0]);
    apply(c_, in_.dtype, in[0]->data.data(), out.as<float>().data());
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({.what = "shift and scale", .impl = "loop"}, {in}, {out},
           [in, out, dtype = in_.dtype, c = c_](const Memory& m) -> Run { return [x = m.at(in), y = m.f32(out), dtype, c] { apply(c, dtype, x, y); }; });
  }
  void backward(Emit& e) const override {
    if (!e.wants(0)) return;
    if (!e.has_grad(0)) return zero_grad(e, 0);
    const Target target = e.grad_in(0);
    const Buffer grad = e.grad_out(0);
    std::vector<Buffer> reads{grad};
    if (target.add) reads.push_back(target.buffer);
    e.step({.what = "scale gradient", .impl = "loop"}, std::move(reads), {target.buffer}, [target, grad, c = c_](const Memory& m) -> Run {
      return [to = m.f32(target.buffer), g = m.f32(grad), c, add = target.add] { apply(c, g, to, false, add); };
    });
  }

 private:
  TensorType in_;
  Coefficients c_;
};

const Tensor& known_input(const NodeView& node, std::size_t i) {
  const Tensor* t = node.constant(i);
  if (t == nullptr) throw Error("input ", i, " (", quote(node.input_name(i)), ") must be known before the run");
  return *t;
}

// y = (x - zero_point) * scale; scale one number, a vector along axis, or (opset 21, block_size) one a block of the axis.
std::unique_ptr<Op> dequantize(const NodeView& node) {
  node.need_inputs(2, 3);
  const Shape& in = node.shape(0);
  const Tensor& scale = known_input(node, 1);
  Coefficients c{.shift = std::vector<float>(static_cast<std::size_t>(scale.size())), .scale = scale.floats(), .around = {}};
  if (node.has(2)) {
    if (node.shape(2) != scale.shape()) throw Error("scale is ", scale.shape(), " but zero point ", node.shape(2));
    c.shift = known_input(node, 2).floats();
  }
  const std::int64_t block = node.integer("block_size", 0);
  if (c.single() && block == 0) {
    c.around = {1, 1, elements(in)};
    return std::make_unique<Affine>(node, std::move(c));
  }
  const std::size_t axis = axis_of(node.integer("axis", 1), in.size());
  c.around = around(in, axis);
  if (block == 0) {
    if (scale.shape() != Shape{in[axis]}) throw Error("scale is ", scale.shape(), " but axis ", axis, " of ", in, " is ", in[axis]);
    c.blocks = in[axis];
  } else {
    Shape blocked = in;
    if (block > 0) blocked[axis] = in[axis] / block + (in[axis] % block != 0);
    if (block < 0 || scale.shape() != blocked)
      throw Error("scale is ", scale.shape(), ", blocks of ", block, " along axis ", axis, " of ", in, " need ", blocked);
    c.groups = c.around.outer;
    c.block = block;
    c.blocks = blocked[axis];
    c.width = c.around.inner;
  }
  return std::make_unique<Affine>(node, std::move(c));
}

// One offset and scale for all features, or one each along the last axis.
std::unique_ptr<Op> scaler(const NodeView& node) {
  node.need_inputs(1, 1);
  const Shape& in = node.shape(0);
  Coefficients c{.shift = node.reals("offset"), .scale = node.reals("scale"), .around = {}};
  const std::size_t features = in.empty() ? 1 : static_cast<std::size_t>(in.back());
  if (c.shift.empty()) c.shift = {0.0f};
  if (c.scale.empty()) c.scale = {1.0f};
  for (const auto* list : {&c.shift, &c.scale})
    if (list->size() != 1 && list->size() != features)
      throw Error("offset has ", c.shift.size(), " and scale ", c.scale.size(), " entries, the input ", in, " has ", features, " features");
  const std::size_t count = std::max(c.shift.size(), c.scale.size());
  c.shift.resize(count, c.shift[0]);
  c.scale.resize(count, c.scale[0]);
  c.around = {in.empty() ? 1 : elements(in) / std::max<std::int64_t>(in.back(), 1), static_cast<std::int64_t>(features), 1};
  c.blocks = c.around.size;
  return std::make_unique<Affine>(node, std::move(c));
}

}  // namespace

void add_affine(OpTable& table) {
  table.add("DequantizeLinear", 10, dequantize);
  table.add("ai.onnx.ml.Scaler", scaler);
}

}  // namespace lehr
