// Gather, GatherElements, GatherND, ArrayFeatureExtractor: the result is rows of contiguous elements looked up by index.
#include <limits>

#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

// Row r begins at  sum over terms of (r / every mod size) * step  +  sum over c of index(r mod period, c) * strides[c];
// an index of component c lies in [-limits[c], limits[c]). Nothing here is as large as the result.
struct Lookup {
  struct Term {
    std::int64_t every, size, step;
  };
  std::int64_t rows = 0, inner = 1, period = 1;
  std::vector<Term> terms;
  std::vector<std::int64_t> strides, limits;

  // offsets[r]: where row r begins, -1 if an index is out of range.
  void resolve(const std::int64_t* indices, std::int64_t* offsets) const {
    const auto components = static_cast<std::int64_t>(strides.size());
    for (std::int64_t r = 0; r < rows; ++r) {
      std::int64_t at = 0;
      for (const Term& t : terms) at += r / t.every % t.size * t.step;
      const std::int64_t* index = indices + r % period * components;
      for (std::size_t c = 0; c < strides.size() && at >= 0; ++c) {
        const std::int64_t i = index[c] < 0 ? index[c] + limits[c] : index[c];
        at = i < 0 || i >= limits[c] ? -1 : at + i * strides[c];
      }
      offsets[r] = at;
    }
  }
  void check(std::span<const std::int64_t> indices, const Shape& data) const {
    for (std::size_t k = 0; k < indices.size(); ++k) {
      const std::int64_t limit = limits[k % limits.size()];
      if (indices[k] < -limit || indices[k] >= limit) throw Error("index ", indices[k], " is outside [", -limit, ",", limit, ") of ", data);
    }
  }
};

// What a run-time index out of range leaves: NaN stops the trainer, the least integer stays out of range.
template <class T>
T missing() {
  if constexpr (std::is_same_v<T, float>)
    return std::numeric_limits<float>::quiet_NaN();
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return std::numeric_limits<std::int64_t>::min();
  else
    return T{0};
}

template <class T>
void take(std::byte* to, const std::byte* from, const std::int64_t* offsets, std::int64_t rows, std::int64_t inner) {
  auto* t = reinterpret_cast<T*>(to);
  const auto* f = reinterpret_cast<const T*>(from);
  for (std::int64_t r = 0; r < rows; ++r, t += inner) {
    if (offsets[r] < 0)
      std::fill_n(t, inner, missing<T>());
    else if (inner == 1)
      *t = f[offsets[r]];
    else
      std::memcpy(t, f + offsets[r], static_cast<std::size_t>(inner) * sizeof(T));
  }
}

void take(Dtype dtype, std::byte* to, const std::byte* from, const std::int64_t* offsets, std::int64_t rows, std::int64_t inner) {
  if (dtype == Dtype::f32)
    take<float>(to, from, offsets, rows, inner);
  else if (dtype == Dtype::i64)
    take<std::int64_t>(to, from, offsets, rows, inner);
  else
    take<std::uint8_t>(to, from, offsets, rows, inner);
}

class Gather : public Op {
 public:
  Gather(const NodeView& node, Shape out, Lookup lookup) : data_(node.type(0)), out_{data_.dtype, std::move(out)}, lookup_(std::move(lookup)) {
    if (const Tensor* indices = node.constant(1)) {
      lookup_.check(indices->as<std::int64_t>(), data_.shape);
      known_ = *indices;
    }
  }
  std::vector<TensorType> infer() const override { return {out_}; }
  bool differentiable(std::size_t i) const override { return i == 0 && data_.dtype == Dtype::f32; }

  std::vector<Tensor> fold(std::span<const Tensor* const> in) const override {
    if (in[0] == nullptr || in[1] == nullptr || elements(out_.shape) > fold_limit) return {};
    lookup_.check(in[1]->as<std::int64_t>(), data_.shape);
    const Tensor offsets = offsets_of(*in[1]);
    Tensor out(out_);
    take(data_.dtype, out.data.data(), in[0]->data.data(), offsets.as<std::int64_t>().data(), rows(), lookup_.inner);
    return {out};
  }

