#include <algorithm>
#include <functional>
#include <map>
#include <set>

#include "graph/passes/passes.h"
#include "graph/passes/slots.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }

bool all_equal(const Tensor& tensor, double value) {
  return std::ranges::all_of(tensor.doubles(), [&](double x) { return x == value; });
}
bool zeros_and_ones(const Tensor& tensor) {
  const std::vector<double> x = tensor.doubles();
  return std::ranges::all_of(x, [](double v) { return v == 0 || v == 1; }) && std::ranges::count(x, 0.0) > 0 && std::ranges::count(x, 1.0) > 0;
}

// Names exporters make up for constants that are no tensor of the source: "val_12", "/1/Constant_2_output_0".
bool made_up(const std::string& name) {
  const std::string last = name.substr(name.rfind('/') == std::string::npos ? 0 : name.rfind('/') + 1);
  if (last.starts_with("Constant")) return true;
  return last.starts_with("val_") && last.find_first_not_of("0123456789", 4) == std::string::npos;
}

// A single number under a name the source gave: "scale", "block.alpha". Rank 0 only where the name is a path of modules.
bool learned_name(const std::string& name, bool rank_0) {
  if (name.find("ReadVariableOp") != std::string::npos) return true;
  if (made_up(name) || name.find_first_of("/:") != std::string::npos) return false;
  for (const char* prefix : {"const", "auto.", "p2o.", "scalar_tensor"})
    if (name.starts_with(prefix)) return false;
  const std::size_t dot = name.rfind('.');
  if (dot == std::string::npos) return !rank_0;
  return name.find_first_not_of("0123456789", dot + 1) != std::string::npos;
}

struct Verdict {
  Role role = Role::constant;
  std::string why;
  int depth = 0;  // operators between the weight and the one that says so
};

// Decides what a weight is from where its values go. The questions, in this order for every reader of the weight:
// does a gradient pass there at all; does the slot say it (a Gemm's weight, a running mean); is it a number of the formula
// (a scalar, a mask, a fixed statistic); else it is a bias, scale or slope that is learned.
class Judge {
 public:
  Judge(const Graph& graph, std::span<const ValueId> loss)
      : graph_(graph),
        uses_(graph),
        useful_(graph.values().size()),
        fixed_(graph.values().size()),
        touched_(graph.values().size()),
        variance_(graph.values().size()),
        seen_(graph.values().size()) {
    spread_back(loss);
    spread_forward();
  }

  // All that readers say; empty where no gradient gets through.
  std::vector<Verdict> ask(ValueId weight) {
    verdicts_.clear();
    root_ = weight;
    for (const ValueId id : visited_) seen_[at(id)] = false;
    visited_.clear();
    follow(weight, 0);
    for (std::size_t i = 0; i < open_.size(); ++i) look(open_[i].value, open_[i].depth);
    open_.clear();
    return verdicts_;
  }
  // Reached as running statistic, slot 3 or 4 of BatchNormalization, and through which value.
  struct StateUse {
    Uses::Use use;
    ValueId through = no_value;
    std::string why;
  };
  std::vector<StateUse> state_uses(ValueId weight) const {
    std::vector<StateUse> out;
    collect_states(weight, out, 0);
    return out;
  }
  bool useful(ValueId id) const { return useful_[at(id)]; }

