#include "graph/passes/facts.h"

#include <algorithm>
#include <set>

#include "graph/passes/uses.h"

namespace lehr {

namespace {

using Dims = std::vector<Dim>;
using MaybeDims = std::optional<Dims>;

const std::set<std::string, std::less<>> same_as_first = {
    "Relu", "LeakyRelu", "Elu", "Selu", "Celu", "Gelu", "Tanh", "Sigmoid", "Softplus", "Softsign", "HardSigmoid", "HardSwish", "Mish", "Swish",
    "PRelu", "Clip", "Identity", "Dropout", "BatchNormalization", "LayerNormalization", "RMSNormalization", "InstanceNormalization",
    "GroupNormalization", "Softmax", "LogSoftmax", "Neg", "Abs", "Exp", "Log", "Sqrt", "Reciprocal", "Erf", "Cast", "ThresholdedRelu", "Sin", "Cos",
    "Sign", "Floor", "Ceil", "LpNormalization", "CumSum", "Scaler", "Not", "Trilu", "QuickGelu", "FastGelu", "BiasGelu", "Normalizer"};
const std::set<std::string, std::less<>> broadcasting = {"Add", "Sub", "Mul", "Div", "Pow", "Min", "Max", "Sum", "Mean",
                                                         "Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Where"};
const std::set<std::string, std::less<>> boolean = {"Greater", "Less", "Equal", "GreaterOrEqual", "LessOrEqual", "And", "Or", "Not", "Xor", "IsNaN"};

MaybeDims broadcast_dims(const MaybeDims& a, const MaybeDims& b) {
  if (!a || !b) return std::nullopt;
  const std::size_t rank = std::max(a->size(), b->size());
  Dims out(rank);
  for (std::size_t i = 0; i < rank; ++i) {
    const Dim one{1, ""};
    const Dim& x = i + a->size() < rank ? one : (*a)[i + a->size() - rank];
    const Dim& y = i + b->size() < rank ? one : (*b)[i + b->size() - rank];
    out[i] = x.size == 1 ? y : y.size == 1 ? x : x.size >= 0 ? x : y;
  }
  return out;
}

Dtype from_onnx(std::int64_t code) {
  switch (code) {
    case 1: return Dtype::f32;
    case 10: return Dtype::f16;
    case 11: return Dtype::f64;
    case 16: return Dtype::bf16;
    case 9: return Dtype::boolean;
    case 8: return Dtype::string;
    default: return Dtype::i64;
  }
}

class Derive {
 public:
  explicit Derive(const Graph& graph) : graph_(graph), known_(graph.values().size()) {}

  std::vector<Facts> run() {
    for (std::size_t i = 0; i < known_.size(); ++i) start(graph_.values()[i], known_[i]);
    for (const Node& node : graph_.nodes()) {
      const Facts derived = result(node);
      if (node.out.empty() || node.out[0] == no_value) continue;
      Facts& out = known_[static_cast<std::size_t>(node.out[0])];
      if (!out.dtype) out.dtype = derived.dtype;
      if (!out.dims) out.dims = derived.dims;
    }
    return std::move(known_);
  }

 private:
  static void start(const Value& value, Facts& facts) {
    if (value.data) {
      facts.dtype = value.data->type.dtype;
      facts.dims.emplace();
      for (const std::int64_t size : value.data->type.shape) facts.dims->push_back({size, ""});
    } else if (value.type) {
      facts.dtype = value.type->dtype;
      facts.dims = value.type->dims;
    }
  }

  const Facts& in(const Node& node, std::size_t slot) const {
    static const Facts none;
    return has_in(node, slot) ? known_[static_cast<std::size_t>(node.in[slot])] : none;
  }
  MaybeDims constant_shape(const Node& node, std::size_t slot) const {
    if (!has_in(node, slot) || !has_data(graph_, node.in[slot])) return std::nullopt;
    const Tensor& tensor = *graph_.value(node.in[slot]).data;
    if (is_float(tensor.type.dtype) || tensor.type.dtype == Dtype::string) return std::nullopt;
    Dims out;
    for (const std::int64_t size : tensor.integers()) out.push_back({size, ""});
    return out;
  }

