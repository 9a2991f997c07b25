// Slice and Trilu: a part of the input.
#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

struct Range {
  std::int64_t first = 0, step = 1, count = 0;
};

// Bounds count from the end where negative and are clamped: to [0, size] going forward, to [0, size-1] and [-1, size-1] going back.
Range range(std::int64_t start, std::int64_t end, std::int64_t step, std::int64_t size) {
  if (step == 0) throw Error("step 0 of a slice");
  step = std::clamp(step, -std::max<std::int64_t>(size, 1), std::max<std::int64_t>(size, 1));
  if (start < 0) start += size;
  if (end < 0) end += size;
  if (step > 0) {
    start = std::clamp<std::int64_t>(start, 0, size);
    end = std::clamp<std::int64_t>(end, 0, size);
  } else {
    start = std::clamp<std::int64_t>(start, 0, std::max<std::int64_t>(size - 1, 0));
    end = std::clamp<std::int64_t>(end, -1, size - 1);
    if (size == 0) end = start;
  }
  const std::int64_t way = step > 0 ? end - start : start - end, stride = step > 0 ? step : -step;
  return {start, step, way <= 0 ? 0 : (way + stride - 1) / stride};
}

std::unique_ptr<Op> slice(const NodeView& node, const std::vector<std::int64_t>& starts, const std::vector<std::int64_t>& ends,
                          const std::optional<std::vector<std::int64_t>>& axes, const std::optional<std::vector<std::int64_t>>& steps) {
  const Shape& in = node.shape(0);
  if (ends.size() != starts.size() || (axes && axes->size() != starts.size()) || (steps && steps->size() != starts.size()) || starts.size() > in.size())
    throw Error("starts ", starts, ", ends ", ends, axes ? cat(", axes ", *axes) : "", steps ? cat(", steps ", *steps) : "",
                " of different lengths or more than the rank of ", in);
  if (axes) axes_of(*axes, in.size());  // refuses duplicates
  CopyBlock block{.dims = in, .from = strides(in)};
  const Shape own = block.from;
  for (std::size_t k = 0; k < starts.size(); ++k) {
    const std::size_t d = axes ? axis_of((*axes)[k], in.size()) : k;
    const Range r = range(starts[k], ends[k], steps ? (*steps)[k] : 1, in[d]);
    block.dims[d] = r.count;
    block.from[d] = r.step * own[d];
    block.from_offset += r.first * own[d];
  }
  if (block.dims == in && block.from == own) return view(node, in);
  block.to = strides(block.dims);
  return std::make_unique<Move>(node, std::vector{TensorType{node.type(0).dtype, block.dims}}, std::vector{block});
}

std::unique_ptr<Op> slice_1(const NodeView& node) {
  node.need_inputs(1, 1);
  return slice(node, node.integers("starts"), node.integers("ends"), axes_attribute(node), std::nullopt);
}
std::unique_ptr<Op> slice_10(const NodeView& node) {
  node.need_inputs(3, 5);
  return slice(node, node.constant_integers(1), node.constant_integers(2), axes_input(node, 3), axes_input(node, 4));
}

// Row i of each matrix keeps columns i+k … (upper) or … i+k (lower); the rest is 0.
std::unique_ptr<Op> trilu(const NodeView& node) {
  node.need_inputs(1, 2);
  const Shape& in = node.shape(0);
  if (in.size() < 2) throw Error(in, " holds no matrices");
  const std::int64_t rows = in[in.size() - 2], columns = in.back();
  const std::int64_t k = std::clamp(node.has(1) ? constant_integer(node, 1) : 0, -rows, columns);
  const bool upper = node.integer("upper", 1) != 0;
  const std::int64_t matrices = elements(Shape(in.begin(), in.end() - 2));
  std::vector<CopyBlock> blocks;
  for (std::int64_t i = 0; i < rows; ++i) {
    const std::int64_t first = upper ? std::clamp<std::int64_t>(i + k, 0, columns) : 0;
    const std::int64_t last = upper ? columns : std::clamp<std::int64_t>(i + k + 1, 0, columns);
    if (first == last) continue;
    const Shape step{rows * columns, 1};
    blocks.push_back({.dims = {matrices, last - first}, .to = step, .from = step, .to_offset = i * columns + first, .from_offset = i * columns + first});
  }
  auto op = std::make_unique<Move>(node, std::vector{node.type(0)}, std::move(blocks));
  op->filled(Tensor(TensorType{node.type(0).dtype, {}}));
  return op;
}

}  // namespace

void add_slice(OpTable& table) {
  table.add("Slice", 1, slice_1);
  table.add("Slice", 10, slice_10);
  table.add("Trilu", 14, trilu);
}

}  // namespace lehr
