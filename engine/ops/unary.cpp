// y = f(x), element by element: activations, elementary functions, Clip.
#include <cmath>
#include <limits>

#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/narrow.h"
#include "engine/ops/parallel.h"
#include "engine/ops/unary.h"
#include "engine/plan/emit.h"

namespace lehr {

namespace {

struct Parameter { const char* attribute = nullptr; float fallback = 0; };
struct Row {
  const char* name;
  std::vector<int> versions;
  const char* function;
  Parameter a = {}, b = {};
};

const std::vector<Row>& rows() {
  static const std::vector<Row> table{
      {"Neg", {6, 13}, "neg"}, {"Abs", {6, 13}, "abs"}, {"Exp", {6, 13}, "exp"}, {"Log", {6, 13}, "log"}, {"Sqrt", {6, 13}, "sqrt"},
      {"Reciprocal", {6, 13}, "reciprocal"}, {"Erf", {9, 13}, "erf"}, {"Sin", {7, 22}, "sin"}, {"Cos", {7, 22}, "cos"},
      {"Sign", {9, 13}, "sign"}, {"Floor", {6, 13}, "floor"}, {"Ceil", {6, 13}, "ceil"}, {"Round", {11, 22}, "round"},
      {"Relu", {6, 13, 14}, "relu"}, {"LeakyRelu", {6, 16}, "leaky_relu", {"alpha", 0.01f}},
      {"ThresholdedRelu", {1, 10, 22}, "thresholded_relu", {"alpha", 1}},
      {"Elu", {6, 22}, "elu", {"alpha", 1}}, {"Celu", {12}, "celu", {"alpha", 1}},
      {"Selu", {6, 22}, "selu", {"alpha", 1.67326319217681884765625f}, {"gamma", 1.05070102214813232421875f}},
      {"Tanh", {6, 13}, "tanh"}, {"Sigmoid", {6, 13}, "sigmoid"}, {"Softplus", {1, 22}, "softplus"}, {"Softsign", {1, 22}, "softsign"},
      {"HardSigmoid", {6, 22}, "hard_sigmoid", {"alpha", 0.2f}, {"beta", 0.5f}}, {"HardSwish", {14, 22}, "hard_swish"},
      {"Mish", {18, 22}, "mish"}, {"Swish", {24}, "swish", {"alpha", 1}}, {"lehr.Swish", {1}, "swish", {"alpha", 1}},
      {"com.microsoft.Gelu", {1}, "gelu"}, {"com.microsoft.QuickGelu", {1}, "swish", {"alpha", 1.702f}}};
  return table;
}

class Unary final : public Op {
 public:
  Unary(const NodeView& node, const Eltwise& f, float a, float b) : type_(node.type(0)), f_(f), a_(a), b_(b) {
    need_float(node, 0);
  }
  std::vector<TensorType> infer() const override { return {type_}; }
  bool differentiable(std::size_t) const override { return f_.told != Told::no_gradient; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (!in[0]) return {};
    Tensor out(type_);
    f_.forward(in[0]->as<float>().data(), out.as<float>().data(), out.size(), a_, b_);
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({"eltwise", "own", count()}, {in}, {out},
           [in, out, f = f_.forward, a = a_, b = b_, n = elements(type_.shape), threads = e.threads()](const Memory& m) -> Run {
             const float* x = m.f32(in);
             float* y = m.f32(out);
             if (threads == 1) return [=] { f(x, y, n, a, b); };
             return [=] { in_parallel(n, threads, grain, [&](std::int64_t i, std::int64_t end) { f(x + i, y + i, end - i, a, b); }); };
           });
  }
  void backward(Emit& e) const override {
    const Buffer dy = e.grad_out(0), s = f_.told == Told::by_y ? e.out(0) : f_.told == Told::by_x ? e.in(0) : dy;
    const Target dx = e.grad_in(0);
    std::vector<Buffer> reads{dy, s};
    if (dx.add) reads.push_back(dx.buffer);
    e.step({"eltwise dX", "own", count()}, reads, {dx.buffer},
           [s, dy, dx, f = f_.backward, a = a_, b = b_, n = elements(type_.shape), threads = e.threads()](const Memory& m) -> Run {
             const float *v = m.f32(s), *g = m.f32(dy);
             float* to = m.f32(dx.buffer);
             const bool add = dx.add;
             if (threads == 1) return [=] { f(v, g, to, n, a, b, add); };
             return [=] { in_parallel(n, threads, grain, [&](std::int64_t i, std::int64_t end) { f(v + i, g + i, to + i, end - i, a, b, add); }); };
           });
  }

