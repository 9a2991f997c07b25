#include "graph/onnx/element_types.h"

#include <algorithm>
#include <array>
#include <map>

#include "graph/onnx/signatures.h"
#include "graph/onnx/tensor.h"

namespace lehr::onnx {

namespace {
using Types = std::vector<std::optional<Dtype>>;

struct Bound {
  Dtype dtype;
  std::size_t input;
};

// "int64" as a type; none where it is the name of a group.
std::optional<Dtype> fixed_type(const std::string& text) {
  static constexpr std::array known{Dtype::f32, Dtype::f64, Dtype::i64, Dtype::i32, Dtype::boolean};
  for (const Dtype dtype : known)
    if (text == name(dtype)) return dtype;
  return std::nullopt;
}

const Signature::Operand& operand(const std::vector<Signature::Operand>& list, std::size_t i) { return list[std::min(i, list.size() - 1)]; }

class Typed {
 public:
  Typed(const Graph& graph, const Node& node, const Signature& signature, Types& types) : graph_(graph), node_(node), signature_(signature), types_(types) {}

  // Groups from the inputs; "" or what contradicts.
  std::string bind() {
    if (signature_.in.empty()) return "";
    for (std::size_t i = 0; i < node_.in.size(); ++i) {
      const std::string& group = operand(signature_.in, i).type;
      if (node_.in[i] == no_value || fixed_type(group)) continue;
      const auto dtype = types_[static_cast<std::size_t>(node_.in[i])];
      if (!dtype) continue;
      const auto [it, is_new] = bound_.emplace(group, Bound{*dtype, i});
      if (!is_new && it->second.dtype != *dtype) return cat(told(it->second.input), " but ", told(i), ": one element type is needed");
    }
    return "";
  }

  void outputs() {
    if (signature_.out.empty()) return;
    for (std::size_t i = 0; i < node_.out.size(); ++i) {
      if (node_.out[i] == no_value) continue;
      if (const auto dtype = type_of(operand(signature_.out, i).type)) types_[static_cast<std::size_t>(node_.out[i])] = dtype;
    }
  }

 private:
  std::string told(std::size_t i) const {
    const auto id = static_cast<std::size_t>(node_.in[i]);
    return cat("input ", i, " (", quote(graph_.value(node_.in[i]).name), ") is ", name(*types_[id]));
  }

  std::optional<Dtype> type_of(const std::string& text) const {
    if (text.starts_with('@')) {
      const auto colon = std::min(text.find(':'), text.size());
      const auto it = node_.attrs.find(text.substr(1, colon - 1));
      if (it != node_.attrs.end() && it->second != Attribute(std::int64_t{0})) return from(it->second);  // 0: no type, as not given
      return colon < text.size() ? type_of(text.substr(colon + 1)) : std::nullopt;
    }
    if (const auto dtype = fixed_type(text)) return dtype;
    const auto it = bound_.find(text);
    return it == bound_.end() ? std::nullopt : std::optional(it->second.dtype);
  }

  static std::optional<Dtype> from(const Attribute& attribute) {
    if (const auto* number = std::get_if<std::int64_t>(&attribute)) return *number >= 0 && *number < 100 ? dtype_of(static_cast<int>(*number)) : std::nullopt;
    if (const auto* tensor = std::get_if<std::shared_ptr<const Tensor>>(&attribute)) return (*tensor)->type.dtype;
    return std::nullopt;
  }

  const Graph& graph_;
  const Node& node_;
  const Signature& signature_;
  Types& types_;
  std::map<std::string, Bound> bound_;
};
}  // namespace

Types element_types(const Graph& graph, Problems& problems) {
  Types types;
  for (const Value& value : graph.values())
    types.push_back(value.data ? std::optional(value.data->type.dtype) : value.type ? std::optional(value.type->dtype) : std::nullopt);
  for (const Node& node : graph.nodes()) {
    const Signature* signature = onnx::signature(table_key(node.domain, node.op), node.opset);
    if (!signature) continue;
    Typed call(graph, node, *signature, types);
    if (const std::string contradiction = call.bind(); !contradiction.empty()) problems.add(describe(graph, node), ": ", contradiction);
    call.outputs();
  }
  return types;
}

}  // namespace lehr::onnx