 private:
  // Values a gradient of the loss reaches.
  void spread_back(std::span<const ValueId> loss) {
    for (const ValueId id : loss)
      if (id != no_value) useful_[at(id)] = true;
    for (std::size_t n = graph_.nodes().size(); n-- > 0;) {
      const Node& node = graph_.nodes()[n];
      if (!has_gradient(node) || std::ranges::none_of(node.out, [&](ValueId out) { return out != no_value && useful_[at(out)]; })) continue;
      for (std::size_t s = 0; s < node.in.size(); ++s)
        if (node.in[s] != no_value && has_gradient(node, s)) useful_[at(node.in[s])] = true;
    }
  }
  // fixed: depends on weights only. touched: more lies between the inputs and it than shifting and scaling by constants.
  void spread_forward() {
    for (std::size_t i = 0; i < fixed_.size(); ++i) fixed_[i] = graph_.values()[i].data != nullptr;
    for (const Node& node : graph_.nodes()) {
      bool fixed = true, touched = false, variance = false;
      for (std::size_t s = 0; s < node.in.size(); ++s) {
        if (node.in[s] == no_value) continue;
        fixed = fixed && fixed_[at(node.in[s])];
        touched = touched || touched_[at(node.in[s])] || (fixed_[at(node.in[s])] && weight_word(node, s) != nullptr);
        variance = variance || variance_[at(node.in[s])];
      }
      if (is(node, "Sqrt") && fixed && has_in(node, 0) && plain_statistic(node.in[0], 0)) variance = true;
      const auto live = std::ranges::count_if(node.in, [&](ValueId in) { return in != no_value && !fixed_[at(in)]; });
      const bool scales = is(node, "Mul") || is(node, "Div");
      if (live > 0 && (!affine(node) || (live > 1 && scales))) touched = true;
      for (const ValueId out : node.out)
        if (out != no_value) fixed_[at(out)] = fixed && !node.in.empty(), touched_[at(out)] = touched && !fixed, variance_[at(out)] = variance && fixed;
    }
  }
  // What a file does to its inputs before the network begins: shift, scale, clip, convert.
  static bool affine(const Node& node) {
    static const std::set<std::string, std::less<>> ops = {"Add",    "Sub",     "Mul",     "Div",     "Cast",      "Identity", "Clip",  "Min",   "Max",
                                                           "Scaler", "Reshape", "Flatten", "Squeeze", "Unsqueeze", "Concat",   "Slice", "Split", "Gather"};
    return ops.contains(node.op);
  }
  // A weight, reshaped, plus a scalar: sqrt(variance + epsilon).
  bool plain_statistic(ValueId id, int depth) const {
    if (depth > 8 || id == no_value) return false;
    if (graph_.value(id).data) return graph_.value(id).data->size() > 1;
    const Node* node = uses_.maker(id);
    if (!node || !has_in(*node, 0)) return false;
    if (carries(*node, 0)) return plain_statistic(node->in[0], depth + 1);
    if (!is(*node, "Add") || node->in.size() != 2) return false;
    return (scalar(graph_, node->in[1]) && plain_statistic(node->in[0], depth + 1)) || (scalar(graph_, node->in[0]) && plain_statistic(node->in[1], depth + 1));
  }

  void say(Role role, std::string why) { verdicts_.push_back({role, std::move(why), depth_}); }
  const Tensor& data() const { return *graph_.value(root_).data; }

  // To be looked at later, each value once.
  void follow(ValueId value, int depth) {
    if (value == no_value || seen_[at(value)]) return;
    seen_[at(value)] = true;
    visited_.push_back(value);
    open_.push_back({value, depth});
  }
  void look(ValueId value, int depth) {
    depth_ = depth;
    for (const Uses::Use use : uses_.of(value)) {
      const Node& node = graph_.nodes()[use.node];
      if (node.op == "BatchNormalization" && (use.slot == 3 || use.slot == 4)) continue;
      if (reached(node) && result(node) != no_value && has_gradient(node) && has_gradient(node, use.slot)) read_by(node, use.slot, value, depth);
    }
  }
  bool reached(const Node& node) const {
    return std::ranges::any_of(node.out, [&](ValueId out) { return out != no_value && useful_[at(out)]; });
  }

  void read_by(const Node& node, std::size_t slot, ValueId value, int depth) {
    const ValueId out = result(node);
    const std::string where = describe(graph_, node);
    if (carries(node, slot) && (fixed_[at(out)] || node.in.size() == 1)) return follow(out, depth + 1);
    if (const char* word = weight_word(node, slot)) {
      if (neutral(node, slot)) return say(Role::constant, cat("made by the exporter: the neutral ", word, " of ", where));
      return say(Role::parameter, cat(word, " of ", where));
    }
    if (data().shape().empty() && !learned_name(graph_.value(root_).name, true)) return say(Role::constant, cat("scalar constant of ", where));
    const bool mask = is(node, "Mul") && zeros_and_ones(data());
    if (mask) return say(Role::constant, cat("mask of zeros and ones in ", where));
    if (fixed_[at(out)]) return combined(node, value, out, depth);
    mixed(node, slot, where);
  }