  Facts result(const Node& node) const {
    Facts out;
    const Facts& a = in(node, 0);
    out.dtype = a.dtype;
    if (boolean.contains(node.op)) out.dtype = Dtype::boolean;
    if (node.op == "Where" && node.in.size() > 1) out.dtype = in(node, 1).dtype;
    if (node.op == "Cast") out.dtype = from_onnx(integer(node, "to", 1));
    if (node.op == "Shape" || node.op == "Size" || node.op == "ArgMax" || node.op == "ArgMin") out.dtype = Dtype::i64;
    if (node.op == "Scaler") out.dtype = Dtype::f32;
    if (node.op == "CastLike" || node.op == "OneHot" || node.op == "ConstantOfShape" || node.op == "Constant" || node.op == "If") out.dtype = {};
    out.dims = shape(node);
    return out;
  }

  MaybeDims shape(const Node& node) const {
    const MaybeDims& a = in(node, 0).dims;
    if (same_as_first.contains(node.op)) return a;
    if (broadcasting.contains(node.op)) {
      MaybeDims out = a;
      for (std::size_t i = 1; i < node.in.size(); ++i) out = broadcast_dims(out, in(node, i).dims);
      return out;
    }
    if (node.op == "Gemm" || node.op == "FusedGemm") return gemm(node);
    if (node.op == "MatMul") return matmul(a, in(node, 1).dims);
    if (node.op == "Flatten") return Dims{integer(node, "axis", 1) == 1 && a && !a->empty() ? (*a)[0] : Dim{}, flat(a)};
    if (node.op == "Reshape") return reshape(node, a);
    if (node.op == "Transpose") return transpose(node, a);
    if (node.op == "Concat") return concat(node);
    if (node.op == "Gather") return gather(node);
    if (node.op.starts_with("Reduce")) return reduce(node, a);
    if (node.op == "Squeeze" || node.op == "Unsqueeze") return squeeze(node, a);
    return std::nullopt;
  }

