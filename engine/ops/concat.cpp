// Operators that lay blocks side by side: Concat, Split, Tile, Pad.
#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

std::unique_ptr<Op> move(const NodeView& node, Shape out, std::vector<CopyBlock> blocks) {
  return std::make_unique<Move>(node, std::vector{TensorType{node.type(0).dtype, std::move(out)}}, std::move(blocks));
}

std::unique_ptr<Op> concat(const NodeView& node) {
  if (node.inputs() == 0) throw Error("no inputs given, at least 1 needed");
  const std::size_t axis = axis_of(node.integer("axis"), node.shape(0).size());
  if (node.inputs() == 1) return view(node, node.shape(0));
  Shape out = node.shape(0);
  out[axis] = 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    need_same_dtype(node, 0, i);
    Shape same = node.shape(i);
    if (same.size() == out.size()) same[axis] = node.shape(0)[axis];
    if (same != node.shape(0)) throw Error("input ", i, " is ", node.shape(i), " but input 0 is ", node.shape(0), ": they may differ only along axis ", axis);
    out[axis] += node.shape(i)[axis];
  }
  std::vector<CopyBlock> blocks;
  const Shape to = strides(out);
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < node.inputs(); ++i) {
    const Shape& in = node.shape(i);
    blocks.push_back({.input = i, .dims = in, .to = to, .from = strides(in), .to_offset = offset * to[axis]});
    offset += in[axis];
  }
  return move(node, out, std::move(blocks));
}

// Every output a block of the input along one axis.
std::unique_ptr<Op> split(const NodeView& node, const std::vector<std::int64_t>& sizes) {
  const Shape& in = node.shape(0);
  const std::size_t axis = axis_of(node.integer("axis", 0), in.size());
  std::int64_t sum = 0;
  for (const std::int64_t size : sizes) {
    if (size < 0 || size > in[axis]) throw Error("split ", sizes, " does not divide axis ", axis, " of ", in);
    sum += size;
  }
  if (sum != in[axis]) throw Error("split ", sizes, " sums to ", sum, " but axis ", axis, " of ", in, " is ", in[axis]);
  if (sizes.size() != node.outputs()) throw Error("split ", sizes, " makes ", sizes.size(), " parts for ", node.outputs(), " outputs");
  std::vector<TensorType> outputs;
  std::vector<CopyBlock> blocks;
  const Shape from = strides(in);
  std::int64_t offset = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    Shape out = in;
    out[axis] = sizes[i];
    blocks.push_back({.output = i, .dims = out, .to = strides(out), .from = from, .from_offset = offset * from[axis]});
    outputs.push_back({node.type(0).dtype, out});
    offset += sizes[i];
  }
  return std::make_unique<Move>(node, std::move(outputs), std::move(blocks));
}

// `parts` equal blocks; from opset 18 the last may be shorter.
std::vector<std::int64_t> equal_parts(const NodeView& node, std::int64_t parts, bool short_last) {
  const Shape& in = node.shape(0);
  const std::size_t axis = axis_of(node.integer("axis", 0), in.size());
  const std::int64_t size = in[axis];
  if (parts < 1 || parts > static_cast<std::int64_t>(node.outputs())) throw Error("num_outputs is ", parts, " but the node has ", node.outputs(), " outputs");
  if (!short_last && size % parts != 0) throw Error("axis ", axis, " of ", in, " cannot be split into ", parts, " equal parts");
  const std::int64_t block = (size + parts - 1) / parts;
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < parts; ++i) sizes.push_back(std::clamp<std::int64_t>(size - i * block, 0, block));
  return sizes;
}

std::unique_ptr<Op> split_2(const NodeView& node) {
  node.need_inputs(1, 1);
  const auto sizes = node.integers("split");
  return split(node, node.has_attr("split") ? sizes : equal_parts(node, static_cast<std::int64_t>(node.outputs()), false));
}
std::unique_ptr<Op> split_13(const NodeView& node) {
  node.need_inputs(1, 2);
  return split(node, node.has(1) ? node.constant_integers(1) : equal_parts(node, static_cast<std::int64_t>(node.outputs()), false));
}
std::unique_ptr<Op> split_18(const NodeView& node) {
  node.need_inputs(1, 2);
  if (node.has(1) && node.has_attr("num_outputs")) throw Error("input split and attribute num_outputs exclude each other");
  const std::int64_t parts = node.integer("num_outputs", static_cast<std::int64_t>(node.outputs()));
  return split(node, node.has(1) ? node.constant_integers(1) : equal_parts(node, parts, true));
}

