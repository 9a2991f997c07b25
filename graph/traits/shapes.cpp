#include "graph/traits/shapes.h"

#include <algorithm>
#include <map>
#include <set>

#include "base/text.h"
#include "graph/traits/node.h"

namespace lehr {

std::optional<std::vector<std::int64_t>> known_integers(const Node& node, const FactsOf& in, std::size_t slot, const char* attribute) {
  if (const auto it = node.attrs.find(attribute); it != node.attrs.end())
    if (const auto* list = std::get_if<std::vector<std::int64_t>>(&it->second)) return *list;
  const MaybeExtents& given = in(slot).contents;
  if (!given) return std::nullopt;
  std::vector<std::int64_t> out;
  for (const Extent& x : *given) {
    if (!x.known || !x.symbol.empty()) return std::nullopt;
    out.push_back(x.count);
  }
  return out;
}

namespace {
constexpr std::size_t no_slot = 99;

// The shape a Reshape or Expand is given; of known rank at least.
MaybeExtents shape_operand(const Node& node, const FactsOf& in) {
  if (const auto list = known_integers(node, in, 1, "shape")) {
    Extents out;
    for (const std::int64_t size : *list) out.push_back(Extent::of(size));
    return out;
  }
  if (in(1).contents) return in(1).contents;
  const MaybeExtents& b = in(1).dims;
  if (b && b->size() == 1 && b->front().number() >= 0 && b->front().number() <= 64) return Extents(static_cast<std::size_t>(b->front().number()));
  return std::nullopt;
}

// product(all) / product(parts), sizes that stand on both sides cancelled first, so that symbols need not be multiplied.
Extent quotient(Extents all, Extents parts) {
  for (const Extent& part : Extents(parts)) {
    const auto it = std::ranges::find(all, part);
    if (!part.known || it == all.end()) continue;
    all.erase(it);
    parts.erase(std::ranges::find(parts, part));
  }
  return over(product(all), product(parts));
}

MaybeExtents without_axes(const Node& node, const Extents& a, const std::vector<std::int64_t>& axes) {
  std::set<std::size_t> gone;
  for (const std::int64_t axis : axes)
    if (const auto i = axis_index(axis, a.size())) gone.insert(*i);
  Extents out;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!gone.contains(i))
      out.push_back(a[i]);
    else if (integer(node, "keepdims", 1))
      out.push_back(Extent::of(1));
  return out;
}

std::int64_t bounded(std::int64_t at, std::int64_t size) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); }
}  // namespace

