#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace lehr {

// A size before the batch is known: a number, or a number times a symbol ("3 x batch"). The free first dimension of every input
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
inline constexpr const char* batch_symbol = "batch";

Extent times(const Extent& a, const Extent& b);  // unknown where two symbols meet
Extent over(const Extent& a, const Extent& b);   // unknown where it does not divide
Extent product(const Extents& all, std::size_t from = 0);

// What can be said of a value before any batch size is known. What is derived wins over what the file declares of results, which
// exporters often get wrong; declared numbers fill the gaps.
struct Facts {
  std::optional<Dtype> dtype;
  std::optional<Extents> dims;
  std::optional<Extents> contents;  // of a short integer tensor: shape arithmetic
  std::optional<std::size_t> rank() const { return dims ? std::optional(dims->size()) : std::nullopt; }
};
std::vector<Facts> facts(const Graph& graph);

}  // namespace lehr
