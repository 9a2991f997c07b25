#include "graph/traits/extent.h"

#include <algorithm>

namespace lehr {

namespace {
constexpr std::int64_t largest = std::int64_t{1} << 40;
}

Extent times(const Extent& a, const Extent& b) {
  if (!a.known || !b.known || (!a.symbol.empty() && !b.symbol.empty())) return {};
  if (a.count < 0 || b.count < 0 || (b.count > 0 && a.count > largest / b.count)) return {};
  return {a.count * b.count, a.symbol + b.symbol, true};
}

Extent over(const Extent& a, const Extent& b) {
  if (!a.known || !b.known || b.count <= 0 || a.count % b.count) return {};
  if (b.symbol.empty()) return {a.count / b.count, a.symbol, true};
  return a.symbol == b.symbol ? Extent::of(a.count / b.count) : Extent{};
}

Extent plus(const Extent& a, const Extent& b) {
  if (!a.known || !b.known || a.symbol != b.symbol || a.count >= largest || b.count >= largest) return {};
  return {a.count + b.count, a.symbol, true};
}

Extent product(const Extents& all, std::size_t from) {
  Extent out = Extent::of(1);
  for (std::size_t i = from; i < all.size(); ++i) out = times(out, all[i]);
  return out;
}

MaybeExtents broadcast(const MaybeExtents& a, const MaybeExtents& b) {
  if (!a || !b) return std::nullopt;
  const std::size_t rank = std::max(a->size(), b->size());
  Extents out(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const Extent one = Extent::of(1);
    const Extent& x = i + a->size() < rank ? one : (*a)[i + a->size() - rank];
    const Extent& y = i + b->size() < rank ? one : (*b)[i + b->size() - rank];
    out[i] = x == one ? y : y == one ? x : x.known ? x : y;
  }
  return out;
}

std::optional<std::size_t> axis_index(std::int64_t axis, std::size_t rank) {
  if (axis < 0) axis += static_cast<std::int64_t>(rank);
  return axis < 0 || axis >= static_cast<std::int64_t>(rank) ? std::nullopt : std::optional(static_cast<std::size_t>(axis));
}

}  // namespace lehr