namespace shape_rules {

MaybeExtents same(const Node&, const FactsOf& in) { return in(0).dims; }
MaybeExtents broadcasting(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  for (std::size_t i = 1; i < node.in.size(); ++i) out = broadcast(out, in(i).dims);
  return out;
}
MaybeExtents gemm(const Node& node, const FactsOf& in) {
  const MaybeExtents &a = in(0).dims, &b = in(1).dims;
  Extents out(2);
  if (a && a->size() == 2) out[0] = (*a)[integer(node, "transA", 0) ? 1 : 0];
  if (b && b->size() == 2) out[1] = (*b)[integer(node, "transB", 0) ? 0 : 1];
  return out;
}
MaybeExtents matmul(const Node&, const FactsOf& in) {
  const MaybeExtents &a = in(0).dims, &b = in(1).dims;
  if (!a || !b || a->size() < 2 || b->size() < 2) return std::nullopt;
  MaybeExtents out = broadcast(Extents(a->begin(), a->end() - 2), Extents(b->begin(), b->end() - 2));
  out->push_back((*a)[a->size() - 2]);
  out->push_back(b->back());
  return out;
}
MaybeExtents flatten(const Node& node, const FactsOf& in) {
  const MaybeExtents& a = in(0).dims;
  if (!a) return Extents(2);
  std::int64_t axis = integer(node, "axis", 1);
  if (axis < 0) axis += static_cast<std::int64_t>(a->size());
  if (axis < 0 || axis > static_cast<std::int64_t>(a->size())) return std::nullopt;
  return Extents{product(Extents(a->begin(), a->begin() + axis)), product(*a, static_cast<std::size_t>(axis))};
}
MaybeExtents reshape(const Node& node, const FactsOf& in) {
  MaybeExtents out = shape_operand(node, in);
  if (!out) return std::nullopt;
  const MaybeExtents& a = in(0).dims;
  const Extents to = *out;
  std::optional<std::size_t> open;
  for (std::size_t i = 0; i < to.size(); ++i) {
    if (to[i] == Extent::of(-1)) open = i;
    if (to[i] == Extent::of(0) && !integer(node, "allowzero", 0)) (*out)[i] = a && i < a->size() ? (*a)[i] : Extent{};
  }
  if (!open) return out;
  (*out)[*open] = Extent::of(1);
  (*out)[*open] = a ? quotient(*a, *out) : Extent{};
  return out;
}
MaybeExtents expand(const Node& node, const FactsOf& in) { return broadcast(in(0).dims, shape_operand(node, in)); }
MaybeExtents of_contents(const Node&, const FactsOf& in) { return in(0).contents; }
MaybeExtents transpose(const Node& node, const FactsOf& in) {
  const MaybeExtents& a = in(0).dims;
  if (!a) return std::nullopt;
  const auto perm = known_integers(node, in, no_slot, "perm");
  if (!perm) return Extents(a->rbegin(), a->rend());
  if (perm->size() != a->size()) return std::nullopt;
  Extents out;
  for (const std::int64_t p : *perm) {
    if (p < 0 || p >= static_cast<std::int64_t>(a->size())) return std::nullopt;
    out.push_back((*a)[static_cast<std::size_t>(p)]);
  }
  return out;
}
MaybeExtents concat(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  const auto axis = out ? axis_index(integer(node, "axis", 1), out->size()) : std::nullopt;
  if (!axis) return std::nullopt;
  for (std::size_t i = 1; i < node.in.size(); ++i) {
    const MaybeExtents& next = in(i).dims;
    if (!next || next->size() != out->size()) return std::nullopt;
    (*out)[*axis] = plus((*out)[*axis], (*next)[*axis]);
    for (std::size_t d = 0; d < out->size(); ++d)
      if (d != *axis && !(*out)[d].known) (*out)[d] = (*next)[d];
  }
  return out;
}
MaybeExtents gather(const Node& node, const FactsOf& in) {
  const MaybeExtents &a = in(0).dims, &b = in(1).dims;
  const auto axis = a ? axis_index(integer(node, "axis", 0), a->size()) : std::nullopt;
  if (!axis || !b) return std::nullopt;
  const auto at = static_cast<std::ptrdiff_t>(*axis);
  Extents out(a->begin(), a->begin() + at);
  out.insert(out.end(), b->begin(), b->end());
  out.insert(out.end(), a->begin() + at + 1, a->end());
  return out;
}
MaybeExtents gather_elements(const Node&, const FactsOf& in) { return in(1).dims; }
MaybeExtents slice(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  const auto starts = known_integers(node, in, 1, "starts"), ends = known_integers(node, in, 2, "ends");
  auto axes = known_integers(node, in, 3, "axes"), steps = known_integers(node, in, 4, "steps");
  if (!out || !starts || !ends || starts->size() != ends->size()) return out ? MaybeExtents(Extents(out->size())) : out;
  if (!axes) {
    axes.emplace();
    for (std::size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<std::int64_t>(i));
  }
  for (std::size_t i = 0; i < axes->size() && i < starts->size(); ++i) {
    const auto axis = axis_index((*axes)[i], out->size());
    if (!axis) return std::nullopt;
    const std::int64_t size = (*out)[*axis].number(), step = steps && i < steps->size() ? (*steps)[i] : 1;
    if (size < 0 || (step != 1 && step != -1)) {
      (*out)[*axis] = {};
      continue;
    }
    if (step == -1) {  // from start down to just above end
      const std::int64_t from = std::clamp<std::int64_t>((*starts)[i] < 0 ? (*starts)[i] + size : (*starts)[i], -1, size - 1);
      const std::int64_t above = (*ends)[i] < -size ? -1 : std::clamp<std::int64_t>((*ends)[i] < 0 ? (*ends)[i] + size : (*ends)[i], -1, size - 1);
      (*out)[*axis] = Extent::of(std::max<std::int64_t>(0, from - above));
      continue;
    }
    (*out)[*axis] = Extent::of(std::max<std::int64_t>(0, bounded((*ends)[i], size) - bounded((*starts)[i], size)));
  }
  return out;
}
MaybeExtents split(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  const auto axis = out ? axis_index(integer(node, "axis", 0), out->size()) : std::nullopt;
  if (!axis) return std::nullopt;
  const auto sizes = known_integers(node, in, 1, "split");
  const std::int64_t whole = (*out)[*axis].number(), parts = integer(node, "num_outputs", static_cast<std::int64_t>(node.out.size()));
  (*out)[*axis] = {};
  if (sizes && !sizes->empty())
    (*out)[*axis] = Extent::of(sizes->front());
  else if (whole >= 0 && parts > 0)
    (*out)[*axis] = Extent::of((whole + parts - 1) / parts);
  return out;
}
MaybeExtents rank_of(const Node&, const FactsOf& in) {
  return in(0).dims ? MaybeExtents(Extents{Extent::of(static_cast<std::int64_t>(in(0).dims->size()))}) : std::nullopt;
}
MaybeExtents scalar(const Node&, const FactsOf&) { return Extents{}; }
MaybeExtents reduce(const Node& node, const FactsOf& in) {
  const MaybeExtents& a = in(0).dims;
  const auto list = known_integers(node, in, 1, "axes");
  if (list && !list->empty()) return a ? without_axes(node, *a, *list) : std::nullopt;
  if (!list && has_in(node, 1)) return std::nullopt;
  if (integer(node, "noop_with_empty_axes", 0)) return a;
  if (!integer(node, "keepdims", 1)) return Extents{};
  return a ? MaybeExtents(Extents(a->size(), Extent::of(1))) : std::nullopt;
}
MaybeExtents arg_reduce(const Node& node, const FactsOf& in) {
  return in(0).dims ? without_axes(node, *in(0).dims, {integer(node, "axis", 0)}) : std::nullopt;
}
MaybeExtents squeeze(const Node& node, const FactsOf& in) {
  const MaybeExtents& a = in(0).dims;
  const auto list = known_integers(node, in, 1, "axes");
  if (!a || (!list && has_in(node, 1))) return std::nullopt;
  std::set<std::size_t> gone;
  if (list)
    for (const std::int64_t axis : *list)
      if (const auto i = axis_index(axis, a->size())) gone.insert(*i);
  Extents out;
  for (std::size_t i = 0; i < a->size(); ++i) {
    if (!list && !(*a)[i].known) return std::nullopt;  // every size of 1, once all are known
    if (list ? !gone.contains(i) : (*a)[i] != Extent::of(1)) out.push_back((*a)[i]);
  }
  return out;
}
MaybeExtents unsqueeze(const Node& node, const FactsOf& in) {
  const MaybeExtents& a = in(0).dims;
  const auto list = known_integers(node, in, 1, "axes");
  if (!a || !list) return std::nullopt;
  const std::size_t rank = a->size() + list->size();
  std::set<std::size_t> at;
  for (const std::int64_t axis : *list)
    if (const auto i = axis_index(axis, rank)) at.insert(*i);
  Extents out;
  std::size_t next = 0;
  for (std::size_t i = 0; i < rank; ++i) {
    if (at.contains(i))
      out.push_back(Extent::of(1));
    else if (next < a->size())
      out.push_back((*a)[next++]);
  }
  return out;
}
MaybeExtents tile(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  const auto repeats = known_integers(node, in, 1, "repeats");
  if (!out || !repeats || repeats->size() != out->size()) return out ? MaybeExtents(Extents(out->size())) : std::nullopt;
  for (std::size_t i = 0; i < out->size(); ++i) (*out)[i] = times((*out)[i], Extent::of((*repeats)[i]));
  return out;
}
MaybeExtents pad(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  const auto pads = known_integers(node, in, 1, "pads");
  if (!out || !pads || has_in(node, 3) || pads->size() != 2 * out->size()) return out ? MaybeExtents(Extents(out->size())) : std::nullopt;
  for (std::size_t i = 0; i < out->size(); ++i)
    if (const std::int64_t more = (*pads)[i] + (*pads)[i + out->size()]) (*out)[i] = (*out)[i].number() >= 0 ? Extent::of((*out)[i].number() + more) : Extent{};
  return out;
}
MaybeExtents one_hot(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  const auto at = out ? axis_index(integer(node, "axis", -1), out->size() + 1) : std::nullopt;
  if (!at) return std::nullopt;
  const auto depth = known_integers(node, in, 1, "depth");
  out->insert(out->begin() + static_cast<std::ptrdiff_t>(*at), depth && depth->size() == 1 ? Extent::of(depth->front()) : Extent{});
  return out;
}
MaybeExtents einsum(const Node& node, const FactsOf& in) {
  std::string text = string(node, "equation", "");
  std::erase(text, ' ');
  const std::size_t arrow = text.find("->");
  if (arrow == std::string::npos || text.find('.') != std::string::npos) return std::nullopt;
  std::map<char, Extent> sizes;
  std::size_t slot = 0;
  for (const auto& part : lehr::split(text.substr(0, arrow), ',')) {
    const MaybeExtents& d = in(slot++).dims;
    if (!d || d->size() != part.size()) return std::nullopt;
    for (std::size_t i = 0; i < part.size(); ++i)
      if (Extent& known = sizes[part[i]]; !known.known) known = (*d)[i];
  }
  Extents out;
  for (const char letter : text.substr(arrow + 2)) out.push_back(sizes[letter]);
  return out;
}
MaybeExtents top_k(const Node& node, const FactsOf& in) {
  MaybeExtents out = in(0).dims;
  const auto axis = out ? axis_index(integer(node, "axis", -1), out->size()) : std::nullopt;
  if (!axis) return std::nullopt;
  const auto k = known_integers(node, in, 1, "");
  const std::int64_t count = k && k->size() == 1 ? k->front() : integer(node, "k", -1);
  (*out)[*axis] = count >= 0 ? Extent::of(count) : Extent{};
  return out;
}

}  // namespace shape_rules

