// ArgMax, ArgMin, TopK, OneHot: from values to places along an axis and back.
#include <cmath>

#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

// a before b: NaN first, then the larger (or smaller) one. Total, so that sorting is safe on any data.
template <class T>
bool before(T a, T b, bool largest) {
  if constexpr (std::is_same_v<T, float>)
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
  return largest ? a > b : a < b;
}

template <class T>
void arg(const T* in, std::int64_t* out, const Span3& s, bool largest, bool last) {
  for (std::int64_t o = 0; o < s.outer; ++o)
    for (std::int64_t i = 0; i < s.inner; ++i) {
      const T* x = in + o * s.size * s.inner + i;
      std::int64_t best = 0;
      for (std::int64_t k = 1; k < s.size; ++k)
        if (before(x[k * s.inner], x[best * s.inner], largest) || (last && !before(x[best * s.inner], x[k * s.inner], largest))) best = k;
      out[o * s.inner + i] = best;
    }
}
void arg(Dtype dtype, const std::byte* in, std::int64_t* out, const Span3& s, bool largest, bool last) {
  if (dtype == Dtype::f32)
    arg(reinterpret_cast<const float*>(in), out, s, largest, last);
  else
    arg(reinterpret_cast<const std::int64_t*>(in), out, s, largest, last);
}

void need_numbers(const NodeView& node) {
  if (node.type(0).dtype == Dtype::boolean) throw Error("input 0 (", quote(node.input_name(0)), ") is bool, numbers are needed");
}

