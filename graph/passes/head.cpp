#include <algorithm>
#include <set>

#include "base/error.h"
#include "graph/passes/loss.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

bool one_of(const std::string& op, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) { return op == name; });
}

// The slot a label operator reads its scores from.
std::optional<std::size_t> label_slot(const Node& node) {
  if (node.domain == "ai.onnx.ml") {
    if (node.op == "ArrayFeatureExtractor") return 1;
    if (one_of(node.op, {"ZipMap", "LabelEncoder", "Binarizer", "CastMap"})) return 0;
    return std::nullopt;
  }
  if (node.domain.empty() && one_of(node.op, {"ArgMax", "ArgMin"})) return 0;
  return std::nullopt;
}

bool to_float(const Node& node) {
  const std::int64_t to = integer(node, "to", 1);
  return to == 1 || to == 10 || to == 11 || to == 16;
}

bool shape_only(const Node& node) { return node.domain.empty() && one_of(node.op, {"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze"}); }

bool gives(const Node* node, const char* activation) { return node && (node->op == "FusedGemm" && string(*node, "activation", "") == activation); }

// Follows one output back to where the loss of this kind attaches.
class Walk {
 public:
  Walk(const Graph& graph, const Uses& uses, LossKind kind) : graph_(graph), uses_(uses), kind_(kind) {}

  Head from(ValueId output) {
    head_ = Head{output, output, Form::logits, {}};
    skip_labels();
    if (kind_ == LossKind::binary_cross_entropy || kind_ == LossKind::cross_entropy) find_probabilities();
    std::ranges::reverse(head_.tail);
    return head_;
  }

 private:
  // From a label back to the scores it was made of: nothing in front of the last label operator is skipped.
  void skip_labels() {
    ValueId at = head_.value;
    std::vector<std::string> passed;
    while (const Node* node = uses_.maker(at)) {
      const auto slot = label_slot(*node);
      if (!slot && !shape_only(*node) && !is(*node, "Cast")) return;
      if (!has_in(*node, slot.value_or(0))) return;
      passed.push_back(node->op);
      at = node->in[slot.value_or(0)];
      if (slot) {
        head_.value = at;
        head_.tail.insert(head_.tail.end(), passed.begin(), passed.end());
        passed.clear();
      }
    }
  }

  void find_probabilities() {
    ValueId at = head_.value;
    std::vector<std::string> passed;
    while (const Node* node = uses_.maker(at)) {
      if (const ValueId p = positive_of_pair(*node); p != no_value) {
        passed.insert(passed.end(), {"Concat", "Sub"});
        at = p;
        continue;
      }
      if ((shape_only(*node) || (is(*node, "Cast") && to_float(*node))) && has_in(*node, 0)) {
        passed.push_back(node->op);
        at = node->in[0];
        continue;
      }
      return ends_in(*node, at, passed);
    }
  }

  // `node` writes `at`, the last value that is not a mere reshaping of the output.
  void ends_in(const Node& node, ValueId at, std::vector<std::string>& passed) {
    const bool binary = kind_ == LossKind::binary_cross_entropy;
    const bool plain = node.domain.empty() && has_in(node, 0);
    const Node* before = plain ? uses_.maker(node.in[0]) : nullptr;
    if (plain && node.op == "Sigmoid") return probability(node, binary, passed);
    if (plain && one_of(node.op, {"Softmax", "LogSoftmax"})) return probability(node, !binary, passed);
    if (gives(&node, "Sigmoid") && binary) return stop(at, Form::probabilities, passed);
    if (!binary && plain && node.op == "Log" && before && before->op == "Softmax") return stop(at, Form::log_probabilities, passed);
    const bool clipped = plain && node.op == "Clip" && before;
    if (clipped && (binary ? before->op == "Sigmoid" || gives(before, "Sigmoid") : before->op == "Softmax")) return stop(at, Form::probabilities, passed);
    if (binary && plain && node.op == "HardSigmoid") return stop(at, Form::probabilities, passed);
    if (!passed.empty() && passed.front() == "Concat")
      throw Error("the output ", name(), " joins two columns 1-p and p, but p comes from ", describe(graph_, node), ", not from Sigmoid");
  }

