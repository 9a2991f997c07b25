#include "graph/passes/judge.h"

#include <algorithm>

#include "base/text.h"
#include "graph/passes/origins.h"
#include "graph/passes/value_evidence.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {

std::size_t at(ValueId id) { return static_cast<std::size_t>(id); }
constexpr int deepest = 16;

bool all_equal(const Tensor& tensor, double value) {
  return std::ranges::all_of(tensor.doubles(), [&](double x) { return x == value; });
}

bool adds(const Node& node) { return traits(node).does == Does::add || traits(node).does == Does::subtract; }
bool scales(const Node& node) { return traits(node).does == Does::multiply || traits(node).does == Does::divide; }
bool renames(const Node& node) { return traits(node).does == Does::identity || traits(node).does == Does::cast; }

}  // namespace

Judge::Judge(const Graph& graph, std::span<const ValueId> loss)
    : graph_(graph),
      uses_(graph),
      known_(facts(graph)),
      useful_(graph.values().size()),
      fixed_(graph.values().size()),
      touched_(graph.values().size()),
      variance_(graph.values().size()),
      seen_(graph.values().size()) {
  spread_back(loss);
  spread_forward();
}

std::vector<Verdict> Judge::ask(ValueId weight) {
  verdicts_.clear();
  root_ = weight;
  for (const ValueId id : visited_) seen_[at(id)] = false;
  visited_.clear();
  follow(weight, 0);
  for (std::size_t i = 0; i < open_.size(); ++i) look(open_[i].value, open_[i].depth);
  open_.clear();
  return verdicts_;
}

std::vector<Judge::StateUse> Judge::state_uses(ValueId weight) const {
  std::vector<StateUse> out;
  collect_states(weight, out, 0);
  return out;
}

bool Judge::read_elsewhere(ValueId value, int depth) const {
  return depth > 32 || uses_.is_output(value) || std::ranges::any_of(uses_.of(value), [&](const Uses::Use use) {
    const Node& node = graph_.nodes()[use.node];
    if (renames(node) && result(node) != no_value) return read_elsewhere(result(node), depth + 1);
    return traits(node).slot(use.slot).purpose != Purpose::statistic || !reached(node);
  });
}

// Values a gradient of the loss reaches.
void Judge::spread_back(std::span<const ValueId> loss) {
  for (const ValueId id : loss)
    if (id != no_value) useful_[at(id)] = true;
  for (std::size_t n = graph_.nodes().size(); n-- > 0;) {
    const Node& node = graph_.nodes()[n];
    if (!has_gradient(node) || !reached(node)) continue;
    for (std::size_t s = 0; s < node.in.size(); ++s)
      if (node.in[s] != no_value && has_gradient(node, s)) useful_[at(node.in[s])] = true;
  }
}

// fixed: depends on weights only. touched: more lies between the inputs and it than what a file does to them before the network begins.
void Judge::spread_forward() {
  for (std::size_t i = 0; i < fixed_.size(); ++i) fixed_[i] = graph_.values()[i].data != nullptr;
  for (const Node& node : graph_.nodes()) {
    bool all_fixed = true, touched = false, variance = false;
    for (std::size_t s = 0; s < node.in.size(); ++s) {
      if (node.in[s] == no_value) continue;
      all_fixed = all_fixed && fixed(node.in[s]);
      touched = touched || touched_[at(node.in[s])] || (fixed(node.in[s]) && weight_word(node, s) != nullptr);
      variance = variance || variance_[at(node.in[s])];
    }
    if (traits(node).does == Does::root && all_fixed && has_in(node, 0) && plain_statistic(node.in[0], 0)) variance = true;
    const auto live = std::ranges::count_if(node.in, [&](ValueId in) { return in != no_value && !fixed(in); });
    if (live > 0 && (!traits(node).affine || (live > 1 && scales(node)))) touched = true;
    for (const ValueId out : node.out)
      if (out != no_value)
        fixed_[at(out)] = all_fixed && !node.in.empty(), touched_[at(out)] = touched && !all_fixed, variance_[at(out)] = variance && all_fixed;
  }
}

