#include <algorithm>
#include <iostream>
#include <map>
#include <set>

#include "base/error.h"
#include "graph/onnx/model.h"
#include "graph/passes/prepare.h"
#include "tests/corpus/case.h"
#include "tests/support/catch.h"

namespace lehr::corpus {

namespace {

std::set<std::string> parameters(const Graph& graph) {
  std::set<std::string> out;
  for (const Value& value : graph.values())
    if (value.role == Role::parameter) out.insert(value.name);
  return out;
}

// What a gradient reaches through an If or a Loop, which do not run, is not known.
bool has_subgraph(const Case& c) {
  try {
    const Graph graph = onnx::read_model(c.model).graph;
    for (const Node& node : graph.nodes())
      for (const auto& [key, value] : node.attrs)
        if (std::holds_alternative<Subgraph>(value)) return true;
  } catch (const Error&) {
  }
  return false;
}

// Tensors whose role is not that of the source module; nothing where the model is refused.
std::vector<std::string> differences(const Case& c) {
  PrepareOptions options;
  options.losses = c.losses;
  options.roles.rules = without_evidence(c.name);
  if (options.losses.size() == 1) options.losses[0].output.clear();
  const Prepared p = prepare(onnx::read_model(c.model).graph, options);
  const std::set<std::string> found = parameters(p.graph), right(c.trainable.begin(), c.trainable.end());
  std::vector<std::string> out;
  for (const auto& name : right)
    if (!found.contains(name)) out.push_back(name + " is a parameter of the source");
  for (const auto& name : found)
    if (!right.contains(name))
      out.push_back(name + " is none: " + (c.not_trainable.contains(name) ? c.not_trainable.at(name) : std::string("not in the file")));
  return out;
}

}  // namespace

TEST_CASE("roles of tensors are those of the source modules", "[corpus]") {
  CHECK(no_evidence().size() <= 6);
  int compared = 0;
  for (const auto& folder : case_folders(corpus_root())) {
    const Case c = read_case(folder);
    if (c.losses.empty() || has_subgraph(c)) continue;
    std::vector<std::string> wrong;
    try {
      wrong = differences(c);
    } catch (const Error&) {
      continue;  // refused, which another test counts
    }
    ++compared;
    for (const auto& difference : wrong) std::cout << c.name << ": " << difference << '\n';
    INFO(c.name);
    CHECK(wrong.empty());
  }
  std::cout << "roles: " << compared << " models compared\n";
  CHECK(compared > 0);
}

}  // namespace lehr::corpus
