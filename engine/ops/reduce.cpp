// Reduce*: over the axes given (attribute before 18, 13 for ReduceSum; input since), all of them if none are; GlobalAveragePool and
// GlobalMaxPool: over all spatial axes.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/ops/binary_walk.h"
#include "engine/ops/families.h"
#include "engine/ops/inputs.h"
#include "engine/ops/narrow.h"
#include "engine/plan/emit.h"

namespace lehr {

namespace {

enum class Kind { mean, sum, max, min, prod, l1, l2, sum_square, log_sum, log_sum_exp };
constexpr double infinity = std::numeric_limits<double>::infinity();

// Row-major order over the input; operand 0 is the output, which stands still along reduced axes.
struct Reduction {
  Kind kind = Kind::sum;
  Walk<1> walk;
  std::int64_t in = 0, out = 0;  // elements
  double count() const { return out == 0 ? 1.0 : static_cast<double>(in) / static_cast<double>(out); }
};

// acc[out] = join(acc[out], term(x, out)) over all elements of x.
template <class X, class Acc, class Term, class Join>
void accumulate(const Reduction& r, const X* x, Acc* acc, Acc start, const Term& term, const Join& join) {
  std::fill(acc, acc + r.out, start);
  const std::int64_t n = r.walk.columns;
  r.walk.each_row(0, r.walk.rows, [&](std::int64_t at, const std::array<std::int64_t, 1>& to) {
    if (r.walk.inner_step[0] != 0) {
      for (std::int64_t i = 0; i < n; ++i) acc[to[0] + i] = join(acc[to[0] + i], term(x[at + i], to[0] + i));
      return;
    }
    Acc part[4] = {start, start, start, start};
    std::int64_t i = 0;
    for (; i + 4 <= n; i += 4)
      for (std::int64_t k = 0; k < 4; ++k) part[k] = join(part[k], term(x[at + i + k], to[0]));
    for (; i < n; ++i) part[0] = join(part[0], term(x[at + i], to[0]));
    acc[to[0]] = join(acc[to[0]], join(join(part[0], part[1]), join(part[2], part[3])));
  });
}

constexpr auto plus = [](auto a, auto b) { return a + b; };
constexpr auto times = [](auto a, auto b) { return a * b; };
constexpr auto larger = [](auto a, auto b) { return a > b || a != a ? a : b; };   // NaN wins
constexpr auto smaller = [](auto a, auto b) { return a < b || a != a ? a : b; };
constexpr auto itself = [](auto x, std::int64_t) { return static_cast<double>(x); };

// y[out] from x; acc and pivot are scratch of `out` doubles.
void reduce(const Reduction& r, const float* x, float* y, double* acc, double* pivot) {
  const auto square = [](float v, std::int64_t) { return static_cast<double>(v) * v; };
  switch (r.kind) {
    case Kind::mean: case Kind::sum: case Kind::log_sum: accumulate(r, x, acc, 0.0, itself, plus); break;
    case Kind::prod: accumulate(r, x, acc, 1.0, itself, times); break;
    case Kind::max: accumulate(r, x, acc, -infinity, itself, larger); break;
    case Kind::min: accumulate(r, x, acc, infinity, itself, smaller); break;
    case Kind::l1: accumulate(r, x, acc, 0.0, [](float v, std::int64_t) { return std::abs(static_cast<double>(v)); }, plus); break;
    case Kind::l2: case Kind::sum_square: accumulate(r, x, acc, 0.0, square, plus); break;
    case Kind::log_sum_exp:
      accumulate(r, x, pivot, -infinity, itself, larger);
      for (std::int64_t i = 0; i < r.out; ++i)
        if (std::isinf(pivot[i])) pivot[i] = 0;
      accumulate(r, x, acc, 0.0, [pivot](float v, std::int64_t at) { return std::exp(v - pivot[at]); }, plus);
      break;
  }
  for (std::int64_t i = 0; i < r.out; ++i) {
    double v = acc[i];
    if (r.kind == Kind::mean) v /= r.count();
    if (r.kind == Kind::l2) v = std::sqrt(v);
    if (r.kind == Kind::log_sum) v = std::log(v);
    if (r.kind == Kind::log_sum_exp) v = pivot[i] + std::log(v);
    y[i] = static_cast<float>(v);
  }
}

void reduce(const Reduction& r, const std::int64_t* x, std::int64_t* y) {
  using U = std::uint64_t;  // wraps
  const auto same = [](std::int64_t v, std::int64_t) { return v; };
  const auto add = [](std::int64_t a, std::int64_t b) { return static_cast<std::int64_t>(U(a) + U(b)); };
  const auto multiply = [](std::int64_t a, std::int64_t b) { return static_cast<std::int64_t>(U(a) * U(b)); };
  using Limits = std::numeric_limits<std::int64_t>;
  if (r.kind == Kind::sum) accumulate(r, x, y, std::int64_t{0}, same, add);
  if (r.kind == Kind::prod) accumulate(r, x, y, std::int64_t{1}, same, multiply);
  if (r.kind == Kind::max) accumulate(r, x, y, Limits::min(), same, [](std::int64_t a, std::int64_t b) { return std::max(a, b); });
  if (r.kind == Kind::min) accumulate(r, x, y, Limits::max(), same, [](std::int64_t a, std::int64_t b) { return std::min(a, b); });
}

// dx (+)= slope(x, out) for every element.
template <class Slope>
void spread(const Reduction& r, const float* x, float* dx, bool add, const Slope& slope) {
  const std::int64_t n = r.walk.columns, step = r.walk.inner_step[0];
  r.walk.each_row(0, r.walk.rows, [&](std::int64_t at, const std::array<std::int64_t, 1>& from) {
    for (std::int64_t i = 0; i < n; ++i) {
      const auto d = static_cast<float>(slope(x[at + i], from[0] + i * step));
      dx[at + i] = add ? dx[at + i] + d : d;
    }
  });
}

// Equal extremes share the gradient; through a product with one zero only that element gets any.
void reduce_backward(const Reduction& r, const float* x, const float* y, const float* g, float* dx, bool add, double* acc, double* zeros) {
  const auto ties = [&] { accumulate(r, x, acc, 0.0, [y](float v, std::int64_t at) { return v == y[at] ? 1.0 : 0.0; }, plus); };
  switch (r.kind) {
    case Kind::sum: return spread(r, x, dx, add, [=](float, std::int64_t at) { return g[at]; });
    case Kind::mean: return spread(r, x, dx, add, [=, by = static_cast<float>(1 / r.count())](float, std::int64_t at) { return g[at] * by; });
    case Kind::l1: return spread(r, x, dx, add, [=](float v, std::int64_t at) { return v > 0 ? g[at] : v < 0 ? -g[at] : 0.0f; });
    case Kind::l2: return spread(r, x, dx, add, [=](float v, std::int64_t at) { return y[at] == 0 ? 0.0f : g[at] * (v / y[at]); });
    case Kind::sum_square: return spread(r, x, dx, add, [=](float v, std::int64_t at) { return 2 * g[at] * v; });
    case Kind::log_sum: return spread(r, x, dx, add, [=](float, std::int64_t at) { return g[at] / std::exp(static_cast<double>(y[at])); });
    case Kind::log_sum_exp: return spread(r, x, dx, add, [=](float v, std::int64_t at) { return g[at] * std::exp(static_cast<double>(v) - y[at]); });
    case Kind::max: case Kind::min:
      ties();
      return spread(r, x, dx, add, [=](float v, std::int64_t at) { return v == y[at] ? g[at] / acc[at] : 0.0; });
    case Kind::prod:
      accumulate(r, x, zeros, 0.0, [](float v, std::int64_t) { return v == 0 ? 1.0 : 0.0; }, plus);
      accumulate(r, x, acc, 1.0, [](float v, std::int64_t) { return v == 0 ? 1.0 : static_cast<double>(v); }, times);
      return spread(r, x, dx, add, [=](float v, std::int64_t at) {
        if (zeros[at] == 0) return g[at] * acc[at] / v;
        return zeros[at] == 1 && v == 0 ? g[at] * acc[at] : 0.0;
      });
  }
}

class Reduce final : public Op {
 public:
  Reduce(const NodeView& node, Kind kind, const std::vector<bool>& reduced, bool keep) : type_(node.type(0)) {
    Shape kept, out;
    for (std::size_t i = 0; i < type_.shape.size(); ++i) {
      kept.push_back(reduced[i] ? 1 : type_.shape[i]);
      if (keep || !reduced[i]) out.push_back(kept.back());
    }
    out_ = {type_.dtype, out};
    r_ = {kind, make_walk<1>(type_.shape, {kept}), elements(type_.shape), elements(out)};
    const bool whole = kind == Kind::sum || kind == Kind::prod || kind == Kind::max || kind == Kind::min;
    if (type_.dtype != Dtype::f32 && !(type_.dtype == Dtype::i64 && whole)) throw Error("is not defined for ", name(node.file_type(0)), " inputs");
  }
  std::vector<TensorType> infer() const override { return {out_}; }
  bool differentiable(std::size_t i) const override { return i == 0 && type_.dtype == Dtype::f32; }

  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (!in[0]) return {};
    Tensor out(out_);
    if (type_.dtype == Dtype::i64) {
      reduce(r_, in[0]->as<std::int64_t>().data(), out.as<std::int64_t>().data());
    } else {
      std::vector<double> scratch(static_cast<std::size_t>(2 * r_.out));
      reduce(r_, in[0]->as<float>().data(), out.as<float>().data(), scratch.data(), scratch.data() + r_.out);
    }
    return {out};
  }

  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0), scratch = doubles(e);
    e.step({"reduce", "own", static_cast<double>(r_.in)}, {in}, {out, scratch}, [=, r = r_, integers = type_.dtype == Dtype::i64](const Memory& m) -> Run {
      if (integers) return [r, x = m.i64(in), y = m.i64(out)] { reduce(r, x, y); };
      return [r, x = m.f32(in), y = m.f32(out), s = reinterpret_cast<double*>(m.at(scratch))] { reduce(r, x, y, s, s + r.out); };
    });
  }

  void backward(Emit& e) const override {
    const bool simple = r_.kind == Kind::sum || r_.kind == Kind::mean;
    const Buffer g = e.grad_out(0), in = simple ? g : e.in(0), out = simple ? g : e.out(0), scratch = doubles(e);
    const Target dx = e.grad_in(0);
    std::vector<Buffer> reads{g, in, out};
    if (dx.add) reads.push_back(dx.buffer);
    e.step({"reduce dX", "own", static_cast<double>(r_.in)}, reads, {dx.buffer, scratch}, [=, r = r_](const Memory& m) -> Run {
      const float* x = simple ? m.f32(dx.buffer) : m.f32(in);  // sum and mean do not look at x
      return [r, x, y = m.f32(out), pg = m.f32(g), to = m.f32(dx.buffer), add = dx.add, s = reinterpret_cast<double*>(m.at(scratch))] {
        reduce_backward(r, x, y, pg, to, add, s, s + r.out);
      };
    });
  }

 private:
  Buffer doubles(Emit& e) const { return e.temp(static_cast<std::size_t>(std::max<std::int64_t>(1, 2 * r_.out)) * sizeof(double)); }
  TensorType type_, out_;
  Reduction r_;
};

