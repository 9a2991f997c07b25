#include "graph/traits/batch.h"

#include <algorithm>
#include <set>

#include "base/text.h"
#include "graph/traits/node.h"

namespace lehr {

namespace batch_rules {

namespace {
// Blocked where another input than the first carries the batch.
Carried first(BatchView& v) {
  for (std::size_t s = 1; s < v.node().in.size(); ++s)
    if (v.in(s)) v.block("reads the batch in another place than its first input");
  return v.in(0);
}
Carried apart(BatchView& v, std::size_t axis) {
  const Carried c = first(v);
  if (c && axis == c.axis) v.mix("works along the batch");
  return c;
}
std::int64_t elements_of(BatchView& v, const Extents& d, std::size_t from, std::size_t to) {
  std::int64_t out = 1;
  for (std::size_t i = from; i < to; ++i) out = v.multiply(out, v.size(d[i]));
  return out;
}
}  // namespace

Carried keeps(BatchView& v) { return first(v); }
Carried ignores_others(BatchView& v) { return v.in(0); }

Carried outermost(BatchView& v) {
  const Carried c = first(v);
  if (c && c.axis != 0) v.block(cat("takes dimension 0 for the rows, the batch is dimension ", c.axis));
  return c;
}

// Axes are counted from the end: that is how shapes are aligned.
Carried broadcasts(BatchView& v) {
  Carried out;
  std::size_t deepest = 0, back = 0;
  const std::size_t count = v.node().in.size();
  for (std::size_t s = 0; s < count; ++s) {
    const Carried c = v.in(s);
    if (!c) continue;
    if (out && (c.count != out.count || c.outer != out.outer || v.rank(s) - c.axis != back)) v.block("joins tensors whose batches do not lie alike");
    out = c;
    back = v.rank(s) - c.axis;
    deepest = std::max(deepest, v.rank(s));
  }
  for (std::size_t s = 0; s < count; ++s) {
    if (v.in(s) || !v.has(s)) continue;
    const std::size_t r = v.rank(s);
    deepest = std::max(deepest, r);
    if (r < back) continue;
    if (const std::int64_t size = v.dims(s)[r - back].number(); size != 1)
      v.block(cat("reads ", v.name(s), ", which has ", size < 0 ? std::string("other") : cat(size), " rows of its own"));
  }
  if (out) out.axis = deepest - back;
  return out;
}

Carried scale_by_axis(BatchView& v) {
  if (v.in(1)) v.block("scales by a tensor of the batch");
  return broadcasts(v);
}

Carried along_axis(BatchView& v) { return apart(v, v.axis(integer(v.node(), "axis", -1))); }
Carried split(BatchView& v) { return apart(v, v.axis(integer(v.node(), "axis", 0))); }
Carried cumsum(BatchView& v) {
  const auto given = v.integers(1, "axis");
  if (!given || given->size() != 1) v.block("works along an unknown axis");
  return apart(v, v.axis(given->front()));
}

Carried from_axis(BatchView& v) {
  const Carried c = first(v);
  if (c && c.axis >= v.axis(integer(v.node(), "axis", -1))) v.mix("works along the batch");
  return c;
}

// Before opset 13 all dimensions from `axis` on are one.
Carried softmax(BatchView& v) {
  const bool one = v.node().opset >= 13;
  const std::size_t axis = v.axis(integer(v.node(), "axis", one ? -1 : 1));
  const Carried c = first(v);
  if (c && (one ? c.axis == axis : c.axis >= axis)) v.mix("works along the batch");
  return c;
}

Carried leading(BatchView& v) {
  const Carried c = first(v);
  if (c && c.axis + 2 >= v.rank()) v.mix("works along the batch");
  return c;
}

Carried gemm(BatchView& v) {
  const std::size_t rows = integer(v.node(), "transA", 0) ? 1 : 0, columns = integer(v.node(), "transB", 0) ? 0 : 1;
  const Carried a = v.in(0), b = v.in(1);
  Carried out;
  if (a && b) v.mix("multiplies along the batch");
  if ((a && a.axis != rows) || (b && b.axis != columns)) v.mix("multiplies along the batch");
  if (a) out = {0, a.count, a.outer};
  if (b) out = {1, b.count, b.outer};
  if (!v.has(2)) return out;
  const Carried c = v.in(2);
  if (!out) v.block("adds a tensor of the batch");
  const std::size_t back = 2 - out.axis;
  const MaybeExtents& d = v.maybe_dims(2);
  if (c && (c.count != out.count || c.outer != out.outer || !d || d->size() - c.axis != back)) v.block("adds a tensor of the batch");
  if (!c && d && d->size() >= back && (*d)[d->size() - back].number() != 1) v.block(cat("adds a bias of ", (*d)[d->size() - back].number(), " rows"));
  return out;
}

Carried matmul(BatchView& v) {
  const Carried a = v.in(0), b = v.in(1);
  const std::size_t ra = v.rank(0), rb = v.rank(1), rank = std::max({ra, rb, std::size_t{2}});
  if (ra < 2 || rb < 2) {
    if (a && !b && a.axis + 1 < ra) return a;
    v.mix("multiplies along the batch");
  }
  const std::size_t back_a = ra - a.axis, back_b = rb - b.axis;  // 1: the last dimension
  if (a && b) {
    if (back_a != back_b || back_a < 3 || a.count != b.count || a.outer != b.outer) v.mix("multiplies along the batch");
    return {rank - back_a, a.count, a.outer};
  }
  if (a) {
    if (back_a == 1) v.mix("multiplies along the batch");
    if (back_a >= 3 && rb >= back_a && v.dims(1)[rb - back_a].number() != 1) v.mix("multiplies along the batch");
    return {rank - back_a, a.count, a.outer};
  }
  if (back_b == 2) v.mix("multiplies along the batch");
  if (back_b >= 3 && ra >= back_b && v.dims(0)[ra - back_b].number() != 1) v.mix("multiplies along the batch");
  return {rank - back_b, b.count, b.outer};
}

// The batch's letter must be that of one dimension only and stand in the result.
Carried einsum(BatchView& v) {
  std::string text = string(v.node(), "equation", "");
  std::erase(text, ' ');
  const std::size_t arrow = text.find("->");
  if (arrow == std::string::npos || text.find("...") != std::string::npos) v.block("has an equation whose batch is not followed");
  const std::vector<std::string> parts = [&] {
    std::vector<std::string> out;
    for (const auto& part : lehr::split(text.substr(0, arrow), ',')) out.emplace_back(part);
    return out;
  }();
  const std::string result = text.substr(arrow + 2);
  char letter = 0;
  Carried out;
  for (std::size_t s = 0; s < parts.size(); ++s) {
    const Carried c = v.in(s);
    if (!c) continue;
    if (c.axis >= parts[s].size()) v.block("has an equation that does not fit");
    if ((letter && letter != parts[s][c.axis]) || (out && (out.count != c.count || out.outer != c.outer)))
      v.block("joins tensors whose batches do not lie alike");
    letter = parts[s][c.axis];
    out = c;
  }
  for (std::size_t s = 0; s < parts.size(); ++s)
    if (!v.in(s) && parts[s].find(letter) != std::string::npos) v.mix("multiplies along the batch");
  const std::size_t at = result.find(letter);
  if (at == std::string::npos) v.mix("sums over the batch");
  out.axis = at;
  return out;
}

Carried gather(BatchView& v) {
  const Carried data = v.in(0), indices = v.in(1);
  const std::size_t axis = v.axis(integer(v.node(), "axis", 0));
  if (data && indices) v.block("picks within the batch by indices of the batch");
  if (indices) return {axis + indices.axis, indices.count, indices.outer};
  if (data.axis == axis) v.mix("works along the batch");
  return {data.axis < axis ? data.axis : data.axis - 1 + v.rank(1), data.count, data.outer};
}

Carried gather_elements(BatchView& v) {
  const Carried data = v.in(0), indices = v.in(1);
  if (!(data == indices) || data.axis == v.axis(integer(v.node(), "axis", 0))) v.block("picks within the batch");
  return data;
}

Carried gather_nd(BatchView& v) {
  const auto batches = static_cast<std::size_t>(std::max<std::int64_t>(0, integer(v.node(), "batch_dims", 0)));
  const Carried data = v.in(0), indices = v.in(1);
  if (data && indices) {
    if (!(data == indices) || data.axis >= batches) v.block("picks within the batch");
    return data;
  }
  if (indices && indices.axis + 1 < v.rank(1)) return indices;
  v.block("picks within the batch");
}

Carried feature_extractor(BatchView& v) {
  const Carried c = v.in(0);
  if (v.in(1) || (c && c.axis + 1 == v.rank())) v.block("picks within the batch");
  return c;
}

Carried concat(BatchView& v) {
  const Carried c = v.in(0);
  for (std::size_t s = 0; s < v.node().in.size(); ++s)
    if (!(v.in(s) == c)) v.block("joins tensors that do not all carry the batch");
  if (v.axis(integer(v.node(), "axis", 1)) == c.axis) v.mix("works along the batch");
  return c;
}

// The batch stays whole where the elements in front of it are those in front of the new dimension.
Carried reshape(BatchView& v) {
  const Carried c = v.in(0);
  if (!c) v.block("takes its shape from the batch");
  const bool computed = !v.node().attrs.contains("shape") && v.has(1) && v.computed(1);
  if (computed && !v.known(1)) {
    if (c.axis != 0) v.block("has a shape that is computed in the graph, and the batch is not dimension 0");
    return c;
  }
  const auto given = v.integers(1, "shape");
  const Extents& in = v.dims();
  if (!given || given->empty() || in.empty()) v.block("loses the batch");
  const bool allow_zero = integer(v.node(), "allowzero", 0) != 0;
  const std::int64_t rows = v.multiply(v.batch(), c.each()), front = v.multiply(elements_of(v, in, 0, c.axis), c.outer);
  const std::int64_t all = v.multiply(v.multiply(elements_of(v, in, 0, c.axis), rows), elements_of(v, in, c.axis + 1, in.size()));
  std::vector<std::int64_t> shape = *given;
  for (std::size_t i = 0; i < shape.size(); ++i)
    if (shape[i] == 0 && !allow_zero && i < in.size()) shape[i] = i == c.axis ? rows : v.size(in[i]);
  std::int64_t rest = 1;
  for (const std::int64_t size : shape) rest = v.multiply(rest, size < 0 ? 1 : size);
  for (std::int64_t& size : shape)
    if (size < 0) size = rest > 0 && all % rest == 0 ? all / rest : 0;
  // The dimension that holds element `front` of the whole: what it has in front of the batch divides, and so does the batch.
  Carried out;
  std::size_t at = 0;
  for (std::int64_t before = 1; at < shape.size(); before = v.multiply(before, shape[at]), ++at) {
    const std::int64_t outer = before > 0 && front % before == 0 ? front / before : 0;
    if (outer == 0 || shape[at] <= 0 || shape[at] % v.multiply(outer, v.batch())) continue;
    out = {at, shape[at] / (outer * v.batch()), outer};
    break;
  }
  if (!out) v.block(cat("makes ", *given, " of it, which has no dimension for the batch"));
  const bool fits = given->at(at) == -1 || (given->at(at) == 0 && !allow_zero && at == c.axis && out.count == c.count && out.outer == c.outer);
  shape[at] = -1;
  if (!fits && !(computed && v.follows(1, at))) v.reshape_to(shape);
  return out;
}

Carried flatten(BatchView& v) {
  const Carried c = first(v);
  if (!c) return c;
  const Extents& d = v.dims();
  std::int64_t axis = integer(v.node(), "axis", 1);
  if (axis < 0) axis += static_cast<std::int64_t>(d.size());
  if (axis < 0 || axis > static_cast<std::int64_t>(d.size())) v.block("has an axis out of range");
  const auto cut = static_cast<std::size_t>(axis);
  if (cut == 0 && c.axis == 0) v.block("makes one row of the whole batch");
  const bool in_front = c.axis < cut;
  return {in_front ? std::size_t{0} : std::size_t{1}, v.multiply(c.count, elements_of(v, d, c.axis + 1, in_front ? cut : d.size())),
          v.multiply(c.outer, elements_of(v, d, in_front ? 0 : cut, c.axis))};
}

Carried transpose(BatchView& v) {
  const Carried c = first(v);
  const auto perm = v.integers(99, "perm");
  const std::size_t rank = v.rank();
  if (!perm) return {rank - 1 - c.axis, c.count, c.outer};
  const auto at = std::ranges::find(*perm, static_cast<std::int64_t>(c.axis));
  if (perm->size() != rank || at == perm->end()) v.block("has a permutation that does not fit");
  return {static_cast<std::size_t>(at - perm->begin()), c.count, c.outer};
}

namespace {
Carried reduced(BatchView& v, const std::vector<std::int64_t>& axes, const Carried& c) {
  std::set<std::size_t> gone;
  for (const std::int64_t axis : axes) gone.insert(v.axis(axis));
  if (gone.contains(c.axis)) return v.joins(), Carried{};
  if (integer(v.node(), "keepdims", 1)) return c;
  return {c.axis - static_cast<std::size_t>(std::ranges::count_if(gone, [&](std::size_t g) { return g < c.axis; })), c.count, c.outer};
}
}  // namespace

Carried reduce(BatchView& v) {
  const Carried c = first(v);
  const auto axes = v.integers(1, "axes");
  if (!axes || axes->empty()) return integer(v.node(), "noop_with_empty_axes", 0) ? c : (v.joins(), Carried{});
  return reduced(v, *axes, c);
}

Carried arg_reduce(BatchView& v) {
  const std::int64_t axis = integer(v.node(), "axis", 0);
  apart(v, v.axis(axis));
  return reduced(v, {axis}, v.in(0));
}

Carried squeeze(BatchView& v) {
  const Carried c = first(v);
  const auto axes = v.integers(1, "axes");
  std::size_t before = 0;
  if (!axes) {
    if (v.multiply(v.batch(), c.each()) == 1) v.block("drops every dimension of size 1, the batch's too");
    for (std::size_t i = 0; i < c.axis; ++i) before += v.size(v.dims()[i]) == 1;
    return {c.axis - before, c.count, c.outer};
  }
  for (const std::int64_t given : *axes) {
    const std::size_t axis = v.axis(given);
    if (axis == c.axis) v.block("drops the batch's dimension");
    before += axis < c.axis;
  }
  return {c.axis - before, c.count, c.outer};
}

Carried unsqueeze(BatchView& v) {
  const Carried c = first(v);
  const auto axes = v.integers(1, "axes");
  if (!axes) v.block("has no axes");
  std::set<std::size_t> at;
  for (const std::int64_t given : *axes) {
    const auto axis = axis_index(given, v.rank() + axes->size());
    if (!axis) v.block("has an axis out of range");
    at.insert(*axis);
  }
  std::size_t place = 0;
  for (std::size_t left = c.axis; at.contains(place) || left > 0; ++place)
    if (!at.contains(place)) --left;
  return {place, c.count, c.outer};
}

Carried slice(BatchView& v) {
  const Carried c = first(v);
  const auto axes = v.integers(3, "axes");
  const auto starts = v.integers(1, "starts");
  if (!axes && (!starts || starts->size() > c.axis)) v.block("takes a part of the batch");
  if (axes)
    for (const std::int64_t axis : *axes)
      if (v.axis(axis) == c.axis) v.block("takes a part of the batch");
  return c;
}

Carried expand(BatchView& v) {
  const Carried c = v.in(0);
  if (!c) v.block("takes its shape from the batch");
  if (v.computed(1) && !v.known(1)) {
    if (c.axis != 0) v.block("has a shape that is computed in the graph, and the batch is not dimension 0");
    return c;
  }
  auto shape = v.integers(1, "shape");
  if (!shape) v.block("has no shape");
  const std::size_t back = v.rank() - c.axis;
  const Carried out{std::max(shape->size(), v.rank()) - back, c.count, c.outer};
  if (shape->size() < back) return out;
  std::int64_t& size = (*shape)[shape->size() - back];
  if (size == 1 || (v.computed(1) && v.follows(1, shape->size() - back))) return out;
  if (size != v.multiply(v.batch(), c.each())) v.block("repeats the batch");
  size = 1;
  v.reshape_to(*shape);
  return out;
}

Carried tile(BatchView& v) {
  const Carried c = first(v);
  const auto repeats = v.integers(1, "repeats");
  if (!repeats || repeats->size() <= c.axis || (*repeats)[c.axis] != 1) v.block("repeats the batch");
  return c;
}

Carried pad(BatchView& v) {
  const Carried c = first(v);
  const auto pads = v.integers(1, "pads");
  if (!pads) v.block("has no pads");
  if (v.has(3)) {
    const auto axes = v.integers(3, "axes");
    for (std::size_t i = 0; axes && i < axes->size(); ++i)
      if (v.axis((*axes)[i]) == c.axis && (pads->size() != 2 * axes->size() || (*pads)[i] || (*pads)[i + axes->size()])) v.block("adds rows to the batch");
    return c;
  }
  if (pads->size() != 2 * v.rank() || (*pads)[c.axis] || (*pads)[c.axis + v.rank()]) v.block("adds rows to the batch");
  return c;
}

Carried one_hot(BatchView& v) {
  const Carried c = first(v);
  const auto at = axis_index(integer(v.node(), "axis", -1), v.rank() + 1);
  if (!at) v.block("has an axis out of range");
  return {c.axis + (*at <= c.axis ? 1 : 0), c.count, c.outer};
}

Carried sizes(BatchView&) { return {}; }

}  // namespace batch_rules

}  // namespace lehr
