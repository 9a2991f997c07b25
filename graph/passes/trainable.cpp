#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "graph/passes/judge.h"
#include "graph/passes/origins.h"
#include "graph/passes/roles.h"
#include "graph/passes/value_evidence.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {

bool is_learnable(const Value& value) { return value.data && is_float(value.data->type.dtype); }

std::vector<ValueId> matching(const Graph& graph, const std::string& pattern, const std::string& key) {
  std::vector<ValueId> out;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < graph.values().size(); ++i)
    if (is_learnable(graph.values()[i])) {
      names.push_back(graph.values()[i].name);
      if (matches(pattern, names.back())) out.push_back(static_cast<ValueId>(i));
    }
  if (out.empty()) throw NoMatch(key, key, ": the pattern ", quote(pattern), " matches no stored tensor", did_you_mean(pattern, names));
  return out;
}

// That use of a tensor gets one of its own, of the same values.
ValueId split_off(Graph& graph, ValueId of, const Uses::Use& use, const std::string& stem) {
  Value copy = graph.value(of);
  copy.name = graph.fresh_name(stem);
  copy.places.clear();
  if (const int place = graph.nodes()[use.node].place; place >= 0) copy.places.push_back({place, use.slot});
  const ValueId own = graph.add(std::move(copy));
  return graph.node(use.node).in[use.slot] = own;
}

// Each use of a tensor that matches gets a tensor of its own; the first keeps the name.
void untie(Graph& graph, const std::vector<std::string>& patterns, Notes& notes) {
  for (const std::string& pattern : patterns)
    for (const ValueId id : matching(graph, pattern, "model.untie")) {
      const std::vector<Uses::Use> uses = Uses(graph).of(id);
      std::vector<std::string> names{graph.value(id).name};
      for (std::size_t i = 1; i < uses.size(); ++i) {
        const ValueId own = split_off(graph, id, uses[i], cat(names[0], "_untied_", i));
        names.push_back(graph.value(own).name);
      }
      if (names.size() > 1)
        notes.push_back(cat(quote(names[0]), " is untied: its ", names.size(), " uses have tensors of their own (", join(names, ", "), ")"));
    }
}

// The readers that make it a parameter, each once, the nearest first.
std::vector<Verdict> learned_by(std::vector<Verdict> verdicts) {
  std::erase_if(verdicts, [](const Verdict& v) { return v.role != Role::parameter; });
  std::ranges::stable_sort(verdicts, {}, &Verdict::depth);
  std::set<std::string> seen;
  std::erase_if(verdicts, [&](const Verdict& v) { return !seen.insert(v.why).second; });
  return verdicts;
}

std::string listed(const std::vector<std::string>& all, std::size_t most) {
  if (all.size() <= most) return join(all, ", ");
  return cat(join(std::vector<std::string>(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most)), ", "), " and ", all.size() - most, " more");
}

std::string all_uses(const std::vector<Verdict>& readers) {
  constexpr std::size_t told = 4;
  std::vector<std::string> words;
  for (const Verdict& v : readers) words.push_back(v.why);
  return cat(readers.size() > 1 ? cat("shared by ", readers.size(), " nodes: ") : "", listed(words, told));
}

class Roles {
 public:
  // stored: so many values are the file's own, the others were untied.
  Roles(Graph& graph, std::span<const ValueId> loss, const RoleOptions& options, std::size_t stored)
      : graph_(graph), judge_(graph, loss), apart_(options.apart), stored_(stored) {
    for (const RoleRule& rule : options.rules)
      for (const ValueId id : matching(graph, rule.pattern, "params." + rule.pattern)) ruled_[id] = rule;
  }

  std::size_t run() {
    std::vector<ValueId> parameters;
    const auto count = static_cast<ValueId>(graph_.values().size());
    for (ValueId id = 0; id < count; ++id) {
      if (!graph_.value(id).data) continue;
      if (is_learnable(graph_.value(id)))
        decide(id);
      else
        settle(id, Role::constant, "integer data");
      if (graph_.value(id).role == Role::parameter) parameters.push_back(id);
    }
    std::vector<ValueId> of_file = parameters;
    std::erase_if(of_file, [&](ValueId id) { return static_cast<std::size_t>(id) >= stored_; });
    for (const Twins& t : twins(graph_, of_file))
      apart_of_.push_back(cat(quote(graph_.value(t.second).name), " (", quote(graph_.value(t.first).name), t.turned ? " turned)" : " again)"));
    return parameters.size();
  }

  // What was decided without the operator or the file saying so, and what is trained as one.
  void tell(Notes& notes) const {
    constexpr std::size_t most = 5;
    if (!guessed_.empty())
      notes.push_back(cat("taken for constants: ", listed(guessed_, most), "; params: {NAME: {role: parameter}} trains one all the same"));
    if (!named_.empty())
      notes.push_back(
          cat("single numbers taken for parameters by their names: ", listed(named_, most), "; params: {NAME: {role: constant}} keeps one as it is"));
    if (!computed_.empty())
      notes.push_back(cat("computed by the exporter and trained as they stand, without what made them: ", listed(computed_, most),
                          "; params: {NAME: {role: constant}} keeps one as it is"));
    if (!shared_.empty())
      notes.push_back(cat("trained as one: ", listed(shared_, most), "; model: {untie: [NAME]} gives each use its own"));
    if (!apart_of_.empty())
      notes.push_back(cat("stored twice in the file, trained apart from here on: ", listed(apart_of_, most), "; the source may have one tensor there"));
    if (!own_states_.empty()) notes.push_back(cat("stored together in the file, but followed apart: ", listed(own_states_, most)));
    if (quantized_ > 0)
      notes.push_back(cat(quantized_, quantized_ == 1 ? " weight is" : " weights are", " stored quantized and stay", quantized_ == 1 ? "s" : "",
                          " as stored (DequantizeLinear)"));
  }