  void forward(Emit& e) const override {
    const Buffer offsets = known_ ? e.constant(offsets_of(*known_)) : e.keep({Dtype::i64, {rows()}}, "offsets"), in = e.in(0), out = e.out(0);
    e.memo() = offsets;
    if (!known_) {
      e.step({.what = "resolve indices", .impl = "loop"}, {e.in(1)}, {offsets}, [lookup = lookup_, from = e.in(1), offsets](const Memory& memory) -> Run {
        return [lookup, i = memory.i64(from), o = memory.i64(offsets)] { lookup.resolve(i, o); };
      });
    }
    e.step({.what = "gather", .impl = "loop"}, {in, offsets}, {out},
           [in, out, offsets, dtype = data_.dtype, n = rows(), inner = lookup_.inner](const Memory& memory) -> Run {
             return [f = memory.at(in), t = memory.at(out), o = memory.i64(offsets), dtype, n, inner] { take(dtype, t, f, o, n, inner); };
           });
  }

  // d data[row] = sum over the rows that were taken from it, in order.
  void backward(Emit& e) const override {
    if (!e.wants(0)) return;
    if (!e.has_grad(0)) return zero_grad(e, 0);
    const Target target = e.grad_in(0);
    const Buffer offsets = std::any_cast<Buffer>(e.memo()), grad = e.grad_out(0);
    std::vector<Buffer> reads{offsets, grad};
    if (target.add) reads.push_back(target.buffer);
    e.step({.what = "scatter-add", .impl = "loop"}, std::move(reads), {target.buffer},
           [target, offsets, grad, size = elements(data_.shape), n = rows(), inner = lookup_.inner](const Memory& memory) -> Run {
             return [to = memory.f32(target.buffer), g = memory.f32(grad), o = memory.i64(offsets), add = target.add, size, n, inner] {
               if (!add) std::fill_n(to, size, 0.0f);
               for (std::int64_t r = 0; r < n; ++r) {
                 if (o[r] < 0) continue;
                 float* t = to + o[r];
                 const float* f = g + r * inner;
                 for (std::int64_t i = 0; i < inner; ++i) t[i] += f[i];
               }
             };
           });
  }

 private:
  std::int64_t rows() const { return lookup_.rows; }
  Tensor offsets_of(const Tensor& indices) const {
    Tensor out(TensorType{Dtype::i64, {rows()}});
    lookup_.resolve(indices.as<std::int64_t>().data(), out.as<std::int64_t>().data());
    return out;
  }

  TensorType data_, out_;
  Lookup lookup_;
  std::optional<Tensor> known_;  // indices
};

// The slices of data along `axis` that the indices name: the axis is replaced by the indices' shape.
std::unique_ptr<Op> along(const NodeView& node, std::size_t axis, std::int64_t indices, Shape out) {
  const auto [outer, size, inner] = around(node.shape(0), axis);
  Lookup lookup{.rows = elements(out) == 0 ? 0 : outer * indices,
                .inner = inner,
                .period = std::max<std::int64_t>(indices, 1),
                .terms = {},
                .strides = {inner},
                .limits = {size}};
  lookup.terms.push_back({lookup.period, std::max<std::int64_t>(outer, 1), size * inner});
  return std::make_unique<Gather>(node, std::move(out), std::move(lookup));
}

std::unique_ptr<Op> gather(const NodeView& node) {
  node.need_inputs(2, 2);
  need_dtype(node, 1, Dtype::i64);
  const Shape& data = node.shape(0);
  const Shape& indices = node.shape(1);
  const std::size_t axis = axis_of(node.integer("axis", 0), data.size());
  Shape out(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(axis));
  out.insert(out.end(), indices.begin(), indices.end());
  out.insert(out.end(), data.begin() + static_cast<std::ptrdiff_t>(axis) + 1, data.end());
  return along(node, axis, elements(indices), out);
}