// A weight, reshaped, plus a scalar: sqrt(variance + epsilon).
bool Judge::plain_statistic(ValueId id, int depth) const {
  if (depth > 8 || id == no_value) return false;
  if (graph_.value(id).data) return graph_.value(id).data->size() > 1;
  const Node* node = uses_.maker(id);
  if (!node || !has_in(*node, 0)) return false;
  if (carries(*node, 0)) return plain_statistic(node->in[0], depth + 1);
  if (traits(*node).does != Does::add || node->in.size() != 2) return false;
  return (scalar(graph_, node->in[1]) && plain_statistic(node->in[0], depth + 1)) || (scalar(graph_, node->in[0]) && plain_statistic(node->in[1], depth + 1));
}

bool Judge::reached(const Node& node) const {
  return std::ranges::any_of(node.out, [&](ValueId out) { return out != no_value && useful_[at(out)]; });
}

void Judge::say(Role role, Evidence by, std::string why) { verdicts_.push_back({role, std::move(why), by, depth_, node_}); }

// To be looked at later, each value once.
void Judge::follow(ValueId value, int depth) {
  if (value == no_value || seen_[at(value)]) return;
  seen_[at(value)] = true;
  visited_.push_back(value);
  open_.push_back({value, depth});
}

void Judge::look(ValueId value, int depth) {
  depth_ = depth;
  for (const Uses::Use use : uses_.of(value)) {
    const Node& node = graph_.nodes()[use.node];
    node_ = use.node;
    if (reached(node) && result(node) != no_value && has_gradient(node) && has_gradient(node, use.slot)) read_by(node, use.slot, value);
  }
}

void Judge::read_by(const Node& node, std::size_t slot, ValueId value) {
  const ValueId out = result(node);
  const std::string where = describe(graph_, node);
  if (carries(node, slot) && (fixed(out) || node.in.size() == 1)) return follow(out, depth_ + 1);
  if (traits(node).slot(slot).purpose == Purpose::choice) return constant(Evidence::row, cat("what is chosen or filled in by ", where));
  if (const char* word = weight_word(node, slot)) {
    if (neutral(node, slot)) return constant(Evidence::name, cat("made by the exporter: the neutral ", word, " of ", where));
    return say(Role::parameter, Evidence::row, cat(word, " of ", where));
  }
  const bool gate = traits(node).does == Does::multiply && gate_name(name()) && !graph_.value(root_).origin.constant_node;
  if (data().shape().empty() && !learned_name(name(), true) && !gate) return constant(Evidence::name, cat("scalar constant of ", where));
  if (const std::string form = row_added_to_layer(node, slot) ? "" : formula_values(data(), traits(node).does == Does::multiply); !form.empty())
    return constant(Evidence::values, cat(form, ", in ", where));
  if (const std::string number = data().size() == 1 ? formula_number(node, slot) : ""; !number.empty())
    return constant(Evidence::place, cat(number, " in ", where));
  if (fixed(out)) return combined(node, value, out);
  mixed(node, slot, where);
}

// One row added to the product of a layer is its bias, whatever its values.
bool Judge::row_added_to_layer(const Node& node, std::size_t slot) const {
  if (!adds(node) || node.in.size() != 2 || data().shape().empty() || data().shape().back() != data().size()) return false;
  const ValueId other = node.in[1 - slot];
  return other != no_value && is_product(other) && !live_product(behind_carriers(other));
}

// Sum with a small number in front of a root, a reciprocal, a logarithm, a quotient.
bool Judge::only_into_formula(ValueId id, int depth) const {
  const auto& uses = uses_.of(id);
  return depth < deepest && !uses.empty() && std::ranges::all_of(uses, [&](const Uses::Use& use) {
    const Node& node = graph_.nodes()[use.node];
    const Does does = traits(node).does;
    if (does == Does::root || does == Does::reciprocal || does == Does::logarithm || does == Does::power) return true;
    if (does == Does::divide) return use.slot == 1;
    return traits(node).carries && result(node) != no_value && only_into_formula(result(node), depth + 1);
  });
}

const Node* Judge::behind_carriers(ValueId id) const {
  const Node* node = uses_.maker(id);
  for (int depth = 0; node && depth < deepest && node->in.size() == 1 && carries(*node, 0) && has_in(*node, 0); ++depth) node = uses_.maker(node->in[0]);
  return node;
}

// A product of two activations, as of queries and keys.
bool Judge::live_product(const Node* node) const {
  return node && traits(*node).product && has_in(*node, 0) && has_in(*node, 1) && !fixed(node->in[0]) && !fixed(node->in[1]);
}

