#pragma once
#include "graph/traits/traits.h"

namespace lehr {

// Sizes of output 0 from facts about the inputs; nothing where too little is known.
namespace shape_rules {
MaybeExtents same(const Node&, const FactsOf&);        // as the first input
MaybeExtents broadcasting(const Node&, const FactsOf&);
MaybeExtents gemm(const Node&, const FactsOf&);
MaybeExtents matmul(const Node&, const FactsOf&);
MaybeExtents convolution(const Node&, const FactsOf&);
MaybeExtents transposed_convolution(const Node&, const FactsOf&);
MaybeExtents pooling(const Node&, const FactsOf&);
MaybeExtents global_pooling(const Node&, const FactsOf&);
MaybeExtents flatten(const Node&, const FactsOf&);
MaybeExtents reshape(const Node&, const FactsOf&);
MaybeExtents expand(const Node&, const FactsOf&);
MaybeExtents of_contents(const Node&, const FactsOf&);  // ConstantOfShape
MaybeExtents transpose(const Node&, const FactsOf&);
MaybeExtents concat(const Node&, const FactsOf&);
MaybeExtents gather(const Node&, const FactsOf&);
MaybeExtents gather_elements(const Node&, const FactsOf&);
MaybeExtents slice(const Node&, const FactsOf&);
MaybeExtents split(const Node&, const FactsOf&);
MaybeExtents rank_of(const Node&, const FactsOf&);      // Shape
MaybeExtents scalar(const Node&, const FactsOf&);
MaybeExtents reduce(const Node&, const FactsOf&);
MaybeExtents arg_reduce(const Node&, const FactsOf&);
MaybeExtents squeeze(const Node&, const FactsOf&);
MaybeExtents unsqueeze(const Node&, const FactsOf&);
MaybeExtents tile(const Node&, const FactsOf&);
MaybeExtents pad(const Node&, const FactsOf&);
MaybeExtents one_hot(const Node&, const FactsOf&);
MaybeExtents einsum(const Node&, const FactsOf&);
MaybeExtents top_k(const Node&, const FactsOf&);
}  // namespace shape_rules

// The integers of output 0, row by row, where they are few and computed from shapes and constants.
namespace contents_rules {
MaybeExtents handed_on(const Node&, const FactsOf&);
MaybeExtents shape(const Node&, const FactsOf&);
MaybeExtents concat(const Node&, const FactsOf&);
MaybeExtents gather(const Node&, const FactsOf&);
MaybeExtents slice(const Node&, const FactsOf&);
MaybeExtents transpose(const Node&, const FactsOf&);
MaybeExtents filled(const Node&, const FactsOf&);    // ConstantOfShape
MaybeExtents product(const Node&, const FactsOf&);   // ReduceProd
MaybeExtents multiply(const Node&, const FactsOf&);
MaybeExtents divide(const Node&, const FactsOf&);
MaybeExtents add(const Node&, const FactsOf&);
MaybeExtents subtract(const Node&, const FactsOf&);
MaybeExtents remainder(const Node&, const FactsOf&);  // Mod
}  // namespace contents_rules

// Along spatial axis i of n: the positions a window of `kernel` takes over `size` entries; at most 0 where that is not known.
std::int64_t window_positions(const Node& node, std::size_t i, std::size_t n, std::int64_t size, std::int64_t kernel, bool transposed);
std::int64_t list_entry(const Node& node, const char* attribute, std::size_t i, std::int64_t fallback);
// An attribute, or an operand whose integers are known.
std::optional<std::vector<std::int64_t>> known_integers(const Node& node, const FactsOf& in, std::size_t slot, const char* attribute);

}  // namespace lehr
