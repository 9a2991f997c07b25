#include "graph/print.h"

#include "base/error.h"

namespace lehr {

namespace {
struct AttributeText {
  std::string operator()(std::int64_t v) const { return cat(v); }
  std::string operator()(float v) const { return cat(v); }
  std::string operator()(const std::string& v) const { return quote(v); }
  std::string operator()(const std::vector<std::string>& v) const {
    std::vector<std::string> quoted;
    for (const std::string& s : v) quoted.push_back(quote(s));
    return cat(quoted);
  }
  std::string operator()(const std::vector<std::int64_t>& v) const { return shortened(v); }
  std::string operator()(const std::vector<float>& v) const { return shortened(v); }
  std::string operator()(const std::shared_ptr<const Tensor>& v) const { return v ? text(v->type) : "none"; }
  std::string operator()(const Subgraph&) const { return "{...}"; }

  template <class T>
  static std::string shortened(const std::vector<T>& v) {
    constexpr std::size_t shown = 8;
    if (v.size() <= shown) return cat(v);
    return cat("[", join(std::span(v).first(shown), ","), ",... ", v.size(), " values]");
  }
};

std::string names(const Graph& graph, const std::vector<ValueId>& ids) {
  std::vector<std::string> out;
  for (const ValueId id : ids) out.push_back(id == no_value ? "_" : printable(graph.value(id).name));
  return join(out, ", ");
}
}  // namespace

std::string text(const DeclaredType& type) {
  if (!type.dims) return cat(name(type.dtype), "[...]");
  std::vector<std::string> dims;
  for (const Dim& d : *type.dims) dims.push_back(d.size >= 0 ? cat(d.size) : d.symbol.empty() ? "?" : printable(d.symbol));
  return cat(name(type.dtype), dims);
}

std::string text(const Graph& graph, const Node& node) {
  std::string out =
      cat(names(graph, node.out), " = ", node.domain.empty() ? "" : printable(node.domain) + ".", printable(node.op), "(", names(graph, node.in), ")");
  for (const auto& [key, value] : node.attrs) out += cat(" ", printable(key), "=", std::visit(AttributeText{}, value));
  if (!node.name.empty()) out += " " + quote(node.name);
  return out;
}

std::string text(const Value& value) {
  std::string out = cat(name(value.role), " ", printable(value.name));
  if (value.data)
    out += " " + text(value.data->type);
  else if (value.type)
    out += " " + text(*value.type);
  return out;
}

std::string print(const Graph& graph) {
  std::string out;
  for (const ValueId id : graph.inputs) out += text(graph.value(id)) + "\n";
  for (const Value& value : graph.values())
    if (value.role != Role::input && value.role != Role::activation) out += text(value) + "\n";
  for (const Node& node : graph.nodes()) out += text(graph, node) + "\n";
  return out + "output " + names(graph, graph.outputs) + "\n";
}

}  // namespace lehr