// What a single number stands for in a formula; "" where it may as well be learned.
std::string Judge::formula_number(const Node& node, std::size_t slot) const {
  const ValueId out = result(node);
  switch (traits(node).does) {
    case Does::add:
    case Does::subtract:
      return only_into_formula(out, 0) ? "a number added in front of a root, logarithm or quotient" : "";
    case Does::divide:
      return slot == 1 ? "the divisor" : "the dividend";
    case Does::power:
      return slot == 1 ? "the exponent" : "the base";
    case Does::multiply: {
      if (live_product(behind_carriers(node.in[1 - slot]))) return "a factor on a product of activations, like 1/sqrt(d),";
      for (const Uses::Use& use : uses_.of(out))
        if (live_product(&graph_.nodes()[use.node])) return "a factor in front of a product of activations, like 1/sqrt(d),";
      return "";
    }
    default:
      return "";
  }
}

// Weights with weights: weight normalisation, a scaled or masked weight, an unfused batch normalisation.
void Judge::combined(const Node& node, ValueId value, ValueId out) {
  if (traits(node).does == Does::root && variance_[at(out)] && plain_statistic(value, 0))
    return constant(Evidence::place, "variance of a normalisation written out in single operators");
  if (traits(node).does == Does::multiply && in_variance_product(node, value) && only_added(out))
    return constant(Evidence::place, "mean of a normalisation written out in single operators");
  follow(out, depth_ + 1);
}

bool Judge::in_variance_product(const Node& node, ValueId value) const {
  return !variance_[at(value)] && std::ranges::any_of(node.in, [&](ValueId in) { return in != no_value && in != value && variance_[at(in)]; });
}

bool Judge::only_added(ValueId id) const {
  const auto& uses = uses_.of(id);
  return !uses.empty() && std::ranges::all_of(uses, [&](const Uses::Use& use) {
    const Node& node = graph_.nodes()[use.node];
    return adds(node) && result(node) != no_value && fixed(result(node));
  });
}

// A weight with an activation, elementwise.
void Judge::mixed(const Node& node, std::size_t slot, const std::string& where) {
  const ValueId other = node.in.size() == 2 ? node.in[1 - slot] : no_value;
  const bool plain_add = traits(node).does == Does::add, add = adds(node), scale = scales(node);
  const bool after_product = other != no_value && is_product(other);
  const bool on_input = (add || scale) && other != no_value && !touched_[at(other)] && !widens(other);
  if (on_input && (!plain_add || scaled_nearby(node, other))) return constant(Evidence::place, cat("normalisation constant of the input in ", where));
  const bool bias_alone = add && after_product, single = data().size() == 1;
  if (single && !bias_alone && graph_.value(root_).origin.constant_node) return constant(Evidence::row, cat("a number in a Constant node, in ", where));
  if (single && !bias_alone && !learned_name(name(), data().shape().empty()) && !(scale && gate_name(name())))
    return constant(Evidence::name, cat("scalar constant of ", where));
  if (traits(node).does == Does::subtract && slot == 1 && then_scaled(result(node)) &&
      (!after_product || then_shifted(result(graph_.nodes()[uses_.of(result(node))[0].node]))))
    return constant(Evidence::place, cat("mean of a normalisation written out in single operators, in ", where));
  if (undoes_scaling(node, other)) return constant(Evidence::place, cat("the undoing of a scaled target in ", where));
  if (folded_from_nothing(graph_.value(root_).origin)) return constant(Evidence::file, cat("computed by the exporter, in ", where));
  const bool literal = graph_.value(root_).origin.constant_node && name().find('/') != std::string::npos;  // of the traced code
  if (made_up(name()) && literal && !bias_alone) return constant(Evidence::name, cat("a literal of the source in ", where));
  if (made_up(name()) && data().size() > 0 && !folded_from_module(graph_.value(root_).origin) && all_equal(data(), data().doubles().at(0)))
    return constant(Evidence::name, cat("made by the exporter: a tensor of equal numbers in ", where));
  say(Role::parameter, Evidence::place, cat(add ? "bias in " : scale ? "scale in " : "learned tensor in ", where));
}

