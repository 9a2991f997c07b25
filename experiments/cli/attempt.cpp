#include "experiments/cli/attempt.h"

#include <algorithm>
#include <optional>

#include "engine/ops/standard.h"
#include "engine/plan/plan.h"
#include "engine/plan/unsupported.h"

namespace lehr::cli {

namespace {
struct Candidate {
  const char* loss;
  LossKind kind;
};
constexpr Candidate binary{"binary_crossentropy", LossKind::binary_cross_entropy}, classes{"categorical_crossentropy", LossKind::cross_entropy},
    squares{"mse", LossKind::mse};

std::optional<Head> head_of(const Graph& graph, LossKind kind, const std::string& output) {
  try {
    return find_head(graph, kind, output);
  } catch (const Error&) {
    return std::nullopt;
  }
}

// The loss whose activation the output ends in; mse where the nodes do not tell what the scores are. Error: none attaches.
Candidate by_tail(const Graph& graph, const std::string& output) {
  for (const Candidate& c : {binary, classes})
    if (const auto head = head_of(graph, c.kind, output); head && head->told) return c;
  find_head(graph, squares.kind, output);
  return squares;
}

// The batch size the inputs are bound to, if they are.
void find_batch(Attempt& a) {
  const Graph& graph = a.prepared.graph;
  for (const ValueId id : graph.inputs) {
    const auto& type = graph.value(id).type;
    if (std::ranges::find(a.prepared.targets, id) != a.prepared.targets.end() || !type || !type->dims || type->dims->empty()) continue;
    if (type->dims->front().size < 0) return;
    a.batch = std::max<std::int64_t>(type->dims->front().size, 1);
    a.fixed = true;
  }
}

void try_out(Attempt& a, const Graph& graph, const Candidate& c) {
  a.loss = c.loss, a.kind = c.kind;
  try {
    PrepareOptions options;
    options.losses.emplace_back();
    options.losses.front().kind = c.kind;
    options.losses.front().output = a.output;
    a.prepared = prepare(graph, options);
    find_batch(a);
    const ValueId scores = a.prepared.heads.front().value, wanted[] = {a.prepared.loss, scores};
    const Typing typing = type_graph(a.prepared.graph, standard_ops(), a.batch, Mode::train, wanted);
    if (const auto& type = typing.types.at(static_cast<std::size_t>(scores))) a.scores = type->shape;
    if (!typing.problems.empty()) throw Error(told(typing.problems));
    const Weights weights(a.prepared.graph);
    CompileOptions compiled;
    compiled.batch = a.batch;
    compiled.loss = a.prepared.loss;
    compile(a.prepared.graph, standard_ops(), weights, compiled);
  } catch (const Error& error) {
    a.in_the_way = error.what();
  }
}
}  // namespace

Attempt attempt(const Graph& graph, const std::string& output) {
  Attempt out;
  out.output = output;
  const Candidate c = by_tail(graph, output);
  try_out(out, graph, c);
  if (c.kind != LossKind::mse || out.scores.size() != 2 || out.scores[1] < 2) return out;
  Attempt scores;
  scores.output = output;
  scores.why = cat("no activation behind it says what the ", out.scores[1], " scores of a row are: they are taken for logits of as many classes");
  try_out(scores, graph, classes);
  return scores.trains() ? scores : out;
}

}  // namespace lehr::cli
