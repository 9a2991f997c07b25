#include <algorithm>

#include "base/error.h"
#include "graph/passes/passes.h"

namespace lehr {

std::size_t freeze(Graph& graph, std::span<const std::string> patterns) {
  std::vector<std::string> names;
  std::vector<ValueId> ids;
  for (std::size_t i = 0; i < graph.values().size(); ++i)
    if (graph.values()[i].role == Role::parameter) {
      names.push_back(graph.values()[i].name);
      ids.push_back(static_cast<ValueId>(i));
    }
  std::size_t changes = 0;
  for (const std::string& pattern : patterns) {
    bool found = false;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      if (!matches(pattern, names[i])) continue;
      found = true;
      Value& value = graph.value(ids[i]);
      if (value.role != Role::parameter) continue;
      value.role = Role::constant;
      value.why = cat("frozen by ", quote(pattern), ": ", value.why);
      ++changes;
    }
    if (!found) {
      std::vector<std::string> shown;
      for (std::size_t i = 0; i < names.size() && i < 20; ++i) shown.push_back(quote(names[i]));
      throw NoMatch("params." + pattern, "the pattern ", quote(pattern), " matches no parameter", did_you_mean(pattern, names), "\n  parameters: ",
                    join(shown, ", "), names.size() > 20 ? cat(" and ", names.size() - 20, " more") : "");
    }
  }
  return changes;
}

std::size_t freeze_others(Graph& graph, std::span<const std::string> names) {
  std::size_t changes = 0;
  for (std::size_t i = 0; i < graph.values().size() && !names.empty(); ++i) {
    Value& value = graph.value(static_cast<ValueId>(i));
    if (value.role != Role::parameter || std::ranges::find(names, value.name) != names.end()) continue;
    value.role = Role::constant;
    value.why = cat("frozen, as all but ", join(std::vector<std::string>(names.begin(), names.end()), ", "), ": ", value.why);
    ++changes;
  }
  return changes;
}

std::vector<ParameterRow> parameter_table(const Graph& graph) {
  std::vector<ParameterRow> rows;
  for (const Value& value : graph.values())
    if (value.data) rows.push_back({value.name, value.data->shape(), value.role, value.why});
  return rows;
}

}  // namespace lehr