 private:
  static constexpr std::int64_t grain = 1 << 13;
  double count() const { return static_cast<double>(elements(type_.shape)); }
  TensorType type_;
  Eltwise f_;
  float a_, b_;
};

// Neg, Abs, Sign and Clip of integers.
class IntegerUnary final : public Op {
 public:
  using Map = std::int64_t (*)(std::int64_t x, std::int64_t low, std::int64_t high);
  IntegerUnary(const NodeView& node, Map map, std::int64_t low = 0, std::int64_t high = 0)
      : type_(node.type(0)), map_(map), low_(low), high_(high) {}
  std::vector<TensorType> infer() const override { return {type_}; }
  bool differentiable(std::size_t) const override { return false; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (!in[0]) return {};
    Tensor out(type_);
    for (std::size_t i = 0; i < out.as<std::int64_t>().size(); ++i)
      out.as<std::int64_t>()[i] = map_(in[0]->as<std::int64_t>()[i], low_, high_);
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({"eltwise int64", "own", 0}, {in}, {out}, [in, out, f = map_, low = low_, high = high_, n = elements(type_.shape)](const Memory& m) -> Run {
      return [x = m.i64(in), y = m.i64(out), f, low, high, n] {
        for (std::int64_t i = 0; i < n; ++i) y[i] = f(x[i], low, high);
      };
    });
  }

 private:
  TensorType type_;
  Map map_;
  std::int64_t low_, high_;
};

// Two's complement wraps instead of overflowing.
std::int64_t negated(std::int64_t x) { return static_cast<std::int64_t>(0 - static_cast<std::uint64_t>(x)); }
IntegerUnary::Map integer_map(const std::string& op) {
  if (op == "Neg") return [](std::int64_t x, std::int64_t, std::int64_t) { return negated(x); };
  if (op == "Abs") return [](std::int64_t x, std::int64_t, std::int64_t) { return x < 0 ? negated(x) : x; };
  if (op == "Sign") return [](std::int64_t x, std::int64_t, std::int64_t) { return std::int64_t{x > 0} - std::int64_t{x < 0}; };
  return nullptr;
}

std::unique_ptr<Op> make_row(const NodeView& node) {
  const std::string name = table_name(node.node());
  node.need_inputs(1, 1);
  for (const Row& row : rows()) {
    if (row.name != name) continue;
    const auto read = [&](const Parameter& p) { return p.attribute ? node.real(p.attribute, p.fallback) : 0.0f; };
    if (node.type(0).dtype == Dtype::i64 && integer_map(name)) return wrapping(node, std::make_unique<IntegerUnary>(node, integer_map(name)));
    const float a = read(row.a), b = read(row.b);
    if (name == "Celu" && a == 0) throw Error("alpha is 0: Celu divides by it");
    return std::make_unique<Unary>(node, eltwise(row.function), a, b);
  }
  throw Error("no elementwise function for ", quote(name));
}

std::unique_ptr<Op> make_gelu(const NodeView& node) {
  node.need_inputs(1, 1);
  const std::vector<std::string> known{"none", "tanh"};
  const std::string form = node.text("approximate", "none");
  if (form != "none" && form != "tanh")
    throw Error("attribute 'approximate' is ", quote(form), ", 'none' or 'tanh' is needed", did_you_mean(form, known));
  return std::make_unique<Unary>(node, eltwise(form == "tanh" ? "gelu_tanh" : "gelu"), 0.0f, 0.0f);
}

std::unique_ptr<Op> make_clip_attributes(const NodeView& node) {
  node.need_inputs(1, 1);
  constexpr float most = std::numeric_limits<float>::max();
  return std::make_unique<Unary>(node, eltwise("clip"), node.real("min", -most), node.real("max", most));
}

std::unique_ptr<Op> make_clip(const NodeView& node) {
  node.need_inputs(1, 3);
  if (node.type(0).dtype == Dtype::i64) {
    const auto bound = [&](std::size_t i, std::int64_t fallback) {
      if (!node.has(i)) return fallback;
      constant_scalar(node, i, i == 1 ? "min" : "max");
      return node.constant_integers(i)[0];
    };
    const auto clip = [](std::int64_t x, std::int64_t low, std::int64_t high) { return std::min(std::max(x, low), high); };
    using Limits = std::numeric_limits<std::int64_t>;
    return std::make_unique<IntegerUnary>(node, clip, bound(1, Limits::min()), bound(2, Limits::max()));
  }
  constexpr float infinity = std::numeric_limits<float>::infinity();
  const float low = node.has(1) ? static_cast<float>(constant_scalar(node, 1, "min")) : -infinity;
  const float high = node.has(2) ? static_cast<float>(constant_scalar(node, 2, "max")) : infinity;
  return std::make_unique<Unary>(node, eltwise("clip"), low, high);
}

}  // namespace

std::unique_ptr<Op> make_elementwise(const NodeView& node, const Eltwise& f, float a, float b) {
  return std::make_unique<Unary>(node, f, a, b);
}

void add_unary(OpTable& table) {
  for (const Row& row : rows())
    for (const int version : row.versions) table.add(row.name, version, make_row);
  table.add("Gelu", 20, make_gelu);
  table.add("Clip", 6, make_clip_attributes);
  for (const int version : {11, 12, 13}) table.add("Clip", version, make_clip);
}

}  // namespace lehr