 private:
  void settle(ValueId id, Role role, std::string why) {
    graph_.value(id).role = role;
    graph_.value(id).why = std::move(why);
  }

  void decide(ValueId id) {
    const std::vector<Verdict> verdicts = judge_.ask(id);
    const std::vector<Verdict> readers = learned_by(verdicts);
    const auto states = judge_.state_uses(id);
    const Origin& origin = graph_.value(id).origin;
    const bool learn = ruled(id, verdicts, readers) || (!ruled_.contains(id) && by_evidence(id, origin, verdicts, readers, !states.empty()));
    if (learn && readers.size() > 1) shared_.push_back(cat(quote(graph_.value(id).name), " (", all_uses(readers), ")"));
    const bool followed = !learn && !states.empty() && (!apart_ || (verdicts.empty() && !judge_.read_elsewhere(id)));
    if (followed) settle(id, Role::state, states.front().why);
    if (apart_) give_own(id, states, followed);
  }

  // The experiment's word. True: it is a parameter.
  bool ruled(ValueId id, const std::vector<Verdict>& verdicts, const std::vector<Verdict>& readers) {
    const auto it = ruled_.find(id);
    if (it == ruled_.end()) return false;
    const std::string by = cat(name(it->second.role), " by params ", quote(it->second.pattern));
    if (it->second.role == Role::constant) return settle(id, Role::constant, by), false;
    if (verdicts.empty())
      throw Error("params ", quote(it->second.pattern), ": ", quote(graph_.value(id).name), " cannot be a parameter: no gradient of the loss reaches it")
          .code(Exit::mismatch);
    settle(id, Role::parameter, cat(readers.empty() ? cat("read where it is called ", verdicts.front().why) : all_uses(readers), " (", by, ")"));
    return true;
  }

  bool by_evidence(ValueId id, const Origin& origin, const std::vector<Verdict>& verdicts, const std::vector<Verdict>& readers, bool is_state) {
    if (verdicts.empty()) {
      settle(id, Role::constant, judge_.useful(id) ? "constant" : "not on the way to the loss");
      return false;
    }
    if (const std::string odd = not_finite(*graph_.value(id).data); !odd.empty()) {
      guess(id, odd);
      return false;
    }
    if (origin.said == Said::parameter) {
      settle(id, Role::parameter, readers.empty() ? "a parameter, as the file says" : all_uses(readers));
      return true;
    }
    if (origin.said == Said::buffer) {
      if (!is_state) settle(id, Role::constant, "a buffer, as the file says");
      return false;
    }
    if (!readers.empty()) {
      settle(id, Role::parameter, all_uses(readers));
      if (const auto of = computed_from(graph_.value(id)); !of.empty()) computed_.push_back(cat(quote(graph_.value(id).name), " (of ", listed(of, 4), ")"));
      if (graph_.value(id).data->size() == 1 && std::ranges::none_of(readers, [](const Verdict& v) { return v.by == Evidence::row; }))
        named_.push_back(cat(quote(graph_.value(id).name), " (", all_uses(readers), ")"));
      return true;
    }
    const Verdict& first = verdicts.front();
    const bool single = graph_.value(id).data->size() == 1, judged = first.by == Evidence::values || first.by == Evidence::place;
    if (!is_state && (single ? of_source(graph_.value(id)) && (judged || first.by == Evidence::name) : judged))
      guess(id, first.why);
    else
      settle(id, Role::constant, first.why);
    return false;
  }
  void guess(ValueId id, const std::string& why) {
    guessed_.push_back(cat(quote(graph_.value(id).name), " (", why, ")"));
    settle(id, Role::constant, why);
  }

  // Exporters store equal tensors once: each node has running statistics of its own, the first keeps the name.
  void give_own(ValueId id, const std::vector<Judge::StateUse>& states, bool first_keeps) {
    for (std::size_t i = first_keeps ? 1 : 0; i < states.size(); ++i) {
      const Judge::StateUse& state = states[i];
      const ValueId own = split_off(graph_, id, state.use, cat(graph_.value(state.through).name, "_state"));
      settle(own, Role::state, cat(state.why, ", stored together with ", quote(graph_.value(id).name)));
      own_states_.push_back(cat(state.why, " (with ", quote(graph_.value(id).name), ")"));
    }
  }

 public:
  void count_quantized() {
    for (const Node& node : graph_.nodes())
      if (traits(node).dequantizes && has_data(graph_, node.in.at(0)) && !is_float(graph_.value(node.in[0]).data->type.dtype)) ++quantized_;
  }

 private:
  Graph& graph_;
  Judge judge_;
  bool apart_ = true;
  std::size_t stored_ = 0;
  std::map<ValueId, RoleRule> ruled_;
  std::vector<std::string> guessed_, named_, computed_, shared_, apart_of_, own_states_;
  std::size_t quantized_ = 0;
};

}  // namespace

std::size_t trainable(Graph& graph, std::span<const ValueId> loss, const RoleOptions& options, Notes& notes) {
  const std::size_t stored = graph.values().size();
  untie(graph, options.untie, notes);
  Roles roles(graph, loss, options, stored);
  const std::size_t parameters = roles.run();
  roles.count_quantized();
  roles.tell(notes);
  return parameters;
}

std::size_t trainable(Graph& graph, std::span<const ValueId> loss) {
  Notes notes;
  return trainable(graph, loss, {}, notes);
}

}  // namespace lehr