  // Weights with weights: weight normalisation, a scaled or masked weight, an unfused batch normalisation.
  void combined(const Node& node, ValueId value, ValueId out, int depth) {
    if (is(node, "Sqrt") && variance_[at(out)] && plain_statistic(value, 0))
      return say(Role::constant, "variance of a normalisation written out in single operators");
    if (is(node, "Mul") && in_variance_product(node, value) && only_added(out))
      return say(Role::constant, "mean of a normalisation written out in single operators");
    follow(out, depth + 1);
  }
  bool in_variance_product(const Node& node, ValueId value) const {
    return !variance_[at(value)] && std::ranges::any_of(node.in, [&](ValueId in) { return in != no_value && in != value && variance_[at(in)]; });
  }
  bool only_added(ValueId id) const {
    const auto& uses = uses_.of(id);
    return !uses.empty() && std::ranges::all_of(uses, [&](const Uses::Use& use) {
      const Node& node = graph_.nodes()[use.node];
      return (is(node, "Add") || is(node, "Sub")) && result(node) != no_value && fixed_[at(result(node))];
    });
  }

  // A weight with an activation, elementwise.
  void mixed(const Node& node, std::size_t slot, const std::string& where) {
    const ValueId other = node.in.size() == 2 ? node.in[1 - slot] : no_value;
    const bool add = is(node, "Add") || is(node, "Sub"), scale = is(node, "Mul") || is(node, "Div");
    const bool after_product = other != no_value && is_product(other);
    const bool on_input = (add || scale) && other != no_value && !touched_[at(other)];
    if (on_input && (!is(node, "Add") || scaled_nearby(node, other))) return say(Role::constant, cat("normalisation constant of the input in ", where));
    if (data().size() == 1 && !(add && after_product) && !learned_name(graph_.value(root_).name, data().shape().empty()))
      return say(Role::constant, cat("scalar constant of ", where));
    if (is(node, "Sub") && slot == 1 && then_scaled(result(node)) && (!after_product || then_shifted(result(graph_.nodes()[uses_.of(result(node))[0].node]))))
      return say(Role::constant, cat("mean of a normalisation written out in single operators, in ", where));
    if (made_up(graph_.value(root_).name) && data().size() > 0 && all_equal(data(), data().doubles().at(0)))
      return say(Role::constant, cat("made by the exporter: a tensor of equal numbers in ", where));
    say(Role::parameter, cat(add ? "bias in " : scale ? "scale in " : "learned tensor in ", where));
  }
  // The product of a layer that has no bias of its own.
  bool is_product(ValueId id) const {
    const Node* node = uses_.maker(id);
    for (int depth = 0; node && depth < 16 && node->op != "Concat" && carries(*node, 0) && has_in(*node, 0); ++depth) node = uses_.maker(node->in[0]);
    return node && multiplies(*node) && !has_in(*node, 2);
  }
  // x * scale + shift or (x + shift) * scale: the Add belongs to a scaling by constants. Alone it is a bias.
  bool scaled_nearby(const Node& add, ValueId other) const {
    const Node* node = uses_.maker(other);
    for (int depth = 0; node && depth < 16 && (is(*node, "Identity") || is(*node, "Cast")) && has_in(*node, 0); ++depth) node = uses_.maker(node->in[0]);
    const bool before = node && (is(*node, "Mul") || is(*node, "Div"));
    return before || then_scaled(result(add));
  }
  bool then_scaled(ValueId id) const {
    const auto& uses = uses_.of(id);
    if (uses.size() != 1) return false;
    const Node& node = graph_.nodes()[uses[0].node];
    if (!is(node, "Mul") && !is(node, "Div")) return false;
    return std::ranges::any_of(node.in, [&](ValueId in) { return in != id && in != no_value && fixed_[at(in)]; });
  }
  // Scaled by a weight and shifted by another: (x - mean) * scale + shift even where x is a product without a bias.
  bool then_shifted(ValueId id) const {
    if (id == no_value) return false;
    const auto& uses = uses_.of(id);
    if (uses.size() != 1 || !is(graph_.nodes()[uses[0].node], "Add")) return false;
    return std::ranges::any_of(graph_.nodes()[uses[0].node].in, [&](ValueId in) { return in != id && in != no_value && fixed_[at(in)]; });
  }
  // All ones as scale, all zeros as shift, under a name no source gives; a scalar zero as Gemm's bias.
  bool neutral(const Node& node, std::size_t slot) const {
    if ((node.op == "Gemm" || node.op == "FusedGemm") && slot == 2 && data().shape().empty()) return all_equal(data(), 0);
    if (!normalises(node) || (slot != 1 && slot != 2) || !made_up(graph_.value(root_).name)) return false;
    return all_equal(data(), slot == 1 ? 1 : 0);
  }

