#include "experiments/run/faults.h"

#include <algorithm>

#include "base/error.h"

namespace lehr::run {

namespace {
constexpr std::size_t most_named = 20;

std::string listed(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < names.size() && i < most_named; ++i) shown.push_back(printable(names[i]));
  return cat(join(shown, ", "), names.size() > most_named ? cat(" and ", names.size() - most_named, " more") : "");
}
}  // namespace

void KeyFaults::raise() const {
  if (!texts_.empty()) throw Error(join(texts_, "\n"));
}

void check_names(const spec::Experiment& e, const Graph& graph) {
  KeyFaults faults(e);
  std::vector<std::string> outputs, tensors;
  for (const ValueId id : graph.outputs) outputs.push_back(graph.value(id).name);
  for (const Value& value : graph.values())
    if (value.data && is_float(value.data->type.dtype)) tensors.push_back(value.name);
  if (!e.loss.output.empty() && std::ranges::find(outputs, e.loss.output) == outputs.end())
    faults.add("model.output",
               cat("the model has no output ", quote(e.loss.output), did_you_mean(e.loss.output, outputs), " (outputs: ", listed(outputs), ")"));
  const auto check = [&](const std::string& key, const std::string& pattern) {
    if (tensors.empty()) return;  // said of the model itself: nothing in it can be trained
    const bool found = std::ranges::any_of(tensors, [&](const std::string& name) {
      return matches(pattern, name) || (!e.model.untie.empty() && matches(pattern, name + "_untied_1"));  // what model.untie splits has names of its own
    });
    if (!found)
      faults.add(key, cat("pattern ", quote(pattern), " matches no stored tensor", did_you_mean(pattern, tensors), " (tensors: ", listed(tensors), ")"));
  };
  for (const auto& pattern : e.model.untie) check("model.untie", pattern);
  for (const auto& [pattern, initializer] : e.model.init) check("model.init." + pattern, pattern);
  for (const auto& rule : e.params) check("params." + rule.pattern, rule.pattern);
  faults.raise();
}

}  // namespace lehr::run