// Makes more of the input than it was: a distance to several points, say. Scaling an input does not.
bool Judge::widens(ValueId other) const {
  const auto& dims = known_[at(other)].dims;
  if (!dims) return false;
  const Shape& own = data().shape();
  for (std::size_t back = 1; back <= own.size(); ++back) {
    const std::int64_t size = own[own.size() - back];
    if (size > 1 && (back > dims->size() || (*dims)[dims->size() - back].number() == 1)) return true;
  }
  return false;
}

// y = layer * deviation + mean as the last thing a network does, both stored: behind a layer that has a bias there is nothing to learn in them.
bool Judge::undoes_scaling(const Node& node, ValueId other) const {
  const auto own_layer = [&](ValueId id) {
    const Node* layer = behind_carriers(id);
    return layer && traits(*layer).product && has_in(*layer, 2);
  };
  const auto stored = [&](const Node& pair, ValueId but) { return pair.in.size() == 2 && has_data(graph_, pair.in[pair.in[0] == but ? 1 : 0]); };
  if (other == no_value || !stored(node, other)) return false;
  if (scales(node)) {
    const auto& uses = uses_.of(result(node));
    if (!own_layer(other) || uses.size() != 1) return false;
    const Node& next = graph_.nodes()[uses[0].node];
    return adds(next) && uses_.is_output(result(next)) && stored(next, result(node));
  }
  const Node* scaled = adds(node) ? uses_.maker(other) : nullptr;
  if (!scaled || !scales(*scaled) || scaled->in.size() != 2 || !uses_.is_output(result(node))) return false;
  return (own_layer(scaled->in[0]) && has_data(graph_, scaled->in[1])) || (own_layer(scaled->in[1]) && has_data(graph_, scaled->in[0]));
}

// The product of a layer that has no bias of its own.
bool Judge::is_product(ValueId id) const {
  const Node* node = behind_carriers(id);
  return node && traits(*node).product && !has_in(*node, 2);
}

// x * scale + shift or (x + shift) * scale: the Add belongs to a scaling by constants. Alone it is a bias.
bool Judge::scaled_nearby(const Node& add, ValueId other) const {
  const Node* node = uses_.maker(other);
  for (int depth = 0; node && depth < deepest && renames(*node) && has_in(*node, 0); ++depth) node = uses_.maker(node->in[0]);
  return (node && scales(*node)) || then_scaled(result(add));
}

bool Judge::then_scaled(ValueId id) const {
  const auto& uses = uses_.of(id);
  if (uses.size() != 1) return false;
  const Node& node = graph_.nodes()[uses[0].node];
  return scales(node) && std::ranges::any_of(node.in, [&](ValueId in) { return in != id && in != no_value && fixed(in); });
}

// Scaled by a weight and shifted by another: (x - mean) * scale + shift even where x is a product without a bias.
bool Judge::then_shifted(ValueId id) const {
  if (id == no_value) return false;
  const auto& uses = uses_.of(id);
  if (uses.size() != 1 || traits(graph_.nodes()[uses[0].node]).does != Does::add) return false;
  return std::ranges::any_of(graph_.nodes()[uses[0].node].in, [&](ValueId in) { return in != id && in != no_value && fixed(in); });
}

// All ones as scale, all zeros as shift, under a name no source gives; a scalar zero as the bias of a product.
bool Judge::neutral(const Node& node, std::size_t slot) const {
  const Traits& row = traits(node);
  const Purpose use = row.slot(slot).purpose;
  if (row.product && use == Purpose::offset && data().shape().empty()) return all_equal(data(), 0);
  if (row.product && use == Purpose::weight && made_up(name())) return all_equal(data(), 0);  // an initial state
  if (!row.normalises || !made_up(name())) return false;
  return (use == Purpose::scale && all_equal(data(), 1)) || (use == Purpose::offset && all_equal(data(), 0));
}

void Judge::collect_states(ValueId value, std::vector<StateUse>& out, int depth) const {
  if (depth > 32) return;
  for (const Uses::Use use : uses_.of(value)) {
    const Node& node = graph_.nodes()[use.node];
    const InputTrait slot = traits(node).slot(use.slot);
    if (slot.purpose == Purpose::statistic && reached(node))
      out.push_back({use, value, cat(slot.word, " of ", describe(graph_, node))});
    else if (renames(node) && result(node) != no_value)
      collect_states(result(node), out, depth + 1);
  }
}

}  // namespace lehr