// With noop_with_empty_axes and no axes.
class Unchanged final : public Op {
 public:
  explicit Unchanged(const NodeView& node) : type_(node.type(0)) {}
  std::vector<TensorType> infer() const override { return {type_}; }
  bool differentiable(std::size_t i) const override { return i == 0 && type_.dtype == Dtype::f32; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override { return in[0] ? std::vector<Tensor>{*in[0]} : std::vector<Tensor>{}; }
  void forward(Emit& e) const override { e.alias_out(); }
  void backward(Emit& e) const override {
    if (e.alias_grad()) return;
    const Buffer g = e.grad_out(0);
    const Target dx = e.grad_in(0);
    std::vector<Buffer> reads{g};
    if (dx.add) reads.push_back(dx.buffer);
    e.step({"copy", "own", 0}, reads, {dx.buffer}, [g, dx, n = elements(type_.shape)](const Memory& m) -> Run {
      return [from = m.f32(g), to = m.f32(dx.buffer), add = dx.add, n] {
        for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] + (add ? to[i] : 0.0f);
      };
    });
  }

 private:
  TensorType type_;
};

const std::vector<std::pair<std::string, Kind>>& kinds() {
  static const std::vector<std::pair<std::string, Kind>> table{
      {"ReduceMean", Kind::mean}, {"ReduceSum", Kind::sum}, {"ReduceMax", Kind::max}, {"ReduceMin", Kind::min}, {"ReduceProd", Kind::prod},
      {"ReduceL1", Kind::l1}, {"ReduceL2", Kind::l2}, {"ReduceSumSquare", Kind::sum_square}, {"ReduceLogSum", Kind::log_sum},
      {"ReduceLogSumExp", Kind::log_sum_exp}};
  return table;
}

