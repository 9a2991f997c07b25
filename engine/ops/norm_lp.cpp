// LpNormalization: y = x / ||x||_p along one axis, p 1 or 2; 0 where the norm is 0.
#include <cmath>

#include "engine/ops/inputs.h"
#include "engine/ops/norm.h"

namespace lehr {

namespace {

struct Layout {
  std::int64_t outer = 1, length = 1, inner = 1;
  bool squares = true;
};

// body(first element, number of the line)
template <class Body>
void each_line(const Layout& l, const Body& body) {
  for (std::int64_t o = 0; o < l.outer; ++o)
    for (std::int64_t i = 0; i < l.inner; ++i) body(o * l.length * l.inner + i, o * l.inner + i);
}

void forward_lines(const Layout& l, const float* x, float* y, float* inverse) {
  each_line(l, [=](std::int64_t at, std::int64_t line) {
    double norm = 0;
    for (std::int64_t k = 0; k < l.length; ++k) {
      const double v = x[at + k * l.inner];
      norm += l.squares ? v * v : std::abs(v);
    }
    inverse[line] = norm == 0 ? 0.0f : static_cast<float>(1 / (l.squares ? std::sqrt(norm) : norm));
    for (std::int64_t k = 0; k < l.length; ++k) y[at + k * l.inner] = x[at + k * l.inner] * inverse[line];
  });
}

// dx = (dy - d||x||/dx sum(dy y)) / ||x||, where d||x||/dx is y (p = 2) or the sign of x (p = 1).
void backward_lines(const Layout& l, const float* y, const float* inverse, const float* dy, float* dx, bool add) {
  each_line(l, [=](std::int64_t at, std::int64_t line) {
    double dot = 0;
    for (std::int64_t k = 0; k < l.length; ++k) dot += dy[at + k * l.inner] * y[at + k * l.inner];
    for (std::int64_t k = 0; k < l.length; ++k) {
      const std::int64_t j = at + k * l.inner;
      const float slope = l.squares ? y[j] : y[j] > 0 ? 1.0f : y[j] < 0 ? -1.0f : 0.0f;
      const float d = inverse[line] * (dy[j] - slope * static_cast<float>(dot));
      dx[j] = add ? dx[j] + d : d;
    }
  });
}

class LpNormalization final : public Op {
 public:
  explicit LpNormalization(const NodeView& node) : type_(node.type(0)) {
    node.need_inputs(1, 1);
    need_float(node, 0);
    const std::int64_t p = node.integer("p", 2);
    if (p != 1 && p != 2) throw Error("attribute 'p' is ", p, ", 1 or 2 is needed");
    layout_.squares = p == 2;
    const Shape& x = type_.shape;
    const std::size_t axis = axis_of(node.integer("axis", -1), x.size());
    for (std::size_t i = 0; i < x.size(); ++i) (i < axis ? layout_.outer : i == axis ? layout_.length : layout_.inner) *= x[i];
  }
  std::vector<TensorType> infer() const override { return {type_}; }

  void forward(Emit& e) const override {
    const Buffer x = e.in(0), y = e.out(0), inverse = e.keep({Dtype::f32, {layout_.outer * layout_.inner}}, "1/norm");
    e.memo() = inverse;
    e.step({"Lp norm", "own", 3.0 * static_cast<double>(elements(type_.shape))}, {x}, {y, inverse}, [=, l = layout_](const Memory& m) -> Run {
      return [l, px = m.f32(x), py = m.f32(y), pi = m.f32(inverse)] { forward_lines(l, px, py, pi); };
    });
  }
  void backward(Emit& e) const override {
    const Buffer y = e.out(0), dy = e.grad_out(0), inverse = std::any_cast<Buffer>(e.memo());
    const Target dx = e.grad_in(0);
    std::vector<Buffer> reads{y, dy, inverse};
    if (dx.add) reads.push_back(dx.buffer);
    e.step({"Lp norm dX", "own", 4.0 * static_cast<double>(elements(type_.shape))}, reads, {dx.buffer}, [=, l = layout_](const Memory& m) -> Run {
      return [l, py = m.f32(y), pi = m.f32(inverse), g = m.f32(dy), to = m.f32(dx.buffer), add = dx.add] { backward_lines(l, py, pi, g, to, add); };
    });
  }

 private:
  TensorType type_;
  Layout layout_;
};

}  // namespace

void add_lp_norm(OpTable& table) {
  for (const int version : {1, 22})
    table.add("LpNormalization", version, [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<LpNormalization>(node); });
}

}  // namespace lehr
