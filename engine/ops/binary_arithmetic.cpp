// Add, Sub, Mul, Div, Pow, Mod, and activations of two inputs (PRelu, BiasGelu, FastGelu).
#include <cmath>
#include <cstdint>

#include "engine/ops/binary_kernels.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/unary.h"

namespace lehr {

namespace {

using Unsigned = std::uint64_t;
std::int64_t wrapped(Unsigned x) { return static_cast<std::int64_t>(x); }

// Integers wrap around instead of overflowing; x/0 is 0 (folding refuses it), and so is x mod 0.
struct AddOp {
  static float f(float a, float b) { return a + b; }
  static std::int64_t f(std::int64_t a, std::int64_t b) { return wrapped(Unsigned(a) + Unsigned(b)); }
};
struct SubOp {
  static float f(float a, float b) { return a - b; }
  static std::int64_t f(std::int64_t a, std::int64_t b) { return wrapped(Unsigned(a) - Unsigned(b)); }
};
struct MulOp {
  static float f(float a, float b) { return a * b; }
  static std::int64_t f(std::int64_t a, std::int64_t b) { return wrapped(Unsigned(a) * Unsigned(b)); }
};
struct DivOp {  // towards zero
  static float f(float a, float b) { return a / b; }
  static std::int64_t f(std::int64_t a, std::int64_t b) { return b == 0 ? 0 : b == -1 ? wrapped(0 - Unsigned(a)) : a / b; }
};
struct RemainderOp {  // the sign of a, as C
  static float f(float a, float b) { return std::fmod(a, b); }
  static std::int64_t f(std::int64_t a, std::int64_t b) { return b == 0 || b == -1 ? 0 : a % b; }
};
struct ModOp {  // the sign of b, as Python
  static std::int64_t f(std::int64_t a, std::int64_t b) {
    const std::int64_t r = RemainderOp::f(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
};
struct FloorModOp {  // a - floor(a / b) b, the sign of b
  static float f(float a, float b) {
    const float r = std::fmod(a, b);
    if (r == 0) return std::copysign(r, b);
    return (r < 0) != (b < 0) ? r + b : r;
  }
};
struct PowOp {
  static float f(float a, float b) { return std::pow(a, b); }
  static std::int64_t f(std::int64_t a, std::int64_t b) {
    if (b < 0) return a == 1 ? 1 : a == -1 ? (b % 2 ? -1 : 1) : 0;
    Unsigned out = 1;
    for (Unsigned base = Unsigned(a); b > 0; b >>= 1, base *= base)
      if (b & 1) out *= base;
    return wrapped(out);
  }
};
struct PReluOp { static float f(float x, float slope) { return x < 0 ? slope * x : x; } };

// The activations of a sum, and their derivatives.
struct Gelu {  // x Phi(x)
  static float phi(float x) { return 0.5f * std::erfc(-x * 0.70710678118654752440f); }
  static float y(float x) { return x * phi(x); }
  static float d(float x) { return phi(x) + x * 0.39894228040143267794f * std::exp(-0.5f * x * x); }
};
struct FastGelu {  // x sigmoid(2u), u = sqrt(2/pi) (x + 0.044715 x^3)
  static constexpr float k = 2 * 0.79788456080286535588f;
  static float s(float x) { return 1 / (1 + std::exp(-k * x * (1 + 0.044715f * x * x))); }
  static float y(float x) { return x * s(x); }
  static float d(float x) { return s(x) + x * s(x) * (1 - s(x)) * k * (1 + 3 * 0.044715f * x * x); }
};
template <class F> struct OfSum { static float f(float x, float bias) { return F::y(x + bias); } };

// d(g, a, b, y)
struct Pass { static constexpr unsigned uses = passes; static float f(float g, float, float, float) { return g; } };
struct Minus { static constexpr unsigned uses = uses_none; static float f(float g, float, float, float) { return -g; } };
struct TimesA { static constexpr unsigned uses = uses_a; static float f(float g, float a, float, float) { return g * a; } };
struct TimesB { static constexpr unsigned uses = uses_b; static float f(float g, float, float b, float) { return g * b; } };
struct DivA { static constexpr unsigned uses = uses_b; static float f(float g, float, float b, float) { return g / b; } };
struct DivB { static constexpr unsigned uses = uses_b | uses_y; static float f(float g, float, float b, float y) { return -g * y / b; } };
struct RemainderB {
  static constexpr unsigned uses = uses_a | uses_b;
  static float f(float g, float a, float b, float) { return -g * std::trunc(a / b); }
};
struct FloorModB {
  static constexpr unsigned uses = uses_a | uses_b;
  static float f(float g, float a, float b, float) { return -g * std::floor(a / b); }
};
struct PowA {
  static constexpr unsigned uses = uses_a | uses_b;
  static float f(float g, float a, float b, float) { return b == 0 ? 0.0f : g * b * std::pow(a, b - 1); }
};
struct PowB {  // y ln a; 0 at a = 0
  static constexpr unsigned uses = uses_a | uses_b | uses_y;
  static float f(float g, float a, float b, float y) { return a == 0 && b >= 0 ? 0.0f : g * y * std::log(a); }
};
struct PReluA { static constexpr unsigned uses = uses_a | uses_b; static float f(float g, float a, float b, float) { return a > 0 ? g : g * b; } };
struct PReluB { static constexpr unsigned uses = uses_a; static float f(float g, float a, float, float) { return a < 0 ? g * a : 0.0f; } };
template <class F>
struct SlopeOfSum { static constexpr unsigned uses = uses_a | uses_b; static float f(float g, float a, float b, float) { return g * F::d(a + b); } };

template <class F> constexpr BinaryKernel floats = binary_rows<F, float, float>;
template <class F> constexpr BinaryKernel ints = binary_rows<F, std::int64_t, std::int64_t>;

template <class F, class A, class B>
BinaryRow row(const char* name, BinaryKernel i64 = nullptr) {
  return {name, floats<F>, i64, nullptr, false, gradient_rows<A>, gradient_rows<B>, A::uses, B::uses};
}

const std::vector<BinaryRow>& rows() {
  static const std::vector<BinaryRow> table{
      row<AddOp, Pass, Pass>("Add", ints<AddOp>), row<SubOp, Pass, Minus>("Sub", ints<SubOp>),
      row<MulOp, TimesB, TimesA>("Mul", ints<MulOp>), row<DivOp, DivA, DivB>("Div", ints<DivOp>),
      row<PowOp, PowA, PowB>("Pow", ints<PowOp>), row<PReluOp, PReluA, PReluB>("PRelu"),
      row<RemainderOp, Pass, RemainderB>("Remainder", ints<RemainderOp>),
      row<OfSum<Gelu>, SlopeOfSum<Gelu>, SlopeOfSum<Gelu>>("com.microsoft.BiasGelu"),
      row<OfSum<FastGelu>, SlopeOfSum<FastGelu>, SlopeOfSum<FastGelu>>("com.microsoft.FastGelu"),
      row<FloorModOp, Pass, FloorModB>("Mod", ints<ModOp>)};
  return table;
}

std::unique_ptr<Op> make_row(const NodeView& node) { return make_binary(node, arithmetic_row(table_name(node.node()))); }
std::unique_ptr<Op> make_by_axis(const NodeView& node) { return make_binary_by_axis(node, arithmetic_row(table_name(node.node()))); }

std::unique_ptr<Op> make_mod(const NodeView& node) {
  const bool c_like = node.integer("fmod", 0) != 0;
  if (node.type(0).dtype == Dtype::f32 && !c_like && node.opset() < 28) throw Error("attribute 'fmod' is 0, floats need 1 before opset 28");
  return make_binary(node, arithmetic_row(c_like ? "Remainder" : "Mod"));
}

// The exponent a known number: a plain function of the base.
std::unique_ptr<Op> power(const NodeView& node, float exponent) {
  if (exponent == 2) return make_elementwise(node, eltwise("square"));
  if (exponent == 0.5f) return make_elementwise(node, eltwise("sqrt"));
  if (exponent == -1) return make_elementwise(node, eltwise("reciprocal"));
  return make_elementwise(node, eltwise("pow"), exponent);
}

std::unique_ptr<Op> make_pow(const NodeView& node) {
  node.need_inputs(2, 2);
  const Tensor* exponent = node.constant(1);
  if (node.type(0).dtype == Dtype::f32 && exponent && exponent->size() == 1 && broadcast(node.shape(0), node.shape(1)) == node.shape(0))
    return power(node, exponent->floats()[0]);
  return make_row(node);
}

std::unique_ptr<Op> make_prelu(const NodeView& node) {
  node.need_inputs(2, 2);
  if (broadcast(node.shape(0), node.shape(1)) != node.shape(0))
    throw Error("slope is ", node.shape(1), ", it does not broadcast to X, ", node.shape(0));
  return make_row(node);
}

std::unique_ptr<Op> make_prelu_by_channel(const NodeView& node) {
  node.need_inputs(2, 2);
  Shape slope = node.shape(1);
  const Shape& x = node.shape(0);
  if (elements(slope) == 1) slope.clear();
  else if (slope.size() == 1 && x.size() > 2) slope.resize(x.size() - 1, 1);  // [C] stands at axis 1
  if (broadcast(x, slope) != x) throw Error("slope is ", node.shape(1), ", one element or one a channel of X, ", x, ", is needed");
  return make_binary(node, arithmetic_row("PRelu"), x, slope);
}

std::unique_ptr<Op> make_bias_gelu(const NodeView& node) {
  node.need_inputs(table_name(node.node()) == "com.microsoft.FastGelu" ? 1 : 2, 2);
  if (!node.has(1)) return make_elementwise(node, eltwise("gelu_tanh"));
  if (broadcast(node.shape(0), node.shape(1)) != node.shape(0))
    throw Error("the bias is ", node.shape(1), ", it does not broadcast to the input, ", node.shape(0));
  return make_row(node);
}

}  // namespace

const BinaryRow& arithmetic_row(const std::string& name) {
  for (const BinaryRow& r : rows())
    if (r.name == name) return r;
  throw Error("no arithmetic called ", quote(name));
}

void add_binary(OpTable& table) {
  for (const char* name : {"Add", "Sub", "Mul", "Div"}) {
    table.add(name, 6, make_by_axis);
    for (const int version : {7, 13, 14}) table.add(name, version, make_row);
  }
  table.add("Pow", 1, make_by_axis);
  for (const int version : {7, 12, 13, 15}) table.add("Pow", version, make_pow);
  for (const int version : {10, 13, 28}) table.add("Mod", version, make_mod);
  table.add("PRelu", 6, make_prelu_by_channel);
  for (const int version : {7, 9, 16}) table.add("PRelu", version, make_prelu);
  table.add("com.microsoft.BiasGelu", 1, make_bias_gelu);
  table.add("com.microsoft.FastGelu", 1, make_bias_gelu);
  add_compare(table);
  add_variadic(table);
}

}  // namespace lehr
