// Softmax and LogSoftmax along one axis (since 13) or over everything from `axis` on (before).
#include <algorithm>
#include <cmath>

#include "engine/kernels/eltwise.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/parallel.h"
#include "engine/plan/emit.h"

namespace lehr {

namespace {

// [outer, classes, inner], normalised over classes.
struct Layout {
  std::int64_t outer = 1, classes = 1, inner = 1;
  std::int64_t block() const { return classes * inner; }
};

using Exp = decltype(Eltwise::forward);

// One block: y = exp(x - max), and 1/sum, per inner element.
void exponentials(const Layout& l, Exp exp, const float* x, float* y, float* top, float* sum) {
  std::copy(x, x + l.inner, top);
  for (std::int64_t c = 1; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) top[i] = std::max(top[i], x[c * l.inner + i]);
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) y[c * l.inner + i] = x[c * l.inner + i] - top[i];
  exp(y, y, l.block(), 0, 0);
  std::fill(sum, sum + l.inner, 0.0f);
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) sum[i] += y[c * l.inner + i];
}

void softmax(const Layout& l, Exp exp, const float* x, float* y, float* top, float* sum) {
  exponentials(l, exp, x, y, top, sum);
  for (std::int64_t i = 0; i < l.inner; ++i) sum[i] = 1 / sum[i];
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) y[c * l.inner + i] *= sum[i];
}
void log_softmax(const Layout& l, Exp exp, const float* x, float* y, float* top, float* sum) {
  exponentials(l, exp, x, y, top, sum);
  for (std::int64_t i = 0; i < l.inner; ++i) sum[i] = std::log(sum[i]);
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) y[c * l.inner + i] = x[c * l.inner + i] - top[i] - sum[i];
}

// dx (+)= y (dy - sum(dy y)), y in `p`.
void softmax_backward(const Layout& l, const float* p, const float* dy, float* dx, float* sum, bool add) {
  std::fill(sum, sum + l.inner, 0.0f);
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) sum[i] += dy[c * l.inner + i] * p[c * l.inner + i];
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) {
      const std::int64_t k = c * l.inner + i;
      dx[k] = p[k] * (dy[k] - sum[i]) + (add ? dx[k] : 0.0f);
    }
}
// dx (+)= dy - exp(y) sum(dy), exp(y) in `p`.
void log_softmax_backward(const Layout& l, const float* p, const float* dy, float* dx, float* sum, bool add) {
  std::fill(sum, sum + l.inner, 0.0f);
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) sum[i] += dy[c * l.inner + i];
  for (std::int64_t c = 0; c < l.classes; ++c)
    for (std::int64_t i = 0; i < l.inner; ++i) {
      const std::int64_t k = c * l.inner + i;
      dx[k] = dy[k] - p[k] * sum[i] + (add ? dx[k] : 0.0f);
    }
}

class Softmax final : public Op {
 public:
  Softmax(const NodeView& node, Layout layout, bool log) : type_(node.type(0)), layout_(layout), log_(log) {}
  std::vector<TensorType> infer() const override { return {type_}; }

  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0), scratch = per_inner(e, 2);
    e.step({log_ ? "log softmax" : "softmax", "own", 4 * count()}, {in}, {out, scratch},
           [=, l = layout_, log = log_, exp = eltwise("exp").forward, threads = e.threads()](const Memory& m) -> Run {
             return [=, x = m.f32(in), y = m.f32(out), s = m.f32(scratch)] {
               each_block(l, threads, [&](std::int64_t b) {
                 (log ? log_softmax : softmax)(l, exp, x + b * l.block(), y + b * l.block(), s + 2 * b * l.inner, s + (2 * b + 1) * l.inner);
               });
             };
           });
  }

  void backward(Emit& e) const override {
    const Buffer y = e.out(0), dy = e.grad_out(0), sums = per_inner(e, 1);
    const Buffer p = log_ ? e.temp(static_cast<std::size_t>(elements(type_.shape)) * sizeof(float)) : y;
    const Target dx = e.grad_in(0);
    std::vector<Buffer> reads{y, dy}, writes{dx.buffer, sums};
    if (dx.add) reads.push_back(dx.buffer);
    if (log_) writes.push_back(p);
    e.step({log_ ? "log softmax dX" : "softmax dX", "own", 4 * count()}, reads, writes,
           [=, l = layout_, log = log_, exp = eltwise("exp").forward, threads = e.threads()](const Memory& m) -> Run {
             return [=, py = m.f32(y), pp = m.f32(p), g = m.f32(dy), to = m.f32(dx.buffer), s = m.f32(sums), add = dx.add] {
               each_block(l, threads, [&](std::int64_t b) {
                 const std::int64_t at = b * l.block();
                 if (log) exp(py + at, pp + at, l.block(), 0, 0);
                 (log ? log_softmax_backward : softmax_backward)(l, pp + at, g + at, to + at, s + b * l.inner, add);
               });
             };
           });
  }

 private:
  double count() const { return static_cast<double>(elements(type_.shape)); }
  Buffer per_inner(Emit& e, std::int64_t arrays) const {
    return e.temp(static_cast<std::size_t>(std::max<std::int64_t>(1, arrays * layout_.outer * layout_.inner)) * sizeof(float));
  }
  template <class Body>
  static void each_block(const Layout& l, int threads, const Body& body) {
    if (l.block() == 0) return;
    in_parallel(l.outer, threads, std::max<std::int64_t>(1, 4096 / l.block()), [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t b = begin; b < end; ++b) body(b);
    });
  }
  TensorType type_;
  Layout layout_;
  bool log_;
};

std::int64_t product(const Shape& shape, std::size_t begin, std::size_t end) {
  return elements(Shape(shape.begin() + static_cast<std::ptrdiff_t>(begin), shape.begin() + static_cast<std::ptrdiff_t>(end)));
}

std::unique_ptr<Op> make(const NodeView& node, bool one_axis) {
  node.need_inputs(1, 1);
  need_float(node, 0);
  const Shape& shape = node.shape(0);
  Layout l;
  if (!shape.empty() || node.has_attr("axis")) {
    const std::size_t axis = axis_of(node.integer("axis", one_axis ? -1 : shape.size() == 1 ? 0 : 1), shape.size());
    l = {product(shape, 0, axis), one_axis ? shape[axis] : product(shape, axis, shape.size()), one_axis ? product(shape, axis + 1, shape.size()) : 1};
  }
  return std::make_unique<Softmax>(node, l, node.op() == "LogSoftmax");
}

}  // namespace

void add_softmax(OpTable& table) {
  for (const char* name : {"Softmax", "LogSoftmax"}) {
    for (const int version : {1, 11}) table.add(name, version, [](const NodeView& node) { return make(node, false); });
    table.add(name, 13, [](const NodeView& node) { return make(node, true); });
  }
}

}  // namespace lehr