std::unique_ptr<Op> make(const NodeView& node, bool axes_as_input) {
  node.need_inputs(1, axes_as_input ? 2 : 1);
  const auto axes = !axes_as_input ? node.integers("axes") : node.has(1) ? node.constant_integers(1) : std::vector<std::int64_t>();
  if (axes.empty() && axes_as_input && node.integer("noop_with_empty_axes", 0) != 0) return std::make_unique<Unchanged>(node);
  const std::size_t rank = node.shape(0).size();
  std::vector<bool> reduced(rank, axes.empty());
  for (const std::int64_t axis : axes) {
    const std::size_t at = axis_of(axis, rank);
    if (reduced[at]) throw Error("axes are ", axes, ": axis ", at, " is there twice");
    reduced[at] = true;
  }
  for (const auto& [name, kind] : kinds())
    if (name == node.op()) return wrapping(node, std::make_unique<Reduce>(node, kind, reduced, node.integer("keepdims", 1) != 0));
  throw Error("no such reduction");
}
std::unique_ptr<Op> by_attribute(const NodeView& node) { return make(node, false); }
std::unique_ptr<Op> by_input(const NodeView& node) { return make(node, true); }

// Over all spatial axes of [N,C,…], which stay as 1.
std::unique_ptr<Op> global(const NodeView& node) {
  node.need_inputs(1, 1);
  const Shape& x = node.shape(0);
  if (node.type(0).dtype != Dtype::f32 || x.size() < 3)
    throw Error("X is ", node.told(0), ", floats of [N,C,…] with at least one spatial axis are needed");
  if (elements(x) == 0) throw Error("X is ", x, ", it has no elements");
  std::vector<bool> reduced(x.size(), true);
  reduced[0] = reduced[1] = false;
  return std::make_unique<Reduce>(node, node.op() == "GlobalMaxPool" ? Kind::max : Kind::mean, reduced, true);
}

}  // namespace

void add_reduce(OpTable& table) {
  for (const auto& [name, kind] : kinds()) {
    for (const int version : {1, 11}) table.add(name, version, by_attribute);
    table.add(name, 13, kind == Kind::sum ? by_input : by_attribute);
    if (kind != Kind::sum) table.add(name, 18, by_input);
    if (kind != Kind::max && kind != Kind::min) continue;
    table.add(name, 12, by_attribute);
    table.add(name, 20, by_input);
  }
  for (const char* name : {"GlobalAveragePool", "GlobalMaxPool"})
    for (const int version : {1, 22}) table.add(name, version, global);
}

}  // namespace lehr
