#include <algorithm>

#include "graph/passes/facts.h"
#include "graph/passes/spellings.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

// BatchNormalization by statistics the graph computes (how some exporters spell layer normalisation): nothing is running there, so
// in both modes it is (x - mean) / sqrt(variance + epsilon) * scale + shift, and the gradient passes through the statistics.
class ComputedStatistics {
 public:
  explicit ComputedStatistics(Graph& graph) : graph_(graph), known_(facts(graph)), opset_(std::max(main_opset(graph), 14)) {}

  std::size_t run() {
    std::size_t changes = 0;
    const std::vector<Node> nodes(graph_.nodes().begin(), graph_.nodes().end());
    std::vector<bool> live(graph_.values().size());
    for (const ValueId in : graph_.inputs) live[static_cast<std::size_t>(in)] = true;
    for (const Node& node : nodes) {
      const auto is_live = [&](std::size_t slot) { return has_in(node, slot) && live[static_cast<std::size_t>(node.in[slot])]; };
      if (is(node, "BatchNormalization") && node.opset >= 7 && node.out.size() == 1 && is_live(3) && is_live(4) && has_in(node, 0) && has_in(node, 1) &&
          has_in(node, 2) && result(node) != no_value && integer(node, "training_mode", 0) == 0 && known_[static_cast<std::size_t>(node.in[0])].dims) {
        write_out(node);
        ++changes;
      } else {
        out_.push_back(node);
      }
      for (std::size_t s = 0; s < node.in.size(); ++s)
        if (is_live(s))
          for (const ValueId out : node.out)
            if (out != no_value) live[static_cast<std::size_t>(out)] = true;
    }
    if (changes) graph_.set_nodes(std::move(out_));
    return changes;
  }

 private:
  ValueId emit(const std::string& op, std::vector<ValueId> in, ValueId to = no_value) {
    if (to == no_value) to = graph_.add(Value{graph_.fresh_name(stem_ + "_" + op), Role::activation, std::nullopt, nullptr, ""});
    out_.push_back(Node{op, "", node_name_, opset_, {}, std::move(in), {to}});
    return to;
  }
  ValueId constant(const std::string& what, Tensor tensor) {
    return graph_.add(Value{graph_.fresh_name(stem_ + "_" + what), Role::constant, std::nullopt, std::make_shared<Tensor>(std::move(tensor)), what});
  }
  void write_out(const Node& node) {
    stem_ = graph_.value(result(node)).name;
    node_name_ = node.name;
    const std::size_t rank = *known_[static_cast<std::size_t>(node.in[0])].rank();
    const float epsilon = real(node, "epsilon", 1e-5f);
    std::vector<std::int64_t> column(rank > 2 ? rank - 1 : 1, 1);
    column[0] = -1;  // [C, 1, ..]: along dimension 1 of x
    const ValueId shape = constant("shape", Tensor(Shape{static_cast<std::int64_t>(column.size())}, std::span<const std::int64_t>(column)));
    const auto along = [&](std::size_t slot) { return rank > 2 ? emit("Reshape", {node.in[slot], shape}) : node.in[slot]; };
    const ValueId eps = constant("epsilon", Tensor(Shape{}, std::span<const float>(&epsilon, 1)));
    const ValueId centred = emit("Sub", {node.in[0], along(3)});
    const ValueId deviation = emit("Sqrt", {emit("Add", {along(4), eps})});
    const ValueId scaled = emit("Mul", {emit("Div", {centred, deviation}), along(1)});
    emit("Add", {scaled, along(2)}, node.out[0]);
  }

  Graph& graph_;
  std::vector<Facts> known_;
  int opset_;
  std::string stem_, node_name_;
  std::vector<Node> out_;
};

}  // namespace

std::size_t computed_statistics(Graph& graph) { return ComputedStatistics(graph).run(); }

}  // namespace lehr
