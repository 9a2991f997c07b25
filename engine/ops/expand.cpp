#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

// The input broadcast against a shape; the gradient sums over what was repeated.
std::unique_ptr<Op> expand(const NodeView& node) {
  node.need_inputs(2, 2);
  const Shape& in = node.shape(0);
  const auto wanted = node.constant_integers(1);
  elements(wanted);
  const Shape out = broadcast(in, wanted);
  if (elements(out) == elements(in)) return view(node, out);
  const CopyBlock block{.dims = out, .to = strides(out), .from = broadcast_strides(in, out)};
  return std::make_unique<Move>(node, std::vector{TensorType{node.type(0).dtype, out}}, std::vector{block});
}

}  // namespace

void add_expand(OpTable& table) { table.add("Expand", 8, expand); }

}  // namespace lehr
