#pragma once
#include "engine/optim/decay.h"
#include "engine/optim/optimizer.h"

namespace lehr {

// The options an optimizer was given, checked against what its row allows ("keras | torch", first is the default; numbers). Error on an
// unknown option or value, naming the known ones, and on a number out of its range.
class Choices {
 public:
  Choices(const std::map<std::string, std::string>& allowed, const OptimizerOptions& given, const std::vector<NumberOption>& numbers = {});
  const std::string& operator[](const std::string& name) const { return values_.at(name); }
  bool on(const std::string& name) const { return values_.at(name) == "true"; }
  double number(const std::string& name, double fallback) const;  // of a number option; fallback where it was not given

 private:
  std::map<std::string, std::string> values_;
  std::map<std::string, double> numbers_;
};

// The option `decay` of optimizers whose libraries differ: torch couples it to the gradient, the others do not.
inline constexpr const char* decay_forms = "form | coupled | decoupled";
DecayScale decay_of(const Choices& choices);

// Hyperparameters many optimizers share.
Hyper lr_hyper();
Hyper decay_hyper(double fallback = 0);
Hyper beta_hyper(const std::string& name, double fallback, const std::string& doc);
Hyper epsilon_hyper(double fallback);
// What an optimizer's sum or mean of squares starts at.
NumberOption initial_accumulator(std::string fallback);

}  // namespace lehr
