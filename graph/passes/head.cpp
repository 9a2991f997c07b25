#include <algorithm>
#include <set>

#include "base/error.h"
#include "graph/passes/loss.h"
#include "graph/passes/tail.h"
#include "graph/passes/uses.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {

// The slot a label operator reads its scores from.
std::optional<std::size_t> label_slot(const Node& node) {
  const int slot = traits(node).label;
  return slot < 0 ? std::nullopt : std::optional(static_cast<std::size_t>(slot));
}
bool is_cast(const Node& node) { return traits(node).does == Does::cast; }

std::string size_text(const Extent& size) { return !size.known ? "?" : size.symbol.empty() ? cat(size.count) : size.symbol; }

// What a rule of tails means for a loss: which loss it goes with, what its result is and where the loss attaches.
struct Meaning {
  const char* rule;
  LossKind fits;
  Form result;
  bool logits;  // in front of it, else to its result
  bool strict;  // the other loss is refused
};
constexpr Meaning meanings[] = {
    {"softmax", LossKind::cross_entropy, Form::probabilities, true, true},
    {"log_softmax", LossKind::cross_entropy, Form::log_probabilities, true, true},
    {"sigmoid", LossKind::binary_cross_entropy, Form::probabilities, true, true},
    {"log_sigmoid", LossKind::binary_cross_entropy, Form::log_probabilities, true, true},
    {"probabilities", LossKind::cross_entropy, Form::probabilities, false, true},
    {"probability", LossKind::binary_cross_entropy, Form::probabilities, false, false},
};

// Follows one output back to where the loss of this kind attaches.
class Walk {
 public:
  Walk(const Graph& graph, const Uses& uses, LossKind kind, std::optional<Form> scores)
      : graph_(graph), uses_(uses), tails_(graph, uses), kind_(kind), scores_(scores) {}

  Head from(ValueId output) {
    head_ = Head{};
    head_.output = head_.value = output;
    passed_.clear();
    skip_labels();
    head_.answer = head_.value;
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
      if (!slot && !shape_only(*node) && !is_cast(*node)) return;
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
    bool pair = false;
    for (;;) {
      if (const auto p = tails_.find("pair", at)) {
        passed_.insert(passed_.end(), {"Concat", "Sub"});
        at = p->of;
        pair = true;
        continue;
      }
      if (!said_probabilities())
        for (const Meaning& meaning : meanings)
          if (const auto tail = tails_.find(meaning.rule, at); tail && (meaning.strict || kind_ == meaning.fits)) return ends_in(meaning, *tail, at);
      const Node* node = uses_.maker(at);
      if (!node || !(shape_only(*node) || casts_to_float(*node)) || !has_in(*node, 0)) break;
      passed_.push_back(node->op);
      at = node->in[0];
    }
    if (pair) head_.answer_form = Form::probabilities;
    if (pair && kind_ == LossKind::binary_cross_entropy) return stop(at, Form::probabilities);
    if (said_probabilities()) return stop(head_.value, Form::probabilities, false);
    head_.told = scores_.has_value();
    head_.affine = affine(at);
  }

  bool said_probabilities() const { return scores_ == Form::probabilities; }

  void ends_in(const Meaning& meaning, const Tail& tail, ValueId at) {
    const std::string end = tail.text.empty() ? std::string("probabilities") : tail.text.front();
    if (kind_ != meaning.fits)
      throw Error("the output ", name(), " ends in ", end, ", which does not go with ", lehr::name(kind_), "; use ", lehr::name(meaning.fits));
    head_.answer_form = meaning.result;
    if (!meaning.logits || tail.of == no_value) return stop(at, scores_.value_or(meaning.result));
    if (kind_ == LossKind::cross_entropy) check_axes(tail, end);
    passed_.insert(passed_.end(), tail.text.rbegin(), tail.text.rend());
    stop(tail.of, Form::logits);
  }

  void stop(ValueId value, Form form, bool passed = true) {
    head_.value = value;
    head_.form = form;
    head_.told = true;
    if (passed) head_.tail.insert(head_.tail.end(), passed_.begin(), passed_.end());
  }

