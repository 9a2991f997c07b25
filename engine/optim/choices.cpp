#include "engine/optim/choices.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lehr {

namespace {
std::vector<std::string> values_of(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& part : split(text, '|')) out.emplace_back(trim(part));
  return out;
}
constexpr double infinite = std::numeric_limits<double>::infinity();
}  // namespace

Choices::Choices(const std::map<std::string, std::string>& allowed, const OptimizerOptions& given) {
  std::vector<std::string> names;
  for (const auto& [name, values] : allowed) {
    names.push_back(name);
    values_[name] = values_of(values).front();
  }
  for (const auto& [name, value] : given) {
    const auto row = allowed.find(name);
    if (row == allowed.end())
      throw Error("unknown option ", quote(name), did_you_mean(name, names), names.empty() ? "; it has none" : "; known: ", join(names, ", "));
    const auto known = values_of(row->second);
    if (std::find(known.begin(), known.end(), value) == known.end())
      throw Error("option ", quote(name), " is ", quote(value), ", allowed are ", row->second, did_you_mean(value, known));
    values_[name] = value;
  }
}

DecayScale decay_of(const Choices& choices) {
  const std::string& decay = choices["decay"];
  const bool coupled = decay == "coupled" || (decay == "form" && choices["form"] == "torch");
  return DecayScale(coupled ? "coupled" : "lr");
}

Hyper lr_hyper() { return {"lr", 0, true, 0, infinite, "learning rate"}; }
Hyper decay_hyper(double fallback) { return {"weight_decay", fallback, false, 0, infinite, "weight decay"}; }
Hyper beta_hyper(const std::string& name, double fallback, const std::string& doc) { return {name, fallback, false, 0, std::nextafter(1.0, 0.0), doc}; }
Hyper epsilon_hyper(double fallback) { return {"epsilon", fallback, false, 0, infinite, "keeps the denominator from 0"}; }

}  // namespace lehr
