#pragma once
#include <string>
#include <vector>

namespace lehr {

// One side of a rule in tail_rules.cpp, parsed.
struct TailTerm {
  enum class Kind { op, rule, argument, peak, number, any };
  Kind kind = Kind::any;
  std::string name;                 // of an operator or a rule
  double low = 0, high = 0;         // number: a constant in this range
  bool reshaped = false;            // ~ and ^: may have passed Reshape, Squeeze, Unsqueeze, Expand
  bool spread = false;              // ^: holds one number for the whole class axis of what it meets
  std::vector<TailTerm> args;
};

// The alternatives of a rule; none for a name that is no rule.
const std::vector<TailTerm>& tail_rule(const std::string& name);

}  // namespace lehr