// ai.onnx.ml: columns of the last axis; a vector counts as one row.
std::unique_ptr<Op> feature_extractor(const NodeView& node) {
  node.need_inputs(2, 2);
  need_dtype(node, 1, Dtype::i64);
  Shape out = node.shape(0);
  if (out.empty()) throw Error("input 0 is a scalar, at least one axis is needed");
  const std::size_t axis = out.size() - 1;
  if (out.size() == 1) out.insert(out.begin(), 1);
  out.back() = elements(node.shape(1));
  return along(node, axis, elements(node.shape(1)), out);
}

// out[i] = data[i with the axis replaced by indices[i]]; data and indices have one rank.
std::unique_ptr<Op> gather_elements(const NodeView& node) {
  node.need_inputs(2, 2);
  need_dtype(node, 1, Dtype::i64);
  const Shape& data = node.shape(0);
  const Shape& indices = node.shape(1);
  if (data.size() != indices.size()) throw Error("data ", data, " and indices ", indices, " are of different rank");
  const std::size_t axis = axis_of(node.integer("axis", 0), data.size());
  for (std::size_t d = 0; d < data.size(); ++d)
    if (d != axis && indices[d] > data[d]) throw Error("indices ", indices, " reach beyond data ", data, " along axis ", d);
  const Shape steps = strides(data), every = strides(indices);
  Lookup lookup{.rows = elements(indices),
                .inner = 1,
                .period = std::max<std::int64_t>(elements(indices), 1),
                .terms = {},
                .strides = {steps[axis]},
                .limits = {data[axis]}};
  for (std::size_t d = 0; d < data.size(); ++d)
    if (d != axis && lookup.rows > 0) lookup.terms.push_back({every[d], indices[d], steps[d]});
  return std::make_unique<Gather>(node, indices, std::move(lookup));
}

// indices [batch…, n…, k]: each row of k numbers addresses the k axes of data behind the batch ones.
std::unique_ptr<Op> gather_nd(const NodeView& node) {
  node.need_inputs(2, 2);
  need_dtype(node, 1, Dtype::i64);
  const Shape& data = node.shape(0);
  const Shape& indices = node.shape(1);
  const std::int64_t batch = node.integer("batch_dims", 0);
  const auto b = static_cast<std::size_t>(batch);
  if (indices.empty() || batch < 0 || b >= std::min(indices.size(), data.size()) || !std::equal(data.begin(), data.begin() + batch, indices.begin()))
    throw Error("data ", data, " and indices ", indices, " do not share ", batch, " batch dimensions");
  const std::int64_t k = indices.back();
  if (k < 1 || k > static_cast<std::int64_t>(data.size() - b))
    throw Error("indices ", indices, " address ", k, " axes of data ", data, " behind ", batch, " batch dimensions");
  const auto first = data.begin() + batch, last = first + k;
  const Shape steps = strides(data);
  Shape out(indices.begin(), indices.end() - 1);
  const std::int64_t rows = elements(out), groups = elements(Shape(data.begin(), first));
  Lookup lookup{.rows = rows,
                .inner = elements(Shape(last, data.end())),
                .period = std::max<std::int64_t>(rows, 1),
                .terms = {},
                .strides = {steps.begin() + batch, steps.begin() + batch + k},
                .limits = {first, last}};
  if (rows > 0) lookup.terms.push_back({rows / groups, groups, elements(Shape(first, data.end()))});
  out.insert(out.end(), last, data.end());
  if (elements(out) == 0) lookup.rows = 0;
  return std::make_unique<Gather>(node, out, std::move(lookup));
}

}  // namespace

void add_gather(OpTable& table) {
  table.add("Gather", gather);
  table.add("GatherElements", 11, gather_elements);
  table.add("GatherND", 11, gather_nd);
  table.add("ai.onnx.ml.ArrayFeatureExtractor", feature_extractor);
}

}  // namespace lehr
