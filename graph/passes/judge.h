#pragma once
#include <span>
#include <string>
#include <vector>

#include "graph/passes/facts.h"
#include "graph/passes/uses.h"

namespace lehr {

// What decided a role, strongest first; of equal strength a reason to learn wins.
enum class Evidence { rule, file, row, values, place, name };

struct Verdict {
  Role role = Role::constant;
  std::string why;
  Evidence by = Evidence::row;
  int depth = 0;         // operators between the weight and the one that says so
  std::size_t node = 0;  // that one
};

// Says what a weight is from where its values go: for every reader the questions in this order: does a gradient pass there at all; does
// the row of the operator say it (a Gemm's weight, a running mean); do the values say that it is a number of the formula (a mask, a table);
// does its place (a factor like 1/sqrt(d), a statistic of a normalisation written out); else it is a bias, scale or slope that is learned.
class Judge {
 public:
  Judge(const Graph& graph, std::span<const ValueId> loss);

  // All that readers say; empty where no gradient gets through.
  std::vector<Verdict> ask(ValueId weight);
  // Read as a running statistic, and through which value.
  struct StateUse {
    Uses::Use use;
    ValueId through = no_value;
    std::string why;
  };
  std::vector<StateUse> state_uses(ValueId weight) const;
  // Has a reader that takes it for anything but a running statistic.
  bool read_elsewhere(ValueId weight, int depth = 0) const;
  bool useful(ValueId id) const { return useful_[static_cast<std::size_t>(id)]; }
  const Uses& uses() const { return uses_; }

 private:
  void spread_back(std::span<const ValueId> loss);
  void spread_forward();
  bool fixed(ValueId id) const { return fixed_[static_cast<std::size_t>(id)]; }
  bool plain_statistic(ValueId id, int depth) const;
  bool reached(const Node& node) const;
  const Tensor& data() const { return *graph_.value(root_).data; }
  const std::string& name() const { return graph_.value(root_).name; }

  void follow(ValueId value, int depth);
  void look(ValueId value, int depth);
  void say(Role role, Evidence by, std::string why);
  void constant(Evidence by, std::string why) { say(Role::constant, by, std::move(why)); }
  void read_by(const Node& node, std::size_t slot, ValueId value);
  bool row_added_to_layer(const Node& node, std::size_t slot) const;
  std::string formula_number(const Node& node, std::size_t slot) const;
  bool neutral(const Node& node, std::size_t slot) const;
  void combined(const Node& node, ValueId value, ValueId out);
  void mixed(const Node& node, std::size_t slot, const std::string& where);

  bool only_into_formula(ValueId id, int depth) const;
  bool live_product(const Node* node) const;
  bool in_variance_product(const Node& node, ValueId value) const;
  bool only_added(ValueId id) const;
  const Node* behind_carriers(ValueId id) const;
  bool widens(ValueId other) const;
  bool undoes_scaling(const Node& node, ValueId other) const;
  bool is_product(ValueId id) const;
  bool scaled_nearby(const Node& add, ValueId other) const;
  bool then_scaled(ValueId id) const;
  bool then_shifted(ValueId id) const;
  void collect_states(ValueId value, std::vector<StateUse>& out, int depth) const;

  const Graph& graph_;
  const Uses uses_;
  const std::vector<Facts> known_;
  std::vector<bool> useful_, fixed_, touched_, variance_;
  ValueId root_ = no_value;
  int depth_ = 0;
  std::size_t node_ = 0;
  struct Open {
    ValueId value;
    int depth;
  };
  std::vector<Open> open_;
  std::vector<bool> seen_;
  std::vector<ValueId> visited_;
  std::vector<Verdict> verdicts_;
};

}  // namespace lehr
