#include "graph/passes/shape_rules.h"

#include <algorithm>
#include <set>

#include "graph/passes/names.h"
#include "graph/passes/uses.h"

namespace lehr {

std::optional<Extents> broadcast(const std::optional<Extents>& a, const std::optional<Extents>& b) {
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

namespace {

using Maybe = std::optional<Extents>;

const Names same_as_first = plus(unary(), {"PRelu", "Softmax", "LogSoftmax", "CumSum", "Trilu", "FastGelu", "BiasGelu"});
const Names& broadcasting = binary();

std::optional<std::size_t> index(std::int64_t axis, std::size_t rank) {
  if (axis < 0) axis += static_cast<std::int64_t>(rank);
  return axis < 0 || axis >= static_cast<std::int64_t>(rank) ? std::nullopt : std::optional(static_cast<std::size_t>(axis));
}

class Rule {
 public:
  Rule(const Node& node, const std::function<const Facts&(std::size_t)>& in) : node_(node), in_(in) {}

  ShapeResult run() const {
    ShapeResult out{dims(), contents()};
    if (out.contents && !out.dims) out.dims = Extents{Extent::of(static_cast<std::int64_t>(out.contents->size()))};
    return out;
  }

 private:
  const Maybe& a() const { return in_(0).dims; }
  const Maybe& b() const { return in_(1).dims; }

  Maybe dims() const {
    const std::string& op = node_.op;
    if (same_as_first.contains(op) || op.ends_with("Normalization")) return a();
    if (broadcasting.contains(op)) {
      Maybe out = a();
      for (std::size_t i = 1; i < node_.in.size(); ++i) out = broadcast(out, in_(i).dims);
      return out;
    }
    if (op == "Gemm" || op == "FusedGemm") return gemm();
    if (op == "MatMul") return matmul();
    if (op == "Conv" || op == "ConvTranspose" || op.ends_with("Pool")) return window_rule(node_, a(), b());
    if (op == "Flatten") return flatten();
    if (op == "Reshape") return reshape();
    if (op == "Expand") return broadcast(a(), shape_operand());
    if (op == "ConstantOfShape") return in_(0).contents;
    if (op == "Transpose") return transpose();
    if (op == "Concat") return concat();
    if (op == "Gather") return gather();
    if (op == "Slice") return slice();
    if (op == "Shape" && a()) return Extents{Extent::of(static_cast<std::int64_t>(a()->size()))};
    if (op.starts_with("Reduce")) return reduce();
    if (op == "ArgMax" || op == "ArgMin") return reduced({integer(node_, "axis", 0)});
    if (op == "Squeeze" || op == "Unsqueeze") return squeeze();
    return std::nullopt;
  }

  // Integers of a short vector that is computed from shapes.
  Maybe contents() const {
    const std::string& op = node_.op;
    const Maybe& first = in_(0).contents;
    if (op == "Shape") return shape_contents();
    if (!first) return std::nullopt;
    if (op == "Identity" || op == "Cast" || op == "Squeeze" || op == "Unsqueeze" || op == "Reshape") return first;
    if (op == "Concat") {
      Extents out;
      for (std::size_t i = 0; i < node_.in.size(); ++i) {
        if (!in_(i).contents) return std::nullopt;
        out.insert(out.end(), in_(i).contents->begin(), in_(i).contents->end());
      }
      return out;
    }
    if (op == "ReduceProd") return Extents{product(*first)};
    const Maybe& second = in_(1).contents;
    if (op == "Slice") return sliced(*first);
    if (!second) return std::nullopt;
    if (op == "Gather") {
      Extents out;
      for (const Extent& at : *second) {
        const auto i = at.number() == -1 && !(at.known && at.count == -1) ? std::nullopt : index(at.count, first->size());
        if (!i) return std::nullopt;
        out.push_back((*first)[*i]);
      }
      return out;
    }
    if ((op == "Mul" || op == "Div") && first->size() == 1 && second->size() == 1)
      return Extents{op == "Mul" ? times((*first)[0], (*second)[0]) : over((*first)[0], (*second)[0])};
    return std::nullopt;
  }
  Maybe shape_contents() const {
    if (!a()) return std::nullopt;
    const auto rank = static_cast<std::int64_t>(a()->size());
    const auto bound = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + rank : at, 0, rank); };
    const std::int64_t start = bound(integer(node_, "start", 0)), end = bound(integer(node_, "end", rank));
    return start > end ? Extents{} : Extents(a()->begin() + start, a()->begin() + end);
  }
  Maybe sliced(const Extents& all) const {
    const auto starts = numbers(1, "starts"), ends = numbers(2, "ends"), steps = numbers(4, "steps");
    if (!starts || !ends || starts->size() != 1 || ends->size() != 1 || (steps && *steps != std::vector<std::int64_t>{1})) return std::nullopt;
    const auto size = static_cast<std::int64_t>(all.size());
    const auto bound = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
    const std::int64_t start = bound((*starts)[0]), end = bound((*ends)[0]);
    return start > end ? Extents{} : Extents(all.begin() + start, all.begin() + end);
  }

  // An attribute, or an operand whose integers are known.
  std::optional<std::vector<std::int64_t>> numbers(std::size_t slot, const char* attribute) const {
    if (const auto it = node_.attrs.find(attribute); it != node_.attrs.end())
      if (const auto* list = std::get_if<std::vector<std::int64_t>>(&it->second)) return *list;
    const Maybe& given = in_(slot).contents;
    if (!given) return std::nullopt;
    std::vector<std::int64_t> out;
    for (const Extent& x : *given) {
      if (!x.known || !x.symbol.empty()) return std::nullopt;
      out.push_back(x.count);
    }
    return out;
  }
  Maybe shape_operand() const {
    if (const auto list = numbers(1, "shape")) {
      Extents out;
      for (const std::int64_t size : *list) out.push_back(Extent::of(size));
      return out;
    }
    if (in_(1).contents) return in_(1).contents;
    if (b() && b()->size() == 1 && b()->front().number() >= 0 && b()->front().number() <= 64)
      return Extents(static_cast<std::size_t>(b()->front().number()));  // the rank is known, the sizes are not
    return std::nullopt;
  }

  Maybe gemm() const {
    Extents out(2);
    if (a() && a()->size() == 2) out[0] = (*a())[integer(node_, "transA", 0) ? 1 : 0];
    if (b() && b()->size() == 2) out[1] = (*b())[integer(node_, "transB", 0) ? 0 : 1];
    return out;
  }
  Maybe matmul() const {
    if (!a() || !b() || a()->size() < 2 || b()->size() < 2) return std::nullopt;
    Maybe out = broadcast(Extents(a()->begin(), a()->end() - 2), Extents(b()->begin(), b()->end() - 2));
    out->push_back((*a())[a()->size() - 2]);
    out->push_back(b()->back());
    return out;
  }
  Maybe flatten() const {
    if (!a()) return Extents(2);
    std::int64_t axis = integer(node_, "axis", 1);
    if (axis < 0) axis += static_cast<std::int64_t>(a()->size());
    if (axis < 0 || axis > static_cast<std::int64_t>(a()->size())) return std::nullopt;
    return Extents{product(Extents(a()->begin(), a()->begin() + axis)), product(*a(), static_cast<std::size_t>(axis))};
  }
  Maybe reshape() const {
    Maybe out = shape_operand();
    if (!out) return std::nullopt;
    const Extents& to = *out;
    std::optional<std::size_t> open;
    for (std::size_t i = 0; i < to.size(); ++i) {
      if (to[i] == Extent::of(-1)) open = i;
      if (to[i] == Extent::of(0) && !integer(node_, "allowzero", 0)) (*out)[i] = a() && i < a()->size() ? (*a())[i] : Extent{};
    }
    if (!open) return out;
    (*out)[*open] = Extent::of(1);
    (*out)[*open] = a() ? quotient(*a(), *out) : Extent{};
    return out;
  }
  // product(all) / product(parts), sizes that stand on both sides cancelled first, so that symbols need not be multiplied.
  static Extent quotient(Extents all, Extents parts) {
    for (const Extent& part : Extents(parts)) {
      const auto it = std::ranges::find(all, part);
      if (!part.known || it == all.end()) continue;
      all.erase(it);
      parts.erase(std::ranges::find(parts, part));
    }
    return over(product(all), product(parts));
  }
  Maybe transpose() const {
    if (!a()) return std::nullopt;
    const auto perm = numbers(99, "perm");
    if (!perm) return Extents(a()->rbegin(), a()->rend());
    if (perm->size() != a()->size()) return std::nullopt;
    Extents out;
    for (const std::int64_t p : *perm) {
      if (p < 0 || p >= static_cast<std::int64_t>(a()->size())) return std::nullopt;
      out.push_back((*a())[static_cast<std::size_t>(p)]);
    }
    return out;
  }
  Maybe concat() const {
    Maybe out = a();
    const auto axis = out ? index(integer(node_, "axis", 1), out->size()) : std::nullopt;
    if (!axis) return std::nullopt;
    for (std::size_t i = 1; i < node_.in.size(); ++i) {
      const Maybe& next = in_(i).dims;
      if (!next || next->size() != out->size()) return std::nullopt;
      Extent& sum = (*out)[*axis];
      const Extent& more = (*next)[*axis];
      constexpr std::int64_t limit = std::int64_t{1} << 40;
      sum = sum.known && more.known && sum.symbol == more.symbol && sum.count < limit && more.count < limit ? Extent{sum.count + more.count, sum.symbol, true}
                                                                                                            : Extent{};
      for (std::size_t d = 0; d < out->size(); ++d)
        if (d != *axis && !(*out)[d].known) (*out)[d] = (*next)[d];
    }
    return out;
  }
  Maybe gather() const {
    const auto axis = a() ? index(integer(node_, "axis", 0), a()->size()) : std::nullopt;
    if (!axis || !b()) return std::nullopt;
    const auto at = static_cast<std::ptrdiff_t>(*axis);
    Extents out(a()->begin(), a()->begin() + at);
    out.insert(out.end(), b()->begin(), b()->end());
    out.insert(out.end(), a()->begin() + at + 1, a()->end());
    return out;
  }
  Maybe slice() const {
    Maybe out = a();
    const auto starts = numbers(1, "starts"), ends = numbers(2, "ends");
    auto axes = numbers(3, "axes"), steps = numbers(4, "steps");
    if (!out || !starts || !ends || starts->size() != ends->size()) return out ? Maybe(Extents(out->size())) : out;
    if (!axes) {
      axes.emplace();
      for (std::size_t i = 0; i < starts->size(); ++i) axes->push_back(static_cast<std::int64_t>(i));
    }
    for (std::size_t i = 0; i < axes->size() && i < starts->size(); ++i) {
      const auto axis = index((*axes)[i], out->size());
      if (!axis) return std::nullopt;
      const std::int64_t size = (*out)[*axis].number(), step = steps && i < steps->size() ? (*steps)[i] : 1;
      if (size < 0 || step != 1) {
        (*out)[*axis] = {};
        continue;
      }
      const auto bound = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, 0, size); };
      (*out)[*axis] = Extent::of(std::max<std::int64_t>(0, bound((*ends)[i]) - bound((*starts)[i])));
    }
    return out;
  }
  Maybe reduce() const {
    const auto list = numbers(1, "axes");
    if (list && !list->empty()) return reduced(*list);
    if (!list && has_in(node_, 1)) return std::nullopt;
    if (integer(node_, "noop_with_empty_axes", 0)) return a();
    if (!integer(node_, "keepdims", 1)) return Extents{};
    return a() ? Maybe(Extents(a()->size(), Extent::of(1))) : std::nullopt;
  }
  Maybe reduced(const std::vector<std::int64_t>& axes) const {
    if (!a()) return std::nullopt;
    std::set<std::size_t> gone;
    for (const std::int64_t axis : axes)
      if (const auto i = index(axis, a()->size())) gone.insert(*i);
    Extents out;
    for (std::size_t i = 0; i < a()->size(); ++i)
      if (!gone.contains(i))
        out.push_back((*a())[i]);
      else if (integer(node_, "keepdims", 1))
        out.push_back(Extent::of(1));
    return out;
  }
  Maybe squeeze() const {
    const auto list = numbers(1, "axes");
    if (!a() || (!list && (has_in(node_, 1) || node_.op == "Unsqueeze"))) return std::nullopt;
    Extents out;
    if (!list) {  // every size of 1, once all are known
      for (const Extent& size : *a()) {
        if (!size.known) return std::nullopt;
        if (size != Extent::of(1)) out.push_back(size);
      }
      return out;
    }
    const bool more = node_.op == "Unsqueeze";
    const std::size_t rank = a()->size() + (more ? list->size() : 0);
    std::set<std::size_t> at;
    for (const std::int64_t axis : *list)
      if (const auto i = index(axis, rank)) at.insert(*i);
    std::size_t next = 0;
    for (std::size_t i = 0; i < rank; ++i) {
      if (!more && !at.contains(i)) out.push_back((*a())[i]);
      if (more && at.contains(i))
        out.push_back(Extent::of(1));
      else if (more && next < a()->size())
        out.push_back((*a())[next++]);
    }
    return out;
  }

  const Node& node_;
  const std::function<const Facts&(std::size_t)>& in_;
};

}  // namespace

ShapeResult shape_rule(const Node& node, const std::function<const Facts&(std::size_t slot)>& in) { return Rule(node, in).run(); }

}  // namespace lehr