  void probability(const Node& node, bool fits, std::vector<std::string>& passed) {
    if (!fits)
      throw Error("the output ", name(), " ends in ", node.op, ", which does not go with ", lehr::name(kind_), "; use ",
                  node.op == "Sigmoid" ? "binary_crossentropy" : "categorical_crossentropy");
    passed.push_back(node.op);
    stop(node.in[0], Form::logits, passed);
  }

  void stop(ValueId value, Form form, std::vector<std::string>& passed) {
    head_.value = value;
    head_.form = form;
    head_.tail.insert(head_.tail.end(), passed.begin(), passed.end());
  }

  // Concat(1-p, p): the p, or no_value.
  ValueId positive_of_pair(const Node& node) const {
    if (!is(node, "Concat") || node.in.size() != 2) return no_value;
    const Node* sub = uses_.maker(node.in[0]);
    if (!sub || !is(*sub, "Sub") || sub->in.size() != 2 || sub->in[1] != node.in[1]) return no_value;
    return scalar(graph_, sub->in[0]) == 1.0 ? node.in[1] : no_value;
  }

  std::string name() const { return quote(graph_.value(head_.output).name); }

  const Graph& graph_;
  const Uses& uses_;
  LossKind kind_;
  Head head_;
};

// A body reads values of the graph around it without naming them as inputs.
bool has_subgraph(const Node& node) {
  return std::ranges::any_of(node.attrs, [](const auto& attr) { return std::holds_alternative<Subgraph>(attr.second); });
}

// Outputs that carry scores: computed from an input, not a running statistic of BatchNormalization, not a weight.
std::vector<ValueId> candidates(const Graph& graph, const Uses& uses) {
  std::vector<bool> live(graph.values().size());
  for (const ValueId in : graph.inputs) live.at(static_cast<std::size_t>(in)) = true;
  for (const Node& node : graph.nodes())
    if (has_subgraph(node) || std::ranges::any_of(node.in, [&](ValueId in) { return in != no_value && live.at(static_cast<std::size_t>(in)); }))
      for (std::size_t i = 0; i < node.out.size(); ++i)
        if (node.out[i] != no_value && !(node.op == "BatchNormalization" && i > 0)) live.at(static_cast<std::size_t>(node.out[i])) = true;
  std::vector<ValueId> out;
  for (const ValueId id : graph.outputs)
    if (live.at(static_cast<std::size_t>(id)) && uses.maker(id) && std::ranges::find(out, id) == out.end()) out.push_back(id);
  return out;
}

// What a value is but for its shape, so that y = Identity(z) and Softmax(z) are seen to lead to one place.
ValueId root(const Uses& uses, ValueId id) {
  while (const Node* node = uses.maker(id)) {
    if (!(shape_only(*node) || is(*node, "Cast")) || !has_in(*node, 0)) break;
    id = node->in[0];
  }
  return id;
}

std::string list(const Graph& graph, std::span<const ValueId> ids) {
  std::vector<std::string> names;
  for (const ValueId id : ids) names.push_back(quote(graph.value(id).name));
  return join(names, ", ");
}

}  // namespace

bool label_tail(const Node& node) { return label_slot(node).has_value(); }

Head find_head(const Graph& graph, LossKind kind, const std::string& output) {
  const Uses uses(graph);
  Walk walk(graph, uses, kind);
  if (!output.empty()) {
    std::vector<std::string> names;
    for (const ValueId id : graph.outputs) {
      names.push_back(graph.value(id).name);
      if (names.back() == output) return walk.from(id);
    }
    throw Error("the model has no output ", quote(output), did_you_mean(output, names), "\n  outputs: ", list(graph, graph.outputs));
  }
  const std::vector<ValueId> all = candidates(graph, uses);
  if (all.empty()) throw Error("the model has no output that depends on an input, so there is nothing to attach a loss to");
  std::vector<Head> heads;
  for (const ValueId id : all) heads.push_back(walk.from(id));
  for (const Head& head : heads)
    if (root(uses, head.value) != root(uses, heads.front().value))
      throw Error("the model has ", all.size(), " outputs ", name(kind), " could be attached to: ", list(graph, all), "; name one of them");
  // One place, several outputs: scores come before what is made of them.
  return *std::ranges::min_element(heads, {}, [](const Head& head) { return head.tail.size(); });
}

}  // namespace lehr
