// Results that follow from types and constants alone: Shape, Size, Range, ConstantOfShape, EyeLike, NonZero.
#include <cmath>

#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

std::unique_ptr<Op> shape_of(const NodeView& node) {
  node.need_inputs(1, 1);
  const Shape& in = node.shape(0);
  const auto rank = static_cast<std::int64_t>(in.size());
  const auto place = [&](const char* name, std::int64_t fallback) {
    const std::int64_t at = node.integer(name, fallback);
    return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  const std::int64_t start = place("start", 0), end = std::max(start, place("end", rank));
  return known(Tensor({end - start}, std::span(in).subspan(static_cast<std::size_t>(start), static_cast<std::size_t>(end - start))));
}

std::unique_ptr<Op> size_of(const NodeView& node) {
  node.need_inputs(1, 1);
  return known(Tensor({}, std::vector{elements(node.shape(0))}));
}

double constant_real(const NodeView& node, std::size_t i) {
  const Tensor* t = node.constant(i);
  if (t == nullptr) throw Error("input ", i, " (", quote(node.input_name(i)), ") must be known before the run, it is computed from data");
  if (t->size() != 1) throw Error("input ", i, " (", quote(node.input_name(i)), ") has ", t->size(), " elements, one is needed");
  return t->doubles()[0];
}

// start, start + delta, … below (or above) limit.
std::unique_ptr<Op> range(const NodeView& node) {
  node.need_inputs(3, 3);
  need_same_dtype(node, 0, 1);
  need_same_dtype(node, 0, 2);
  const Dtype type = node.file_type(0);
  if (const auto stash = node.integer("stash_type", 1); stash != 1 && (type == Dtype::f16 || type == Dtype::bf16))
    throw Error("attribute 'stash_type' is ", stash, ": ", name(type), " is summed up in float32 (1) only");
  const double start = constant_real(node, 0), limit = constant_real(node, 1), delta = constant_real(node, 2);
  const double count = std::ceil((limit - start) / delta);
  if (delta == 0 || std::isnan(count) || count > static_cast<double>(fold_limit))
    throw Error("a range from ", start, " to ", limit, " in steps of ", delta, " has no number of elements up to ", fold_limit);
  const auto n = static_cast<std::int64_t>(std::max(count, 0.0));
  Tensor out(TensorType{node.type(0).dtype, {n}});
  if (out.type.dtype == Dtype::f32) {
    for (std::int64_t i = 0; i < n; ++i) out.as<float>()[static_cast<std::size_t>(i)] = static_cast<float>(start + static_cast<double>(i) * delta);
  } else {
    need_dtype(node, 0, Dtype::i64);
    const std::int64_t first = constant_integer(node, 0), step = constant_integer(node, 2);
    for (std::int64_t i = 0; i < n; ++i) out.as<std::int64_t>()[static_cast<std::size_t>(i)] = first + i * step;
  }
  return known(std::move(out));
}

std::unique_ptr<Op> constant_of_shape(const NodeView& node) {
  node.need_inputs(1, 1);
  const Shape shape = node.constant_integers(0);
  elements(shape);
  Tensor value({}, std::vector{0.0f});
  if (const Tensor* given = node.tensor("value")) {
    if (given->size() != 1) throw Error("value is ", given->shape(), ", one element is needed");
    value = convert(*given, plan_dtype(given->type.dtype));
    value.type.shape = {};
  }
  auto op = std::make_unique<Move>(node, std::vector{TensorType{value.type.dtype, shape}}, std::vector<CopyBlock>{});
  op->filled(std::move(value));
  return op;
}

// Ones on the diagonal k of a matrix like the input.
std::unique_ptr<Op> eye_like(const NodeView& node) {
  node.need_inputs(1, 1);
  const Shape& in = node.shape(0);
  if (in.size() != 2) throw Error(in, " is no matrix");
  if (elements(in) > fold_limit) throw Error(in, " has more than ", fold_limit, " elements, too many for an identity matrix");
  const std::int64_t k = node.integer("k", 0);
  Tensor out(TensorType{Dtype::f32, in});
  for (std::int64_t i = 0; i < in[0]; ++i)
    if (k >= -i && k < in[1] - i) out.as<float>()[static_cast<std::size_t>(i * in[1] + i + k)] = 1;
  // dtype is a number of TensorProto.DataType: 1, 10, 11 and 16 are floats, 9 is bool.
  const std::int64_t to = node.integer("dtype", node.type(0).dtype == Dtype::f32 ? 1 : node.type(0).dtype == Dtype::boolean ? 9 : 7);
  if (to < 1 || to == 8 || to > 16 || to == 14 || to == 15) throw Error("data type number ", to, " is not supported");
  return known(convert(out, to == 9 ? Dtype::boolean : to == 1 || to == 10 || to == 11 || to == 16 ? Dtype::f32 : Dtype::i64));
}

// The indices of the elements that are not 0, one column each.
std::unique_ptr<Op> non_zero(const NodeView& node) {
  node.need_inputs(1, 1);
  const Tensor* in = node.constant(0);
  if (in == nullptr) throw Error("input 0 (", quote(node.input_name(0)), ") must be known before the run: the size of the result depends on it");
  const Shape& shape = in->shape();
  const std::int64_t places = in->size() * static_cast<std::int64_t>(std::max<std::size_t>(shape.size(), 1));
  if (places > 16 * fold_limit) throw Error("the indices of ", shape, " would be up to ", places, " numbers, too many");
  std::vector<std::vector<std::int64_t>> rows(shape.size());
  const auto values = in->doubles();
  const Shape steps = strides(shape);
  std::int64_t found = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i] == 0) continue;
    ++found;
    for (std::size_t d = 0; d < shape.size(); ++d) rows[d].push_back(static_cast<std::int64_t>(i) / steps[d] % shape[d]);
  }
  std::vector<std::int64_t> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  return known(Tensor({static_cast<std::int64_t>(rows.size()), found}, all));
}

}  // namespace

void add_shape_math(OpTable& table) {
  table.add("Shape", shape_of);
  table.add("Size", size_of);
  table.add("Range", 11, range);
  table.add("ConstantOfShape", 9, constant_of_shape);
  table.add("EyeLike", 9, eye_like);
  table.add("NonZero", 9, non_zero);
}

}  // namespace lehr
