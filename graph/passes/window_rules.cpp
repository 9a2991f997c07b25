#include "graph/passes/shape_rules.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

std::int64_t entry(const Node& node, const char* attribute, std::size_t i, std::int64_t fallback) {
  const auto it = node.attrs.find(attribute);
  const auto* list = it == node.attrs.end() ? nullptr : std::get_if<std::vector<std::int64_t>>(&it->second);
  return list && i < list->size() ? (*list)[i] : fallback;
}

// Along spatial axis i of n; at most 0: not known. What is wrong with the attributes engine/ops/window.cpp says.
std::int64_t positions(const Node& node, std::size_t i, std::size_t n, std::int64_t size, std::int64_t kernel) {
  constexpr std::int64_t limit = 1 << 24;
  const bool transposed = node.op == "ConvTranspose", same = string(node, "auto_pad", "").starts_with("SAME");
  const std::int64_t stride = entry(node, "strides", i, 1), dilation = entry(node, "dilations", i, 1);
  const std::int64_t begin = entry(node, "pads", i, 0), end = entry(node, "pads", n + i, 0);
  const std::int64_t given = entry(node, "output_shape", i, 0), more = entry(node, "output_padding", i, 0);
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

}  // namespace

std::optional<Extents> window_rule(const Node& node, const std::optional<Extents>& x, const std::optional<Extents>& w) {
  if (!x || x->size() < 3) return std::nullopt;
  const bool pool = node.op.ends_with("Pool"), weighted = !pool && w && w->size() == x->size();
  Extents out(x->size());
  out[0] = (*x)[0];
  if (pool) out[1] = (*x)[1];
  if (weighted) out[1] = node.op == "Conv" ? w->front() : times((*w)[1], Extent::of(integer(node, "group", 1)));
  for (std::size_t i = 2; i < out.size(); ++i) {
    const std::int64_t kernel = weighted ? (*w)[i].number() : entry(node, "kernel_shape", i - 2, -1);
    const std::int64_t size = node.op.starts_with("Global") ? 1 : positions(node, i - 2, x->size() - 2, (*x)[i].number(), kernel);
    if (size > 0) out[i] = Extent::of(size);
  }
  return out;
}

}  // namespace lehr
