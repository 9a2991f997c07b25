#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>

#include "graph/onnx/model.h"
#include "graph/passes/passes.h"
#include "graph/passes/roles.h"
#include "tests/corpus/case.h"
#include "tests/support/catch.h"

// What the passes decide about the files as they are, against what the corpus says of the source models.
namespace lehr::corpus {
namespace {

// If, Loop, Scan: refused later, and nothing can be said about weights inside.
bool has_subgraph(const Graph& graph) {
  for (const Node& node : graph.nodes())
    for (const auto& [name, value] : node.attrs)
      if (std::holds_alternative<Subgraph>(value)) return true;
  return false;
}

template <class Look>
void for_each_case(Look look) {
  for (const auto& folder : case_folders(corpus_root())) {
    Case c = read_case(folder);
    if (c.losses.empty()) continue;
    try {
      const Graph graph = onnx::read_model(c.model).graph;
      if (!has_subgraph(graph)) look(c, graph);
    } catch (const Error& error) {
      if (c.expect.empty()) std::cout << c.name << ": " << error.what() << '\n';
    }
  }
}

// The curated set agrees throughout; of a larger one some files are ambiguous by nature.
int enough(int all) { return std::getenv("LEHR_CORPUS") ? all * 97 / 100 : all; }

std::string head_differs(const Case& c, const Graph& graph) {
  for (std::size_t i = 0; i < c.losses.size(); ++i) {
    LossSpec spec = c.losses[i];
    if (c.losses.size() == 1) spec.output.clear();  // must be found without help
    const Head head = find_head(graph, spec.kind, spec.output);
    const std::string on = graph.value(head.value).name;
    // The corpus names the log-probabilities of Log(Softmax); in front of them is as good.
    if (graph.value(head.answer).name == c.on[i] && name(head.answer_form) == c.form[i] && head.form == Form::logits) continue;
    if (on != c.on[i]) return cat("the loss goes to ", quote(on), ", the corpus says ", quote(c.on[i]));
    if (name(head.form) != c.form[i]) return cat("form ", name(head.form), ", the corpus says ", c.form[i]);
  }
  return "";
}

std::string roles_differ(const Case& c, Graph graph) {
  std::vector<ValueId> loss;
  for (const std::string& on : c.on) loss.push_back(graph.find(on));
  Notes notes;
  trainable(graph, loss, {without_evidence(c.name), {}}, notes);
  const std::set<std::string> expected(c.trainable.begin(), c.trainable.end());
  std::string out;
  for (const ParameterRow& row : parameter_table(graph)) {
    const bool trained = row.role == Role::parameter;
    if (trained == expected.contains(row.name)) continue;
    const auto why = c.not_trainable.find(row.name);
    out += cat("\n    ", row.name, " ", row.shape, " is a ", name(row.role), " (", row.why,
               "), the corpus: ", why == c.not_trainable.end() ? "trainable" : why->second);
  }
  for (const std::string& name : expected)
    if (graph.find(name) == no_value) out += cat("\n    ", name, " is not in the graph");
  return out;
}

}  // namespace

TEST_CASE("loss heads agree with the corpus", "[corpus]") {
  int all = 0, same = 0;
  for_each_case([&](const Case& c, const Graph& graph) {
    ++all;
    std::string difference;
    try {
      difference = head_differs(c, graph);
    } catch (const Error& error) {
      difference = error.what();
    }
    if (difference.empty())
      ++same;
    else
      std::cout << c.name << ": " << difference << '\n';
  });
  std::cout << "loss heads: " << same << " of " << all << " agree\n";
  CHECK(all > 0);
  CHECK(same >= enough(all));
}

TEST_CASE("trainable weights agree with the corpus", "[corpus]") {
  int all = 0, same = 0;
  for_each_case([&](const Case& c, const Graph& graph) {
    ++all;
    const std::string difference = roles_differ(c, graph);
    if (difference.empty())
      ++same;
    else
      std::cout << c.name << ":" << difference << '\n';
  });
  std::cout << "trainable weights: " << same << " of " << all << " agree\n";
  CHECK(all > 0);
  CHECK(same == all);  // but for without_evidence()
}

}  // namespace lehr::corpus