  // A softmax runs over the classes, which are the last axis, or the only one beside the batch that is longer than 1.
  void check_axes(const Tail& tail, const std::string& end) {
    const auto& dims = tails_.dims(tail.of);
    const std::vector<std::int64_t>& axes = tail.axes;
    if (!dims) {
      if (std::ranges::find(axes, 0) != axes.end()) refuse_axes(axes, end, "the scores", true);
      return;
    }
    std::vector<std::string> sizes;
    for (const Extent& size : *dims) sizes.push_back(size_text(size));
    const std::string shape = cat(quote(graph_.value(tail.of).name), " [", join(sizes, ","), "]");
    const auto batch = std::ranges::find_if(*dims, [](const Extent& e) { return e.known && e.symbol == batch_symbol; });
    const std::int64_t rows = batch == dims->end() ? 0 : batch - dims->begin();
    const auto rank = static_cast<std::int64_t>(dims->size()), last = rows == rank - 1 ? rank - 2 : rank - 1;
    const auto over = [&](std::int64_t axis) { return std::ranges::find(axes, axis) != axes.end(); };
    if (over(rows)) refuse_axes(axes, end, shape, true);
    std::int64_t wide = 0;
    bool others = false;
    for (std::int64_t axis = 0; axis < rank; ++axis) {
      if (axis == rows || (*dims)[static_cast<std::size_t>(axis)].number() == 1) continue;
      ++wide;
      others = others || !over(axis);
    }
    if (over(last) && axes.size() == 1) return;
    if (others || wide > 1) refuse_axes(axes, end, shape, false);
    head_.flatten = true;
  }

  [[noreturn]] void refuse_axes(const std::vector<std::int64_t>& axes, const std::string& end, const std::string& shape, bool batch) const {
    std::vector<std::string> list;
    for (const std::int64_t axis : axes) list.push_back(cat(axis));
    throw Error("the output ", name(), " ends in ", end, " over ", list.size() == 1 ? "axis " : "the axes ", join(list, ", "), " of ", shape,
                batch ? ": that is over the batch, a row's probabilities would depend on the other rows"
                      : cat(": ", lehr::name(kind_), " has the classes in the last axis"));
  }

  // What a node only arranges otherwise, or shifts or scales by one number for all: a smoothed probability is none the less one.
  ValueId behind(const Node& node) const {
    const Traits& row = traits(node);
    if (row.carries && has_in(node, 0)) return node.in[0];
    const bool by_one = row.does == Does::add || row.does == Does::subtract || row.does == Does::multiply || row.does == Does::divide;
    if (!by_one || node.in.size() != 2) return no_value;
    for (const std::size_t slot : {0u, 1u})
      if (scalar(graph_, node.in[slot])) return node.in[1 - slot];
    return no_value;
  }

  // A layer's result, but for its arrangement: a number of any size.
  bool affine(ValueId at) const {
    const Node* node = uses_.maker(at);
    for (ValueId before = node ? behind(*node) : no_value; before != no_value; before = node ? behind(*node) : no_value) node = uses_.maker(before);
    if (!node) return true;
    const Traits& row = traits(*node);
    if (row.product || row.normalises) return string(*node, "activation", "").empty();
    if (row.does == Does::add || row.does == Does::subtract) return true;
    const bool scaled = row.does == Does::multiply || row.does == Does::divide;
    return scaled && std::ranges::any_of(node->in, [&](ValueId in) { return has_data(graph_, in); });
  }

  std::string name() const { return quote(graph_.value(head_.output).name); }

  const Graph& graph_;
  const Uses& uses_;
  Tails tails_;
  LossKind kind_;
  std::optional<Form> scores_;
  Head head_;
  std::vector<std::string> passed_;  // operators behind the value looked at, the last first
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
        if (node.out[i] != no_value && !(i > 0 && traits(node).slot(3).purpose == Purpose::statistic)) live.at(static_cast<std::size_t>(node.out[i])) = true;
  std::vector<ValueId> out;
  for (const ValueId id : graph.outputs)
    if (live.at(static_cast<std::size_t>(id)) && uses.maker(id) && std::ranges::find(out, id) == out.end()) out.push_back(id);
  return out;
}

// What a value is but for its shape, so that y = Identity(z) and Softmax(z) are seen to lead to one place.
ValueId root(const Uses& uses, ValueId id) {
  while (const Node* node = uses.maker(id)) {
    if (!(shape_only(*node) || is_cast(*node)) || !has_in(*node, 0)) break;
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

Head find_head(const Graph& graph, LossKind kind, const std::string& output, std::optional<Form> scores) {
  const Uses uses(graph);
  Walk walk(graph, uses, kind, scores);
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