// Axis d of the result is repeats[d] copies of the input's: a loop of stride 0 around each axis.
std::unique_ptr<Op> tile(const NodeView& node) {
  node.need_inputs(2, 2);
  const Shape& in = node.shape(0);
  const auto repeats = node.constant_integers(1);
  if (repeats.size() != in.size()) throw Error("repeats ", repeats, " has ", repeats.size(), " entries for a tensor of rank ", in.size());
  Shape out = in;
  for (std::size_t d = 0; d < in.size(); ++d) {
    if (repeats[d] < 0) throw Error("repeats ", repeats, " has a negative entry");
    if (in[d] > 0 && repeats[d] > (std::int64_t{1} << 47) / in[d]) throw Error("repeats ", repeats, " of ", in, " are too many elements");
    out[d] *= repeats[d];
  }
  elements(out);
  if (out == in) return view(node, out);
  CopyBlock block;
  const Shape to = strides(out), from = strides(in);
  for (std::size_t d = 0; d < in.size(); ++d) {
    block.dims.insert(block.dims.end(), {repeats[d], in[d]});
    block.to.insert(block.to.end(), {to[d] * in[d], to[d]});
    block.from.insert(block.from.end(), {0, from[d]});
  }
  return move(node, out, {block});
}

// pads: what is put before each axis, then behind each; negative ones cut off.
std::unique_ptr<Op> pad(const NodeView& node, const std::vector<std::int64_t>& pads, const std::vector<std::size_t>& axes, Tensor value) {
  const Shape& in = node.shape(0);
  if (const std::string mode = node.text("mode", "constant"); mode != "constant") throw Error("mode ", quote(mode), " is not supported, only 'constant' is");
  if (pads.size() != 2 * axes.size()) throw Error("pads ", pads, " has ", pads.size(), " entries, ", 2 * axes.size(), " are needed");
  CopyBlock block{.dims = in, .from = strides(in)};
  Shape out = in;
  std::vector<std::int64_t> front(in.size(), 0);
  for (std::size_t k = 0; k < axes.size(); ++k) {
    const std::size_t d = axes[k];
    const std::int64_t before = pads[k], behind = pads[axes.size() + k], limit = std::int64_t{1} << 47;
    if (before > limit || behind > limit || before < -in[d] || behind < -in[d] || in[d] + before + behind < 0)
      throw Error("pads ", pads, " leave no valid size of axis ", d, " of ", in);
    out[d] += before + behind;
    front[d] = before;
    block.dims[d] += std::min<std::int64_t>(before, 0) + std::min<std::int64_t>(behind, 0);
    block.from_offset += std::max<std::int64_t>(-before, 0) * block.from[d];
  }
  elements(out);
  block.to = strides(out);
  for (std::size_t d = 0; d < in.size(); ++d) block.to_offset += std::max<std::int64_t>(front[d], 0) * block.to[d];
  for (std::int64_t& dim : block.dims) dim = std::max<std::int64_t>(dim, 0);
  auto op = std::make_unique<Move>(node, std::vector{TensorType{node.type(0).dtype, out}}, std::vector{block});
  op->filled(convert(value, node.type(0).dtype));
  return op;
}
std::vector<std::size_t> all_axes(const NodeView& node) {
  std::vector<std::size_t> axes(node.shape(0).size());
  std::iota(axes.begin(), axes.end(), std::size_t{0});
  return axes;
}
std::unique_ptr<Op> pad_2(const NodeView& node) {
  node.need_inputs(1, 1);
  return pad(node, node.integers("pads"), all_axes(node), Tensor({}, std::vector{node.real("value", 0.0f)}));
}
std::unique_ptr<Op> pad_11(const NodeView& node) {
  node.need_inputs(2, 4);
  Tensor value(TensorType{node.type(0).dtype, {}});
  if (node.has(2)) {
    const Tensor* given = node.constant(2);
    if (given == nullptr) throw Error("input 2 (", quote(node.input_name(2)), ") must be known before the run");
    if (given->size() != 1) throw Error("the fill value is ", given->shape(), ", one element is needed");
    value = *given;
    value.type.shape = {};
  }
  auto axes = all_axes(node);
  if (const auto given = axes_input(node, 3)) {
    axes_of(*given, axes.size());  // refuses duplicates
    axes.clear();
    for (const std::int64_t axis : *given) axes.push_back(axis_of(axis, node.shape(0).size()));
  }
  return pad(node, node.constant_integers(1), axes, value);
}

}  // namespace

void add_concat(OpTable& table) {
  table.add("Concat", 4, concat);
  table.add("Split", 2, split_2);
  table.add("Split", 13, split_13);
  table.add("Split", 18, split_18);
  table.add("Tile", 6, tile);
  table.add("Pad", 2, pad_2);
  table.add("Pad", 11, pad_11);
}

}  // namespace lehr