  static Dim flat(const MaybeDims& a) {
    Dim out{1, ""};
    if (!a) return {};
    for (std::size_t i = 1; i < a->size(); ++i) out.size = (*a)[i].size < 0 || out.size < 0 ? -1 : out.size * (*a)[i].size;
    return out;
  }
  MaybeDims gemm(const Node& node) const {
    const MaybeDims &a = in(node, 0).dims, &b = in(node, 1).dims;
    Dims out(2);
    if (a && a->size() == 2) out[0] = (*a)[integer(node, "transA", 0) ? 1 : 0];
    if (b && b->size() == 2) out[1] = (*b)[integer(node, "transB", 0) ? 0 : 1];
    return out;
  }
  static MaybeDims matmul(const MaybeDims& a, const MaybeDims& b) {
    if (!a || !b || a->size() < 2 || b->size() < 2) return std::nullopt;
    const Dims a_batch(a->begin(), a->end() - 2), b_batch(b->begin(), b->end() - 2);
    Dims out = *broadcast_dims(a_batch, b_batch);
    out.push_back((*a)[a->size() - 2]);
    out.push_back(b->back());
    return out;
  }
  MaybeDims reshape(const Node& node, const MaybeDims& a) const {
    MaybeDims out = constant_shape(node, 1);
    if (!out) return std::nullopt;
    for (std::size_t i = 0; i < out->size(); ++i)
      if ((*out)[i].size == 0 && !integer(node, "allowzero", 0)) (*out)[i] = a && i < a->size() ? (*a)[i] : Dim{};
    return out;
  }
  static MaybeDims transpose(const Node& node, const MaybeDims& a) {
    if (!a) return std::nullopt;
    const auto it = node.attrs.find("perm");
    const auto* perm = it == node.attrs.end() ? nullptr : std::get_if<std::vector<std::int64_t>>(&it->second);
    if (!perm) return Dims(a->rbegin(), a->rend());
    if (perm->size() != a->size()) return std::nullopt;
    Dims out;
    for (const std::int64_t p : *perm) {
      if (p < 0 || p >= static_cast<std::int64_t>(a->size())) return std::nullopt;
      out.push_back((*a)[static_cast<std::size_t>(p)]);
    }
    return out;
  }
  static std::optional<std::size_t> index(std::int64_t axis, std::size_t rank) {
    if (axis < 0) axis += static_cast<std::int64_t>(rank);
    return axis < 0 || axis >= static_cast<std::int64_t>(rank) ? std::nullopt : std::optional(static_cast<std::size_t>(axis));
  }
  MaybeDims concat(const Node& node) const {
    MaybeDims out = in(node, 0).dims;
    const auto axis = out ? index(integer(node, "axis", 1), out->size()) : std::nullopt;
    if (!axis) return std::nullopt;
    for (std::size_t i = 1; i < node.in.size(); ++i) {
      const MaybeDims& next = in(node, i).dims;
      if (!next || next->size() != out->size()) return std::nullopt;
      Dim& sum = (*out)[*axis];
      sum = {sum.size < 0 || (*next)[*axis].size < 0 ? -1 : sum.size + (*next)[*axis].size, ""};
    }
    return out;
  }
  MaybeDims gather(const Node& node) const {
    const MaybeDims &a = in(node, 0).dims, &b = in(node, 1).dims;
    if (!a || !b) return std::nullopt;
    const auto axis = index(integer(node, "axis", 0), a->size());
    if (!axis) return std::nullopt;
    const auto at = static_cast<std::ptrdiff_t>(*axis);
    Dims out(a->begin(), a->begin() + at);
    out.insert(out.end(), b->begin(), b->end());
    out.insert(out.end(), a->begin() + at + 1, a->end());
    return out;
  }
  std::optional<std::vector<std::int64_t>> axes(const Node& node) const {
    if (const auto it = node.attrs.find("axes"); it != node.attrs.end())
      if (const auto* list = std::get_if<std::vector<std::int64_t>>(&it->second)) return *list;
    const MaybeDims given = constant_shape(node, 1);
    if (!given) return std::nullopt;
    std::vector<std::int64_t> out;
    for (const Dim& dim : *given) out.push_back(dim.size);
    return out;
  }
  MaybeDims reduce(const Node& node, const MaybeDims& a) const {
    const bool keep = integer(node, "keepdims", 1) != 0;
    const auto list = axes(node);
    if (!list && has_in(node, 1)) return std::nullopt;
    if (!list) return keep ? (a ? MaybeDims(Dims(a->size(), Dim{1, ""})) : std::nullopt) : MaybeDims(Dims{});
    if (!a) return std::nullopt;
    std::set<std::size_t> gone;
    for (const std::int64_t axis : *list)
      if (const auto i = index(axis, a->size())) gone.insert(*i);
    Dims out;
    for (std::size_t i = 0; i < a->size(); ++i)
      if (!gone.contains(i)) out.push_back((*a)[i]);
      else if (keep) out.push_back({1, ""});
    return out;
  }
  MaybeDims squeeze(const Node& node, const MaybeDims& a) const {
    const auto list = axes(node);
    if (!a || !list) return std::nullopt;
    const bool more = node.op == "Unsqueeze";
    const std::size_t rank = a->size() + (more ? list->size() : 0);
    std::set<std::size_t> at;
    for (const std::int64_t axis : *list)
      if (const auto i = index(axis, rank)) at.insert(*i);
    Dims out;
    std::size_t next = 0;
    for (std::size_t i = 0; i < rank; ++i) {
      if (!more && !at.contains(i)) out.push_back((*a)[i]);
      if (more && at.contains(i)) out.push_back({1, ""});
      else if (more && next < a->size()) out.push_back((*a)[next++]);
    }
    return out;
  }

  const Graph& graph_;
  std::vector<Facts> known_;
};

}  // namespace

std::vector<Facts> facts(const Graph& graph) { return Derive(graph).run(); }

}  // namespace lehr
