#include "engine/ops/families.h"
#include "engine/ops/move.h"

namespace lehr {

namespace {

std::vector<std::size_t> permutation(const NodeView& node, std::size_t rank) {
  std::vector<std::size_t> perm(rank);
  if (!node.has_attr("perm")) {
    for (std::size_t i = 0; i < rank; ++i) perm[i] = rank - 1 - i;
    return perm;
  }
  const auto given = node.integers("perm");
  std::vector<bool> seen(rank);
  for (std::size_t i = 0; i < given.size(); ++i) {
    const std::int64_t axis = given[i] < 0 ? given[i] + static_cast<std::int64_t>(rank) : given[i];
    if (given.size() != rank || axis < 0 || axis >= static_cast<std::int64_t>(rank) || seen[static_cast<std::size_t>(axis)])
      throw Error("perm ", given, " is no permutation of the ", rank, " axes of ", node.shape(0));
    seen[static_cast<std::size_t>(axis)] = true;
    perm[i] = static_cast<std::size_t>(axis);
  }
  if (given.size() != rank) throw Error("perm ", given, " is no permutation of the ", rank, " axes of ", node.shape(0));
  return perm;
}

// out[i0,…,in] = in[i at perm]: the output's axis k is the input's axis perm[k].
std::unique_ptr<Op> transpose(const NodeView& node) {
  node.need_inputs(1, 1);
  const Shape& in = node.shape(0);
  const auto perm = permutation(node, in.size());
  const Shape own = strides(in);
  CopyBlock block;
  std::size_t last = 0;
  bool moves = false;  // does any axis longer than 1 overtake another?
  for (const std::size_t axis : perm) {
    block.dims.push_back(in[axis]);
    block.from.push_back(own[axis]);
    if (in[axis] == 1) continue;
    moves |= axis < last;
    last = axis;
  }
  if (!moves) return view(node, block.dims);
  block.to = strides(block.dims);
  const TensorType out{node.type(0).dtype, block.dims};
  return std::make_unique<Move>(node, std::vector{out}, std::vector{block});
}

}  // namespace

void add_transpose(OpTable& table) { table.add("Transpose", transpose); }

}  // namespace lehr
