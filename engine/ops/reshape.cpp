// Operators that only rename the shape: Identity, Flatten, Reshape, Squeeze, Unsqueeze. No step is emitted.
#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

std::unique_ptr<Op> identity(const NodeView& node) {
  node.need_inputs(1, 1);
  return view(node, node.shape(0));
}

// [d0,…,dn] -> [d0·…·d(axis-1), d(axis)·…·dn]; axis may be the rank itself.
std::unique_ptr<Op> flatten(const NodeView& node) {
  node.need_inputs(1, 1);
  const Shape& in = node.shape(0);
  const std::int64_t axis = node.integer("axis", 1), rank = static_cast<std::int64_t>(in.size());
  if (axis < -rank || axis > rank) throw Error("axis ", axis, " is outside a tensor of rank ", rank, " ", in);
  const auto cut = in.begin() + (axis < 0 ? axis + rank : axis);
  return view(node, {elements(Shape(in.begin(), cut)), elements(Shape(cut, in.end()))});
}

// 0 copies the input's dimension (unless allow_zero), one -1 takes what is left.
Shape reshaped(const Shape& in, const std::vector<std::int64_t>& wanted, bool allow_zero) {
  const auto fails = [&](const auto&... why) { throw Error(in, " has ", elements(in), " elements, which cannot become ", wanted, why...); };
  Shape out = wanted;
  std::optional<std::size_t> free;
  bool zero = false;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] < -1) fails(": ", out[i], " is no dimension");
    if (out[i] == 0 && !allow_zero) {
      if (i >= in.size()) fails(": there is no dimension ", i, " to copy for the 0");
      out[i] = in[i];
    } else if (out[i] == 0) {
      zero = true;
    } else if (out[i] == -1) {
      if (free) fails(": more than one -1");
      free = i;
      out[i] = 1;
    }
  }
  if (free) {
    if (zero) fails(": with allowzero a 0 and a -1 contradict each other");
    const std::int64_t rest = elements(out), all = elements(in);
    if (rest == 0 ? all != 0 : all % rest != 0) fails();
    out[*free] = rest == 0 ? 0 : all / rest;
  }
  if (elements(out) != elements(in)) fails();
  return out;
}

std::unique_ptr<Op> reshape(const NodeView& node) {
  node.need_inputs(2, 2);
  return view(node, reshaped(node.shape(0), node.constant_integers(1), node.integer("allowzero", 0) != 0));
}

std::unique_ptr<Op> squeeze(const NodeView& node, const std::optional<std::vector<std::int64_t>>& axes) {
  const Shape& in = node.shape(0);
  std::vector<bool> drop(in.size());
  if (axes) {
    for (const std::size_t axis : axes_of(*axes, in.size())) {
      if (in[axis] != 1) throw Error("axis ", axis, " of ", in, " is ", in[axis], ", only a dimension of 1 can be squeezed");
      drop[axis] = true;
    }
  } else {
    for (std::size_t i = 0; i < in.size(); ++i) drop[i] = in[i] == 1;
  }
  Shape out;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (!drop[i]) out.push_back(in[i]);
  return view(node, out);
}
std::unique_ptr<Op> squeeze_1(const NodeView& node) { return node.need_inputs(1, 1), squeeze(node, axes_attribute(node)); }
std::unique_ptr<Op> squeeze_13(const NodeView& node) { return node.need_inputs(1, 2), squeeze(node, axes_input(node, 1)); }

// The axes count in the result.
std::unique_ptr<Op> unsqueeze(const NodeView& node, const std::vector<std::int64_t>& axes) {
  const Shape& in = node.shape(0);
  Shape out(in.size() + axes.size(), 0);
  for (const std::size_t axis : axes_of(axes, out.size())) out[axis] = 1;
  auto next = in.begin();
  for (std::size_t i = 0; i < out.size(); ++i)
    if (out[i] != 1) out[i] = *next++;
  return view(node, out);
}
std::unique_ptr<Op> unsqueeze_1(const NodeView& node) {
  node.need_inputs(1, 1);
  if (!node.has_attr("axes")) throw Error("attribute ", quote("axes"), " is missing");
  return unsqueeze(node, node.integers("axes"));
}
std::unique_ptr<Op> unsqueeze_13(const NodeView& node) { return node.need_inputs(2, 2), unsqueeze(node, node.constant_integers(1)); }

}  // namespace

void add_reshape(OpTable& table) {
  table.add("Identity", identity);
  table.add("Flatten", flatten);
  table.add("Reshape", 5, reshape);
  table.add("Squeeze", 1, squeeze_1);
  table.add("Squeeze", 13, squeeze_13);
  table.add("Unsqueeze", 1, unsqueeze_1);
  table.add("Unsqueeze", 13, unsqueeze_13);
}

}  // namespace lehr
