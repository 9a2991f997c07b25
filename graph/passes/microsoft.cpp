#include <algorithm>
#include <array>
#include <map>

#include "graph/passes/spellings.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

// com.microsoft operators that plain ones say as well (ONNX Runtime, ContribOperators).
class Microsoft {
 public:
  explicit Microsoft(Graph& graph) : graph_(graph), opset_(std::max(main_opset(graph), 13)) {}

  std::size_t run() {
    std::size_t changes = 0;
    std::vector<Node> nodes(graph_.nodes().begin(), graph_.nodes().end());
    for (const Node& node : nodes)
      if (node.domain == "com.microsoft" && rewrite(node))
        ++changes;
      else
        out_.push_back(node);
    if (changes) graph_.set_nodes(std::move(out_));
    return changes;
  }

 private:
  bool rewrite(const Node& node) {
    if (node.out.size() != 1 || node.out[0] == no_value || !has_in(node, 0)) return false;
    stem_ = graph_.value(node.out[0]).name;
    if (node.op == "FusedGemm" && has_in(node, 1)) return fused(node, "Gemm", {"alpha", "beta", "transA", "transB"});
    if (node.op == "FusedConv" && has_in(node, 1) && !has_in(node, 3))
      return fused(node, "Conv", {"auto_pad", "dilations", "group", "kernel_shape", "pads", "strides"});
    if ((node.op == "Gelu" || node.op == "QuickGelu") && node.in.size() == 1) {
      if (node.op == "Gelu")
        emit({"Gelu", "", node.name, 20, {}, node.in, node.out});
      else
        emit({"Swish", "lehr", node.name, 1, {{"alpha", real(node, "alpha", 1.702f)}}, node.in, node.out});
      return true;
    }
    const bool fast = node.op == "FastGelu";
    if (fast || node.op == "BiasGelu") {
      ValueId x = node.in[0];
      if (has_in(node, 1)) x = through({"Add", "", node.name, opset_, {}, {x, node.in[1]}, {}, node.place});
      Node gelu{"Gelu", "", node.name, 20, {}, {x}, node.out};
      if (fast) gelu.attrs["approximate"] = std::string("tanh");
      emit(std::move(gelu));
      return true;
    }
    return false;
  }

  // A product and the activation behind it, which FusedConv gives its numbers in a list.
  bool fused(const Node& node, const char* product, const std::vector<const char*>& kept) {
    Node first{product, "", node.name, opset_, {}, node.in, {}, node.place};
    for (const char* key : kept)
      if (const auto it = node.attrs.find(key); it != node.attrs.end()) first.attrs[key] = it->second;
    Node activation{string(node, "activation", "Relu"), "", node.name, opset_, {}, {}, node.out};
    static constexpr std::array names = {std::pair{"activation_alpha", "alpha"}, std::pair{"activation_beta", "beta"}, std::pair{"activation_gamma", "gamma"}};
    for (const auto& [theirs, plain] : names)
      if (const auto it = node.attrs.find(theirs); it != node.attrs.end()) activation.attrs[plain] = it->second;
    if (const auto it = node.attrs.find("activation_params"); it != node.attrs.end() && !params(activation, it->second)) return false;
    activation.in = {through(std::move(first))};
    emit(std::move(activation));
    return true;
  }
  // What ONNX Runtime writes into FusedConv's activation_params, by the plain operator's attributes.
  static bool params(Node& activation, const Attribute& given) {
    static const std::map<std::string, std::vector<const char*>> known = {
        {"LeakyRelu", {"alpha"}}, {"HardSigmoid", {"alpha", "beta"}}, {"Clip", {"min", "max"}}};
    const auto* values = std::get_if<std::vector<float>>(&given);
    const auto names = known.find(activation.op);
    if (!values || names == known.end() || names->second.size() != values->size()) return false;
    for (std::size_t i = 0; i < values->size(); ++i) activation.attrs[names->second[i]] = (*values)[i];
    if (activation.op == "Clip") activation.opset = 6;  // bounds as attributes
    return true;
  }

  void emit(Node node) { out_.push_back(std::move(node)); }
  // Appends a node whose result is a new value named after the one it stands in front of.
  ValueId through(Node node) {
    Value value;
    value.name = graph_.fresh_name(cat(stem_, "_", node.op));
    const ValueId id = graph_.add(std::move(value));
    node.out = {id};
    emit(std::move(node));
    return id;
  }

  Graph& graph_;
  int opset_;
  std::string stem_;
  std::vector<Node> out_;
};

}  // namespace

std::size_t microsoft(Graph& graph) { return Microsoft(graph).run(); }

}  // namespace lehr
