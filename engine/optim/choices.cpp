#include "engine/optim/choices.h"

#include <algorithm>
#include <charconv>
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

double checked(const NumberOption& option, const std::string& text) {
  double value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || std::isnan(value))
    throw Error("option ", quote(option.name), " is ", quote(text), ", it takes a number; without it: ", option.fallback);
  if (value < option.low || value > option.high || (option.whole && value != std::floor(value)))
    throw Error("option ", quote(option.name), " is ", value, ", allowed is ", option.whole ? "a whole number" : "any", " from ", option.low, " to ",
                option.high);
  return value;
}
}  // namespace

const std::string& option_doc(const std::string& option) {
  static const std::map<std::string, std::string> docs{
      {"always_adapt", "Adapt the rate of a tensor also where weight_decay is 0."},
      {"amsgrad", "Divide by the largest mean square so far."},
      {"bias_correction", "Correct the running means for their start at 0."},
      {"cap", "Whether the rate is at most 1/sqrt(t); form: as that library does."},
      {"centered", "Take the square of the mean gradient off the mean square."},
      {"decay", "Whether weight_decay is added to the gradient (coupled) or taken off the weights (decoupled); form: as that library does."},
      {"decay_scale", "What decoupled weight_decay is multiplied with."},
      {"epsilon_place", "Whether epsilon stands inside the root or beside it; form: as in that library."},
      {"factor",
       "Which tensors have row and column means in place of a whole mean square: all, large (both axes from factor_from), none; form: as that library does."},
      {"factor_from", "The shorter axis' least length for factor: large."},
      {"form", "The library whose update and defaults hold."},
      {"initial_accumulator", "What the sum or the mean of squares starts at."},
      {"iterations", "Newton-Schulz iterations that bring the singular values to 1."},
      {"momentum", "Keep a running mean of the update."},
      {"nesterov", "Look one step of momentum ahead."},
      {"safeguard_warmup", "Leave the rate out of the estimate, so that a warm-up does not spoil it."},
      {"scale", "How the size of a matrix scales its step: by rms sqrt(max(rows, cols)), by aspect sqrt(max(1, rows/cols)); form: as that library does."},
      {"scale_parameter", "Times the root mean square of the tensor."},
      {"trust_clip", "At most 1 for the ratio of weights to step."},
      {"warmup", "How the decay grows at the start: after timm, marian, or optax' correction of a start at 0."},
  };
  return docs.at(option);
}

Choices::Choices(const std::map<std::string, std::string>& allowed, const OptimizerOptions& given, const std::vector<NumberOption>& numbers) {
  std::vector<std::string> names;
  for (const NumberOption& n : numbers) names.push_back(n.name);
  for (const auto& [name, values] : allowed) {
    names.push_back(name);
    values_[name] = trim(std::string_view(values).substr(0, values.find('|')));
  }
  for (const auto& [name, value] : given) {
    if (const auto n = std::ranges::find(numbers, name, &NumberOption::name); n != numbers.end()) {
      numbers_[name] = checked(*n, value);
      continue;
    }
    const auto row = allowed.find(name);
    if (row == allowed.end())
      throw Error("unknown option ", quote(name), did_you_mean(name, names), names.empty() ? "; it has none" : "; known: ", join(names, ", "));
    const auto known = split(row->second, '|');
    if (std::ranges::find(known, value, trim) == known.end())
      throw Error("option ", quote(name), " is ", quote(value), ", allowed are ", row->second, did_you_mean(value, values_of(row->second)));
    values_[name] = value;
  }
}

double Choices::number(const std::string& name, double fallback) const {
  const auto given = numbers_.find(name);
  return given == numbers_.end() ? fallback : given->second;
}

DecayScale decay_of(const Choices& choices) {
  const std::string& decay = choices["decay"];
  const bool coupled = decay == "coupled" || (decay == "form" && choices["form"] == "torch");
  return DecayScale(coupled ? "coupled" : "lr");
}

Hyper lr_hyper() { return {"lr", 0, true, 0, infinite, "learning rate"}; }
Hyper decay_hyper(double fallback) { return {"weight_decay", fallback, false, 0, infinite, "weight decay"}; }
Hyper beta_hyper(const std::string& name, double fallback, const std::string& doc) { return {name, fallback, false, 0, std::nextafter(1.0, 0.0), doc}; }
NumberOption initial_accumulator(std::string fallback) { return {"initial_accumulator", 0, 1e30, std::move(fallback)}; }
Hyper epsilon_hyper(double fallback) { return {"epsilon", fallback, false, 0, infinite, "keeps the denominator from 0"}; }

}  // namespace lehr
