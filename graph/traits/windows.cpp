// Sizes of what convolutions and poolings of X [N,C,…] give.
#include "graph/traits/node.h"
#include "graph/traits/shapes.h"

namespace lehr {

std::int64_t list_entry(const Node& node, const char* attribute, std::size_t i, std::int64_t fallback) {
  const auto it = node.attrs.find(attribute);
  const auto* list = it == node.attrs.end() ? nullptr : std::get_if<std::vector<std::int64_t>>(&it->second);
  return list && i < list->size() ? (*list)[i] : fallback;
}

// What is wrong with the attributes engine/ops/window.cpp says.
std::int64_t window_positions(const Node& node, std::size_t i, std::size_t n, std::int64_t size, std::int64_t kernel, bool transposed) {
  constexpr std::int64_t limit = 1 << 24;
  const bool same = string(node, "auto_pad", "").starts_with("SAME");
  const std::int64_t stride = list_entry(node, "strides", i, 1), dilation = list_entry(node, "dilations", i, 1);
  const std::int64_t begin = list_entry(node, "pads", i, 0), end = list_entry(node, "pads", n + i, 0);
  const std::int64_t given = list_entry(node, "output_shape", i, 0), more = list_entry(node, "output_padding", i, 0);
  if (transposed && given > 0) return given;
  for (const std::int64_t v : {size, stride, dilation, kernel})
    if (v < 1 || v >= limit) return 0;
  for (const std::int64_t v : {begin, end, more})
    if (v < 0 || v >= limit) return 0;
  const std::int64_t reach = dilation * (kernel - 1) + 1;
  if (same) return transposed ? size * stride : (size + stride - 1) / stride;
  if (transposed) return (size - 1) * stride + reach + more - begin - end;
  const std::int64_t free = size + begin + end - reach, fit = free / stride + 1;
  if (free < 0) return 0;
  const bool over = integer(node, "ceil_mode", 0) && free % stride && fit * stride < size + begin;
  return over ? fit + 1 : fit;
}

namespace shape_rules {

namespace {
MaybeExtents filtered(const Node& node, const FactsOf& in, bool transposed) {
  const MaybeExtents &x = in(0).dims, &w = in(1).dims;
  if (!x || x->size() < 3) return std::nullopt;
  const bool weighted = w && w->size() == x->size();
  Extents out(x->size());
  out[0] = (*x)[0];
  if (weighted) out[1] = transposed ? times((*w)[1], Extent::of(integer(node, "group", 1))) : w->front();
  for (std::size_t i = 2; i < out.size(); ++i) {
    const std::int64_t kernel = weighted ? (*w)[i].number() : list_entry(node, "kernel_shape", i - 2, -1);
    if (const std::int64_t size = window_positions(node, i - 2, x->size() - 2, (*x)[i].number(), kernel, transposed); size > 0) out[i] = Extent::of(size);
  }
  return out;
}
}  // namespace

MaybeExtents convolution(const Node& node, const FactsOf& in) { return filtered(node, in, false); }
MaybeExtents transposed_convolution(const Node& node, const FactsOf& in) { return filtered(node, in, true); }

MaybeExtents pooling(const Node& node, const FactsOf& in) {
  const MaybeExtents& x = in(0).dims;
  if (!x || x->size() < 3) return std::nullopt;
  Extents out(x->begin(), x->begin() + 2);
  for (std::size_t i = 2; i < x->size(); ++i) {
    const std::int64_t size = window_positions(node, i - 2, x->size() - 2, (*x)[i].number(), list_entry(node, "kernel_shape", i - 2, -1), false);
    out.push_back(size > 0 ? Extent::of(size) : Extent{});
  }
  return out;
}

MaybeExtents global_pooling(const Node&, const FactsOf& in) {
  const MaybeExtents& x = in(0).dims;
  if (!x || x->size() < 3) return std::nullopt;
  Extents out(x->size(), Extent::of(1));
  out[0] = (*x)[0], out[1] = (*x)[1];
  return out;
}

}  // namespace shape_rules

}  // namespace lehr
