#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/passes/facts.h"
#include "graph/passes/tail_rules.h"
#include "graph/passes/uses.h"
#include "graph/traits/traits.h"

namespace lehr {

// A value found to be what a rule says.
struct Tail {
  ValueId of = no_value;              // the rule's argument; no_value where it is not a tensor of the graph
  std::vector<std::int64_t> axes;     // a softmax: what it runs over, from 0 where the rank is known; before opset 13 all from its axis on
  std::vector<std::string> text;      // "Softmax", "Clip"; "a softmax written as ReduceMax, Sub, Exp, ReduceSum, Div"
};

// Compares the nodes behind a value with the rules of tail_rules.cpp.
class Tails {
 public:
  Tails(const Graph& graph, const Uses& uses) : graph_(graph), uses_(uses) {}
  // rule: softmax, log_softmax, sigmoid, log_sigmoid, probability, probabilities, pair.
  std::optional<Tail> find(const std::string& rule, ValueId value) const;
  const std::optional<Extents>& dims(ValueId value) const;

 private:
  struct State;
  struct Scope;
  bool match(const TailTerm& term, ValueId value, const Scope* scope, State& s) const;
  bool match_op(const TailTerm& term, ValueId value, const Scope* scope, State& s) const;
  bool match_rule(const TailTerm& term, ValueId value, const Scope* scope, State& s) const;
  bool match_inputs(const TailTerm& term, const Node& node, const Scope* scope, State& s) const;
  bool take_axes(const Node& node, State& s) const;
  bool aligned(ValueId value, const State& s) const;
  bool number_in(const TailTerm& term, ValueId value) const;
  void describe(const std::string& rule, State& s) const;
  std::vector<std::string> names(const State& s) const;
  ValueId through(ValueId value, bool reshaped, State& s) const;
  void unshift(State& s) const;

  const Graph& graph_;
  const Uses& uses_;
  mutable std::optional<std::vector<Facts>> facts_;
  mutable int steps_ = 0;
};

// Hands its input on as it is but for the shape.
bool shape_only(const Node& node);

}  // namespace lehr