class Arg : public Op {
 public:
  Arg(const NodeView& node, bool largest) : in_(node.type(0)), largest_(largest), last_(node.integer("select_last_index", 0) != 0) {
    node.need_inputs(1, 1);
    need_numbers(node);
    const std::size_t axis = axis_of(node.integer("axis", 0), in_.shape.size());
    if (in_.shape[axis] == 0) throw Error("axis ", axis, " of ", in_.shape, " is empty");
    around_ = around(in_.shape, axis);
    out_ = in_.shape;
    if (node.integer("keepdims", 1) != 0)
      out_[axis] = 1;
    else
      out_.erase(out_.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  std::vector<TensorType> infer() const override { return {{Dtype::i64, out_}}; }
  bool differentiable(std::size_t) const override { return false; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (in[0] == nullptr || in[0]->size() > fold_limit) return {};
    Tensor out(infer()[0]);
    arg(in_.dtype, in[0]->data.data(), out.as<std::int64_t>().data(), around_, largest_, last_);
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({.what = "arg", .impl = "loop"}, {in}, {out}, [in, out, dtype = in_.dtype, s = around_, largest = largest_, last = last_](const Memory& m) -> Run {
      return [x = m.at(in), y = m.i64(out), dtype, s, largest, last] { arg(dtype, x, y, s, largest, last); };
    });
  }

 private:
  TensorType in_;
  Shape out_;
  Span3 around_;
  bool largest_, last_;
};

// The k first of each line in order, equal ones by index. `order` has room for one line.
template <class T>
void top(const T* in, T* values, std::int64_t* places, std::int64_t* order, const Span3& s, std::int64_t k, bool largest) {
  for (std::int64_t o = 0; o < s.outer; ++o)
    for (std::int64_t i = 0; i < s.inner; ++i) {
      const T* x = in + o * s.size * s.inner + i;
      std::iota(order, order + s.size, std::int64_t{0});
      std::partial_sort(order, order + k, order + s.size, [&](std::int64_t a, std::int64_t b) {
        const T p = x[a * s.inner], q = x[b * s.inner];
        return before(p, q, largest) || (!before(q, p, largest) && a < b);
      });
      for (std::int64_t j = 0; j < k; ++j) {
        const std::int64_t at = (o * k + j) * s.inner + i;
        values[at] = x[order[j] * s.inner];
        places[at] = order[j];
      }
    }
}

class TopK : public Op {
 public:
  TopK(const NodeView& node, std::int64_t k) : type_(node.type(0)), k_(k), largest_(node.integer("largest", 1) != 0) {
    need_numbers(node);
    const std::size_t axis = axis_of(node.integer("axis", -1), type_.shape.size());
    around_ = around(type_.shape, axis);
    if (k < 0 || k > around_.size) throw Error("k is ", k, " but axis ", axis, " of ", type_.shape, " has ", around_.size, " elements");
    out_ = type_.shape;
    out_[axis] = k;
  }
  std::vector<TensorType> infer() const override { return {{type_.dtype, out_}, {Dtype::i64, out_}}; }
  bool differentiable(std::size_t i) const override { return i == 0 && type_.dtype == Dtype::f32; }

  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (in[0] == nullptr || in[0]->size() > fold_limit) return {};
    std::vector<Tensor> out{Tensor({type_.dtype, out_}), Tensor({Dtype::i64, out_})};
    std::vector<std::int64_t> order(static_cast<std::size_t>(around_.size));
    run(type_.dtype, in[0]->data.data(), out[0].data.data(), out[1].as<std::int64_t>().data(), order.data(), around_, k_, largest_);
    return out;
  }
  void forward(Emit& e) const override {
    const auto room = [&](Dtype dtype) { return e.keep({dtype, out_}, "selection"); };
    const Buffer in = e.in(0), values = e.has_out(0) ? e.out(0) : room(type_.dtype), places = e.has_out(1) ? e.out(1) : room(Dtype::i64);
    const Buffer order = e.temp(static_cast<std::size_t>(around_.size) * sizeof(std::int64_t));
    e.memo() = places;
    e.step({.what = "top k", .impl = "loop"}, {in}, {values, places, order},
           [in, values, places, order, dtype = type_.dtype, s = around_, k = k_, largest = largest_](const Memory& m) -> Run {
             return [x = m.at(in), v = m.at(values), p = m.i64(places), o = m.i64(order), dtype, s, k, largest] { run(dtype, x, v, p, o, s, k, largest); };
           });
  }
  void backward(Emit& e) const override {
    if (!e.wants(0)) return;
    if (!e.has_grad(0)) return zero_grad(e, 0);
    const Target target = e.grad_in(0);
    const Buffer places = std::any_cast<Buffer>(e.memo()), grad = e.grad_out(0);
    std::vector<Buffer> reads{places, grad};
    if (target.add) reads.push_back(target.buffer);
    e.step({.what = "scatter-add", .impl = "loop"}, std::move(reads), {target.buffer}, [target, places, grad, s = around_, k = k_](const Memory& m) -> Run {
      return [to = m.f32(target.buffer), p = m.i64(places), g = m.f32(grad), add = target.add, s, k] {
        if (!add) std::fill_n(to, s.outer * s.size * s.inner, 0.0f);
        for (std::int64_t r = 0; r < s.outer * k * s.inner; ++r) to[(r / (k * s.inner) * s.size + p[r]) * s.inner + r % s.inner] += g[r];
      };
    });
  }

 private:
  static void run(Dtype dtype, const std::byte* in, std::byte* values, std::int64_t* places, std::int64_t* order, const Span3& s, std::int64_t k,
                  bool largest) {
    if (dtype == Dtype::f32)
      top(reinterpret_cast<const float*>(in), reinterpret_cast<float*>(values), places, order, s, k, largest);
    else
      top(reinterpret_cast<const std::int64_t*>(in), reinterpret_cast<std::int64_t*>(values), places, order, s, k, largest);
  }
  TensorType type_;
  Shape out_;
  Span3 around_;
  std::int64_t k_;
  bool largest_;
};

std::unique_ptr<Op> top_k_1(const NodeView& node) { return node.need_inputs(1, 1), std::make_unique<TopK>(node, node.integer("k")); }
std::unique_ptr<Op> top_k_10(const NodeView& node) { return node.need_inputs(2, 2), std::make_unique<TopK>(node, constant_integer(node, 1)); }

// values = [off, on]; a new axis of `depth` holds `on` at the index and `off` elsewhere, everywhere for an index out of range.
class OneHot : public Op {
 public:
  explicit OneHot(const NodeView& node) : in_(node.type(0)) {
    node.need_inputs(3, 3);
    const Tensor *depth = node.constant(1), *values = node.constant(2);
    if (!depth || !values) throw Error("depth and values must be known before the run");
    if (depth->size() != 1 || values->size() != 2) throw Error("depth ", depth->shape(), " and values ", values->shape(), " must have 1 and 2 elements");
    values_ = *values;
    const double size = depth->doubles()[0];
    if (!(size >= 0 && size < 0x1p40)) throw Error("depth ", size, " is no size of an axis");
    out_ = in_.shape;
    const std::size_t axis = axis_of(node.integer("axis", -1), out_.size() + 1);
    out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(axis), static_cast<std::int64_t>(size));
    elements(out_);
    around_ = around(out_, axis);
  }
  std::vector<TensorType> infer() const override { return {{values_.type.dtype, out_}}; }
  bool differentiable(std::size_t) const override { return false; }
  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (in[0] == nullptr || elements(out_) > fold_limit) return {};
    Tensor out(infer()[0]);
    run(in_.dtype, in[0]->data.data(), out.data.data(), around_, values_);
    return {out};
  }
  void forward(Emit& e) const override {
    const Buffer in = e.in(0), out = e.out(0);
    e.step({.what = "one-hot", .impl = "loop"}, {in}, {out}, [in, out, dtype = in_.dtype, s = around_, values = values_](const Memory& m) -> Run {
      return [x = m.at(in), y = m.at(out), dtype, s, values] { run(dtype, x, y, s, values); };
    });
  }

 private:
  static std::int64_t index(Dtype dtype, const std::byte* in, std::int64_t at) {
    if (dtype == Dtype::i64) return reinterpret_cast<const std::int64_t*>(in)[at];
    if (dtype == Dtype::boolean) return static_cast<std::int64_t>(in[at]);
    const float v = reinterpret_cast<const float*>(in)[at];
    return std::fabs(v) < 0x1p40f ? static_cast<std::int64_t>(v) : std::int64_t{-1} << 41;  // NaN: out of range
  }
  static void run(Dtype dtype, const std::byte* in, std::byte* out, const Span3& s, const Tensor& values) {
    const std::size_t width = bytes(values.type.dtype);
    fill(out, s.outer * s.size * s.inner, width, values.data.data());
    for (std::int64_t o = 0; o < s.outer; ++o)
      for (std::int64_t i = 0; i < s.inner; ++i) {
        std::int64_t at = index(dtype, in, o * s.inner + i);
        if (at < 0 && at >= -s.size) at += s.size;
        if (at < 0 || at >= s.size) continue;
        std::memcpy(out + static_cast<std::size_t>((o * s.size + at) * s.inner + i) * width, values.data.data() + width, width);
      }
  }
  TensorType in_;
  Tensor values_;
  Shape out_;
  Span3 around_;
};

}  // namespace

void add_select(OpTable& table) {
  table.add("ArgMax", [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Arg>(node, true); });
  table.add("ArgMin", [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<Arg>(node, false); });
  table.add("TopK", 1, top_k_1);
  table.add("TopK", 10, top_k_10);
  table.add("OneHot", 9, [](const NodeView& node) -> std::unique_ptr<Op> { return std::make_unique<OneHot>(node); });
}

}  // namespace lehr