namespace contents_rules {

MaybeExtents handed_on(const Node&, const FactsOf& in) { return in(0).contents; }
MaybeExtents shape(const Node& node, const FactsOf& in) {
  const MaybeExtents& a = in(0).dims;
  if (!a) return std::nullopt;
  const auto rank = static_cast<std::int64_t>(a->size());
  const std::int64_t start = bounded(integer(node, "start", 0), rank), end = bounded(integer(node, "end", rank), rank);
  return start > end ? Extents{} : Extents(a->begin() + start, a->begin() + end);
}
MaybeExtents concat(const Node& node, const FactsOf& in) {
  Extents out;
  for (std::size_t i = 0; i < node.in.size(); ++i) {
    if (!in(i).contents) return std::nullopt;
    out.insert(out.end(), in(i).contents->begin(), in(i).contents->end());
  }
  return out;
}
MaybeExtents gather(const Node&, const FactsOf& in) {
  const MaybeExtents &first = in(0).contents, &second = in(1).contents;
  if (!first || !second) return std::nullopt;
  Extents out;
  for (const Extent& at : *second) {
    const auto i = at.known && at.symbol.empty() ? axis_index(at.count, first->size()) : std::nullopt;
    if (!i) return std::nullopt;
    out.push_back((*first)[*i]);
  }
  return out;
}
namespace {
std::int64_t rows_of(const Facts& facts, std::size_t count) {  // of a matrix kept row by row; 0 where it is none
  if (!facts.dims || facts.dims->size() != 2 || (*facts.dims)[0].number() <= 0) return 0;
  return static_cast<std::size_t>((*facts.dims)[0].number() * std::max<std::int64_t>(0, (*facts.dims)[1].number())) == count ? (*facts.dims)[0].number() : 0;
}
}  // namespace
MaybeExtents slice(const Node& node, const FactsOf& in) {
  const MaybeExtents& all = in(0).contents;
  if (!all) return std::nullopt;
  const auto starts = known_integers(node, in, 1, "starts"), ends = known_integers(node, in, 2, "ends"), steps = known_integers(node, in, 4, "steps");
  const auto axes = known_integers(node, in, 3, "axes");
  if (!starts || !ends || starts->size() != 1 || ends->size() != 1 || (axes && *axes != std::vector<std::int64_t>{0})) return std::nullopt;
  if (const std::int64_t rows = rows_of(in(0), all->size()); rows > 0) {  // rows turned round, as exporters do it with pads
    if (!steps || *steps != std::vector<std::int64_t>{-1} || (*starts)[0] != -1 || (*ends)[0] > -rows) return std::nullopt;
    const std::size_t width = all->size() / static_cast<std::size_t>(rows);
    Extents out;
    for (std::size_t row = static_cast<std::size_t>(rows); row-- > 0;)
      out.insert(out.end(), all->begin() + static_cast<std::ptrdiff_t>(row * width), all->begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
    return out;
  }
  if (steps && *steps != std::vector<std::int64_t>{1}) return std::nullopt;
  const auto size = static_cast<std::int64_t>(all->size());
  const std::int64_t start = bounded((*starts)[0], size), end = bounded((*ends)[0], size);
  return start > end ? Extents{} : Extents(all->begin() + start, all->begin() + end);
}
MaybeExtents transpose(const Node& node, const FactsOf& in) {
  const MaybeExtents& all = in(0).contents;
  const std::int64_t rows = all ? rows_of(in(0), all->size()) : 0;
  const auto perm = known_integers(node, in, no_slot, "perm");
  if (rows == 0 || (perm && *perm != std::vector<std::int64_t>{1, 0})) return std::nullopt;
  const std::size_t height = static_cast<std::size_t>(rows), width = all->size() / height;
  Extents out;
  for (std::size_t column = 0; column < width; ++column)
    for (std::size_t row = 0; row < height; ++row) out.push_back((*all)[row * width + column]);
  return out;
}
MaybeExtents filled(const Node& node, const FactsOf& in) {
  constexpr std::int64_t longest = 64;
  const MaybeExtents& shape = in(0).contents;
  const auto value = node.attrs.find("value");
  const auto* tensor = value == node.attrs.end() ? nullptr : std::get_if<std::shared_ptr<const Tensor>>(&value->second);
  if (!shape || shape->size() != 1 || (*shape)[0].number() < 0 || (*shape)[0].number() > longest || !tensor || is_float((*tensor)->type.dtype))
    return std::nullopt;
  return Extents(static_cast<std::size_t>((*shape)[0].number()), Extent::of((*tensor)->integers().at(0)));
}
MaybeExtents product(const Node&, const FactsOf& in) { return in(0).contents ? MaybeExtents(Extents{lehr::product(*in(0).contents)}) : std::nullopt; }

namespace {
MaybeExtents single(const FactsOf& in, Extent (*combine)(const Extent&, const Extent&)) {
  const MaybeExtents &a = in(0).contents, &b = in(1).contents;
  if (!a || !b || a->size() != 1 || b->size() != 1) return std::nullopt;
  return Extents{combine((*a)[0], (*b)[0])};
}
}  // namespace
MaybeExtents multiply(const Node&, const FactsOf& in) { return single(in, times); }
MaybeExtents divide(const Node&, const FactsOf& in) { return single(in, over); }
MaybeExtents add(const Node&, const FactsOf& in) { return single(in, plus); }
MaybeExtents subtract(const Node&, const FactsOf& in) {
  return single(in, [](const Extent& a, const Extent& b) {
    return a.known && b.known && a.symbol.empty() && b.symbol.empty() ? Extent::of(a.count - b.count) : Extent{};
  });
}
MaybeExtents remainder(const Node&, const FactsOf& in) {
  return single(in, [](const Extent& a, const Extent& b) { return a.number() >= 0 && b.number() > 0 ? Extent::of(a.count % b.count) : Extent{}; });
}

}  // namespace contents_rules

}  // namespace lehr
