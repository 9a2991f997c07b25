#include "graph/passes/facts.h"

#include <algorithm>

#include "graph/traits/node.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {

constexpr std::size_t longest_contents = 64;

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
  switch (traits(node).result) {
    case Result::as_first:
      return first.dtype;
    case Result::as_second:
      return second.dtype;
    case Result::boolean:
      return Dtype::boolean;
    case Result::integer:
      return Dtype::i64;
    case Result::float32:
      return Dtype::f32;
    case Result::by_cast:
      return from_onnx(integer(node, "to", 1));
    case Result::unknown:
      break;
  }
  return std::nullopt;
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
    const FactsOf in = [&](std::size_t slot) -> const Facts& { return has_in(node, slot) ? known[static_cast<std::size_t>(node.in[slot])] : none; };
    const Traits& row = traits(node);
    const MaybeExtents contents = row.contents ? row.contents(node, in) : std::nullopt;
    MaybeExtents dims = row.shape ? row.shape(node, in) : std::nullopt;
    if (contents && !dims) dims = Extents{Extent::of(static_cast<std::int64_t>(contents->size()))};
    for (std::size_t i = 0; i < node.out.size(); ++i) {
      if (node.out[i] == no_value) continue;
      Facts& out = known[static_cast<std::size_t>(node.out[i])];
      if (i == 0) {
        const auto type = result_type(node, in(0), in(1));
        if (type) out.dtype = type;
        out.dims = dims;
        out.contents = contents;
      }
      fill(graph.value(node.out[i]), out);
    }
  }
  return known;
}

}  // namespace lehr