  void collect_states(ValueId value, std::vector<StateUse>& out, int depth) const {
    if (depth > 32) return;
    for (const Uses::Use use : uses_.of(value)) {
      const Node& node = graph_.nodes()[use.node];
      if (node.op == "BatchNormalization" && (use.slot == 3 || use.slot == 4) && reached(node))
        out.push_back({use, value, cat(use.slot == 3 ? "running mean of " : "running variance of ", describe(graph_, node))});
      else if ((is(node, "Identity") || is(node, "Cast")) && result(node) != no_value)
        collect_states(result(node), out, depth + 1);
    }
  }

  const Graph& graph_;
  const Uses uses_;
  std::vector<bool> useful_, fixed_, touched_, variance_;
  ValueId root_ = no_value;
  int depth_ = 0;
  struct Open {
    ValueId value;
    int depth;
  };
  std::vector<Open> open_;
  std::vector<bool> seen_;
  std::vector<ValueId> visited_;
  std::vector<Verdict> verdicts_;
};

void settle(Value& value, Role role, std::string why) {
  value.role = role;
  value.why = std::move(why);
}

}  // namespace

std::size_t trainable(Graph& graph, std::span<const ValueId> loss) {
  Judge judge(graph, loss);
  std::size_t parameters = 0;
  const auto count = static_cast<ValueId>(graph.values().size());
  for (ValueId id = 0; id < count; ++id) {
    if (!graph.value(id).data) continue;
    if (!is_float(graph.value(id).data->type.dtype)) {
      settle(graph.value(id), Role::constant, "integer data");
      continue;
    }
    const std::vector<Verdict> verdicts = judge.ask(id);
    // A reason to learn outweighs all others; of several the nearest is told.
    auto learned = verdicts.end();
    for (auto it = verdicts.begin(); it != verdicts.end(); ++it)
      if (it->role == Role::parameter && (learned == verdicts.end() || it->depth < learned->depth)) learned = it;
    const auto states = judge.state_uses(id);
    if (learned != verdicts.end())
      settle(graph.value(id), Role::parameter, learned->why), ++parameters;
    else if (!states.empty())
      settle(graph.value(id), Role::state, states.front().why);
    else if (!verdicts.empty())
      settle(graph.value(id), Role::constant, verdicts.front().why);
    else
      settle(graph.value(id), Role::constant, judge.useful(id) ? "constant" : "not on the way to the loss");
    // Exporters store equal tensors once: a running statistic has a value of its own, one per name it is read under.
    std::map<ValueId, ValueId> own;
    if (learned == verdicts.end() && !states.empty()) own[states.front().through] = id;
    for (const auto& state : states) {
      auto [it, is_new] = own.emplace(state.through, no_value);
      if (is_new) {
        Value copy;
        copy.name = graph.fresh_name(cat(graph.value(state.through).name, "_state"));
        copy.type = graph.value(id).type;
        copy.data = graph.value(id).data;
        settle(copy, Role::state, cat(state.why, ", stored together with ", quote(graph.value(id).name)));
        it->second = graph.add(std::move(copy));
      }
      graph.node(state.use.node).in[state.use.slot] = it->second;
    }
  }
  return parameters;
}

}  // namespace lehr
