#include "graph/passes/tail.h"

#include <algorithm>
#include <set>

namespace lehr {

bool shape_only(const Node& node) {
  static const std::set<std::string> names{"Identity", "Reshape", "Flatten", "Squeeze", "Unsqueeze"};
  return node.domain.empty() && names.contains(node.op);
}

struct Tails::State {
  ValueId of = no_value, root = no_value, peak = no_value;  // root: `of` in front of Cast and Identity
  std::optional<std::vector<std::int64_t>> axes;
  bool kept = true;                 // every reduction keeps its axis
  std::vector<ValueId> spread;      // values that must have one number along the axes
  std::set<std::size_t> nodes;      // of the rule that is being compared
  std::vector<std::string> text;    // of rules that are done
  int depth = 0;
};

// What _ stands for inside a rule: the argument of the call, in the scope it was called from. None: the whole match's argument.
struct Tails::Scope {
  const TailTerm* argument;
  const Scope* outer;
};

namespace {

// Terms inside each other and comparisons in all: what goes beyond is no tail anybody writes.
constexpr int deepest = 200, most_steps = 20'000;

// FusedGemm:Sigmoid for what ONNX Runtime's optimizer writes.
std::string key(const Node& node) {
  if (node.domain.empty()) return node.op;
  if (node.domain == "com.microsoft") return node.op + ":" + string(node, "activation", "");
  return node.domain + "." + node.op;
}

bool commutes(const TailTerm& term) {
  return term.args.size() == 2 && (term.name == "Add" || term.name == "Mul" || term.name == "Min" || term.name == "Max");
}

// softmax and its like: named in a tail; the other rules are parts of them.
const char* title(const std::string& rule) {
  static constexpr std::pair<const char*, const char*> titles[] = {
      {"softmax", "a softmax"}, {"log_softmax", "a log-softmax"}, {"sigmoid", "a sigmoid"}, {"log_sigmoid", "a log-sigmoid"}, {"probability", "a probability"}};
  for (const auto& [name, text] : titles)
    if (rule == name) return text;
  return nullptr;
}

// A bound of Clip: an input since opset 11, an attribute before; absent: none.
struct Bound {
  ValueId input = no_value;
  std::optional<double> number;
};
Bound bound(const Node& clip, std::size_t slot) {
  if (has_in(clip, slot)) return {clip.in[slot], {}};
  const char* name = slot == 1 ? "min" : "max";
  if (!clip.attrs.contains(name)) return {};
  return {no_value, real(clip, name, 0)};
}

}  // namespace

const std::optional<Extents>& Tails::dims(ValueId value) const {
  static const std::optional<Extents> unknown;
  if (value == no_value) return unknown;
  if (!facts_) facts_ = facts(graph_);
  return facts_->at(static_cast<std::size_t>(value)).dims;
}

ValueId Tails::through(ValueId value, bool reshaped, State& s) const {
  while (const auto index = uses_.maker_index(value)) {
    const Node& node = graph_.nodes()[*index];
    const bool same = is(node, "Identity") || casts_to_float(node) || (reshaped && (shape_only(node) || is(node, "Expand")));
    if (!same || !has_in(node, 0)) break;
    if (!is(node, "Identity")) s.nodes.insert(*index);
    value = node.in[0];
  }
  return value;
}

bool Tails::number_in(const TailTerm& term, ValueId value) const {
  State ignored;
  value = through(value, true, ignored);
  if (!has_data(graph_, value)) return false;
  const Tensor& tensor = *graph_.value(value).data;
  if (tensor.type.dtype == Dtype::string || tensor.size() == 0) return false;
  const double first = tensor.doubles().at(0);
  return first >= term.low && first <= term.high && (tensor.size() == 1 || std::ranges::all_of(tensor.doubles(), [&](double x) { return x == first; }));
}

bool Tails::match(const TailTerm& term, ValueId value, const Scope* scope, State& s) const {
  if (value == no_value) return false;
  if (term.kind == TailTerm::Kind::any) return true;
  if (term.kind == TailTerm::Kind::number) return number_in(term, value);
  if (++s.depth > deepest || ++steps_ > most_steps) return false;
  if (term.spread) s.spread.push_back(value);
  if (term.kind == TailTerm::Kind::argument) {
    if (term.reshaped) value = through(value, true, s);
    if (scope) return match(*scope->argument, value, scope->outer, s);
    State ignored;
    const ValueId root = through(value, false, ignored);
    if (s.of == no_value) s.of = value, s.root = root;
    return s.root == root;
  }
  const ValueId at = through(value, term.reshaped, s);
  switch (term.kind) {
    case TailTerm::Kind::peak:
      if (s.peak == no_value) s.peak = through(at, true, s);
      return s.peak == through(at, true, s);
    case TailTerm::Kind::rule:
      return match_rule(term, at, scope, s);
    default:
      return match_op(term, at, scope, s);
  }
}

bool Tails::match_rule(const TailTerm& term, ValueId value, const Scope* scope, State& s) const {
  const Scope inside{term.args.empty() ? nullptr : &term.args.front(), scope};
  const bool named = title(term.name) != nullptr;
  for (const TailTerm& alternative : tail_rule(term.name)) {
    State trial = s;
    if (named) trial.nodes.clear();
    if (!match(alternative, value, term.args.empty() ? nullptr : &inside, trial)) continue;
    if (named) {
      describe(term.name, trial);
      trial.nodes = s.nodes;
    }
    trial.depth = s.depth;
    s = std::move(trial);
    return true;
  }
  return false;
}

bool Tails::match_op(const TailTerm& term, ValueId value, const Scope* scope, State& s) const {
  const auto index = uses_.maker_index(value);
  if (!index) return false;
  const Node& node = graph_.nodes()[*index];
  if (key(node) != term.name || result(node) != value) return false;
  s.nodes.insert(*index);
  if (term.args.empty()) return true;
  if (term.name == "Clip") {
    const auto holds = [&](std::size_t slot) {
      const TailTerm& wanted = term.args[slot];
      const Bound given = bound(node, slot);
      if (wanted.kind == TailTerm::Kind::any) return true;
      if (given.input != no_value) return number_in(wanted, given.input);
      return !given.number || (*given.number >= wanted.low && *given.number <= wanted.high);
    };
    return has_in(node, 0) && holds(1) && holds(2) && match(term.args[0], node.in[0], scope, s);
  }
  if (node.op.starts_with("Reduce") || node.op.ends_with("Softmax") || node.op == "LpNormalization") {
    if (!take_axes(node, s)) return false;
    return match(term.args[0], input(node, 0), scope, s);
  }
  if (node.in.size() != term.args.size()) return false;
  return match_inputs(term, node, scope, s);
}

bool Tails::match_inputs(const TailTerm& term, const Node& node, const Scope* scope, State& s) const {
  const std::size_t n = term.args.size();
  const auto in_order = [&](bool swapped, State& trial) {
    for (std::size_t i = 0; i < n; ++i)
      if (!match(term.args[swapped ? n - 1 - i : i], node.in[i], scope, trial)) return false;
    return true;
  };
  for (const bool swapped : {false, true}) {
    if (swapped && !commutes(term)) break;
    State trial = s;
    if (in_order(swapped, trial)) return s = std::move(trial), true;
  }
  return false;
}

// The axes a reduction, Softmax or LpNormalization runs over; all of a match must agree.
bool Tails::take_axes(const Node& node, State& s) const {
  const auto& shape = dims(input(node, 0));
  std::vector<std::int64_t> axes;
  const bool reduces = node.op.starts_with("Reduce");
  if (reduces) {
    if (const auto it = node.attrs.find("axes"); it != node.attrs.end()) {
      const auto* list = std::get_if<std::vector<std::int64_t>>(&it->second);
      if (list) axes = *list;
    } else if (has_in(node, 1)) {
      if (!has_data(graph_, node.in[1])) return false;
      const auto list = graph_.value(node.in[1]).data->integers();
      axes.assign(list.begin(), list.end());
    }
    if (axes.empty())
      for (std::size_t i = 0; i < (shape ? shape->size() : 1); ++i) axes.push_back(static_cast<std::int64_t>(i));
    s.kept = s.kept && integer(node, "keepdims", 1) != 0;
  } else if (node.op == "LpNormalization") {
    if (integer(node, "p", 2) != 1) return false;
    axes = {integer(node, "axis", -1)};
  } else {
    axes = {integer(node, "axis", node.opset < 13 ? 1 : -1)};
  }
  if (shape)
    for (std::int64_t& axis : axes) axis += axis < 0 ? static_cast<std::int64_t>(shape->size()) : 0;
  if (!reduces && node.op != "LpNormalization" && node.opset < 13 && shape)
    for (std::int64_t axis = axes[0] + 1; axis < static_cast<std::int64_t>(shape->size()); ++axis) axes.push_back(axis);
  std::ranges::sort(axes);
  if (s.axes && *s.axes != axes) return false;
  s.axes = std::move(axes);
  return true;
}

// Has one number along the axes and meets the argument axis by axis; where shapes are unknown, what the reductions keep tells.
bool Tails::aligned(ValueId value, const State& s) const {
  while (const Node* node = uses_.maker(value)) {
    if (!is(*node, "Expand")) break;
    value = node->in[0];
  }
  const auto &small = dims(value), &full = s.of == no_value ? small : dims(s.of);
  if (!small || !full || !s.axes) return s.kept;
  if (small->size() != full->size()) return false;
  return std::ranges::all_of(*s.axes, [&](std::int64_t axis) {
    return axis >= 0 && axis < static_cast<std::int64_t>(small->size()) && (*small)[static_cast<std::size_t>(axis)].number() == 1;
  });
}

std::vector<std::string> Tails::names(const State& s) const {
  std::vector<std::string> out;
  for (const std::size_t index : s.nodes) out.push_back(graph_.nodes()[index].op);
  return out;
}

// softmax(x - m) is softmax(x) where m is one number for all classes.
void Tails::unshift(State& s) const {
  TailTerm shift;
  shift.kind = TailTerm::Kind::rule, shift.name = "shift";
  State before;
  before.axes = s.axes;
  if (s.of == no_value || !match_rule(shift, s.of, nullptr, before) || !std::ranges::all_of(before.spread, [&](ValueId v) { return aligned(v, before); }))
    return;
  s.of = before.of;
  s.nodes.merge(before.nodes);
}

void Tails::describe(const std::string& rule, State& s) const {
  if (s.text.empty() && (rule == "softmax" || rule == "log_softmax")) unshift(s);
  if (const auto peak = uses_.maker_index(s.peak)) s.nodes.insert(*peak);
  const std::vector<std::string> ops = names(s);
  if (s.text.empty() && ops.size() > 1)
    s.text.push_back(cat(title(rule), " written as ", join(ops, ", ")));
  else
    s.text.insert(s.text.end(), ops.begin(), ops.end());
  s.nodes.clear();
}

std::optional<Tail> Tails::find(const std::string& rule, ValueId value) const {
  TailTerm term;
  term.kind = TailTerm::Kind::rule, term.name = rule;
  State s;
  steps_ = 0;
  if (!match_rule(term, value, nullptr, s)) return std::nullopt;
  if (!std::ranges::all_of(s.spread, [&](ValueId v) { return aligned(v, s); })) return std::nullopt;
  if (s.text.empty()) s.text = names(s);
  Tail out{s.of, s.axes.value_or(std::vector<std::int64_t>{}), std::move(s.text)};
  return out;
}

}  // namespace lehr
