#include "graph/passes/facts.h"

#include <algorithm>
#include <set>

#include "graph/passes/shape_rules.h"
#include "graph/passes/uses.h"

namespace lehr {

Extent times(const Extent& a, const Extent& b) {
  if (!a.known || !b.known || (!a.symbol.empty() && !b.symbol.empty())) return {};
  constexpr std::int64_t limit = std::int64_t{1} << 40;
  if (a.count < 0 || b.count < 0 || (b.count > 0 && a.count > limit / b.count)) return {};
  return {a.count * b.count, a.symbol + b.symbol, true};
}

Extent over(const Extent& a, const Extent& b) {
  if (!a.known || !b.known || b.count <= 0 || a.count % b.count) return {};
  if (b.symbol.empty()) return {a.count / b.count, a.symbol, true};
  return a.symbol == b.symbol ? Extent::of(a.count / b.count) : Extent{};
}

Extent product(const Extents& all, std::size_t from) {
  Extent out = Extent::of(1);
  for (std::size_t i = from; i < all.size(); ++i) out = times(out, all[i]);
  return out;
}

namespace {

constexpr std::size_t longest_contents = 64;

using Names = std::set<std::string, std::less<>>;
const Names boolean = {"Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Not", "Xor", "IsNaN"};
const Names integer_result = {"Shape", "Size", "ArgMax", "ArgMin"};
const Names unknown_type = {"CastLike", "OneHot", "ConstantOfShape", "Constant", "If", "Loop", "ZipMap", "ArrayFeatureExtractor"};

Dtype from_onnx(std::int64_t code) {
  switch (code) {
    case 1:
      return Dtype::f32;
    case 10:
      return Dtype::f16;
    case 11:
      return Dtype::f64;
    case 16:
      return Dtype::bf16;
    case 9:
      return Dtype::boolean;
    case 8:
      return Dtype::string;
    default:
      return Dtype::i64;
  }
}

std::optional<Dtype> result_type(const Node& node, const Facts& first, const Facts& second) {
  if (boolean.contains(node.op)) return Dtype::boolean;
  if (integer_result.contains(node.op)) return Dtype::i64;
  if (unknown_type.contains(node.op)) return std::nullopt;
  if (node.op == "Where") return second.dtype;
  if (node.op == "Cast") return from_onnx(integer(node, "to", 1));
  if (node.op == "Scaler") return Dtype::f32;
  return first.dtype;
}

void start(const Value& value, Facts& facts) {
  if (value.data) {
    const Tensor& data = *value.data;
    facts.dtype = data.type.dtype;
    facts.dims.emplace();
    for (const std::int64_t size : data.shape()) facts.dims->push_back(Extent::of(size));
    const bool integers = !is_float(data.type.dtype) && data.type.dtype != Dtype::string;
    if (!integers || data.shape().size() > 1 || static_cast<std::size_t>(data.size()) > longest_contents) return;
    facts.contents.emplace();
    for (const std::int64_t x : data.integers()) facts.contents->push_back(Extent::of(x));
  } else if (value.type) {
    facts.dtype = value.type->dtype;
    if (value.role != Role::input || !value.type->dims) return;
    facts.dims.emplace();
    for (const Dim& dim : *value.type->dims) {
      const bool batch = facts.dims->empty() && dim.size < 0;
      facts.dims->push_back(dim.size >= 0 ? Extent::of(dim.size) : batch ? Extent{1, batch_symbol, true} : Extent{1, dim.symbol, !dim.symbol.empty()});
    }
  }
}

// Declared numbers where nothing was derived.
void fill(const Value& value, Facts& facts) {
  if (!value.type || !value.type->dims) return;
  const auto& declared = *value.type->dims;
  if (!facts.dims) facts.dims = Extents(declared.size());
  if (facts.dims->size() != declared.size()) return;
  for (std::size_t i = 0; i < declared.size(); ++i)
    if (!(*facts.dims)[i].known && declared[i].size >= 0) (*facts.dims)[i] = Extent::of(declared[i].size);
}

}  // namespace

std::vector<Facts> facts(const Graph& graph) {
  std::vector<Facts> known(graph.values().size());
  for (std::size_t i = 0; i < known.size(); ++i) start(graph.values()[i], known[i]);
  for (const Node& node : graph.nodes()) {
    static const Facts none;
    const auto in = [&](std::size_t slot) -> const Facts& { return has_in(node, slot) ? known[static_cast<std::size_t>(node.in[slot])] : none; };
    const ShapeResult result = shape_rule(node, in);
    for (std::size_t i = 0; i < node.out.size(); ++i) {
      if (node.out[i] == no_value) continue;
      Facts& out = known[static_cast<std::size_t>(node.out[i])];
      if (i == 0) {
        const auto type = result_type(node, in(0), in(1));
        if (type) out.dtype = type;
        out.dims = result.dims;
        out.contents = result.contents;
      }
      fill(graph.value(node.out[i]), out);
    }
  }
  return known;
}

}  // namespace lehr
