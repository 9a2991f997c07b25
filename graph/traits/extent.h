#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace lehr {

// A size before the batch is known: a number, or a number times a symbol ("3 x batch"). The free batch dimension of every input
// is one symbol, the batch.
struct Extent {
  std::int64_t count = 0;
  std::string symbol;
  bool known = false;

  static Extent of(std::int64_t n) { return {n, "", true}; }
  std::int64_t number() const { return known && symbol.empty() ? count : -1; }  // -1: not a plain number
  bool operator==(const Extent&) const = default;
};
using Extents = std::vector<Extent>;
using MaybeExtents = std::optional<Extents>;
inline constexpr const char* batch_symbol = "batch";

Extent times(const Extent& a, const Extent& b);  // unknown where two symbols meet
Extent over(const Extent& a, const Extent& b);   // unknown where it does not divide
Extent plus(const Extent& a, const Extent& b);   // unknown where the symbols differ
Extent product(const Extents& all, std::size_t from = 0);
// ONNX broadcasting of sizes that may be symbols.
MaybeExtents broadcast(const MaybeExtents& a, const MaybeExtents& b);
// An axis counted from either end; none where it is out of range.
std::optional<std::size_t> axis_index(std::int64_t axis, std::size_t rank);

// What can be said of a value before any batch size is known.
struct Facts {
  std::optional<Dtype> dtype;
  MaybeExtents dims;
  MaybeExtents contents;  // of a short integer tensor: shape arithmetic
  std::optional<std::size_t> rank() const { return dims ? std::optional(dims->size()) : std::nullopt; }
};

}  // namespace lehr
