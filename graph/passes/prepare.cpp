#include "graph/passes/prepare.h"

#include <algorithm>

#include "base/error.h"
#include "graph/passes/batch_rows.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

std::vector<std::string> names_of(const Graph& graph, std::span<const ValueId> ids) {
  std::vector<std::string> out;
  for (const ValueId id : ids) out.push_back(graph.value(id).name);
  return out;
}

// Outputs a label operator stands in front of: of no use to a loss or a metric, and often strings or maps.
std::vector<bool> behind_labels(const Graph& graph) {
  std::vector<bool> out(graph.values().size());
  for (const Node& node : graph.nodes()) {
    const bool label = label_tail(node) || std::ranges::any_of(node.in, [&](ValueId in) { return in != no_value && out.at(static_cast<std::size_t>(in)); });
    for (const ValueId id : node.out)
      if (id != no_value) out[static_cast<std::size_t>(id)] = label;
  }
  return out;
}

void choose_outputs(Prepared& p, const PrepareOptions& options) {
  const std::vector<std::string> names = names_of(p.graph, p.graph.outputs);
  std::vector<ValueId> kept;
  for (const std::string& wanted : options.outputs) {
    const auto it = std::ranges::find(names, wanted);
    if (it == names.end()) throw Error("the model has no output ", quote(wanted), did_you_mean(wanted, names), "\n  outputs: ", join(names, ", "));
    kept.push_back(p.graph.outputs[static_cast<std::size_t>(it - names.begin())]);
  }
  if (options.outputs.empty()) {
    const std::vector<bool> label = behind_labels(p.graph);
    for (const ValueId id : p.graph.outputs) (label.at(static_cast<std::size_t>(id)) ? void(p.dropped.push_back(p.graph.value(id).name)) : kept.push_back(id));
    if (kept.empty() && options.losses.empty()) {  // a model of labels only: whoever compiles it learns what is missing
      kept = p.graph.outputs;
      p.dropped.clear();
    }
  }
  p.graph.outputs = kept;
  if (!p.dropped.empty()) p.notes.push_back(cat("labels are left to the exported model: ", join(p.dropped, ", ")));
}

void attach(Prepared& p, const PrepareOptions& options) {
  const Attached attached = attach_losses(p.graph, options.losses);
  p.loss = attached.loss;
  p.heads = attached.heads;
  p.targets = attached.targets;
  p.weights = attached.weights;
  for (std::size_t i = 0; i < p.heads.size(); ++i)
    if (const std::string mixed = options.losses[i].kind == LossKind::graph ? "" : mixed_rows(p.graph, p.heads[i].value); !mixed.empty())
      p.notes.push_back(
          cat("the scores of a row depend on the other rows of its batch (", mixed, "): they differ from batch to batch, and one row alone scores otherwise"));
  for (std::size_t i = 0; i < p.heads.size(); ++i) {
    const Head& head = p.heads[i];
    const bool said = options.losses[i].scores.has_value();
    if (head.tail.empty() && head.form == Form::logits && !said) continue;
    p.notes.push_back(cat("the loss is attached to ", quote(p.graph.value(head.value).name), " (", name(head.form), said ? ", as model.scores says)" : ")",
                          head.tail.empty() ? "" : " in front of ", join(head.tail, ", ")));
  }
}

std::vector<ValueId> wanted(const Prepared& p) {
  std::vector<ValueId> out = p.graph.outputs;
  if (p.loss != no_value) out.push_back(p.loss);
  return out;
}

}  // namespace

Prepared prepare(Graph graph, const PrepareOptions& options) {
  Prepared p;
  p.graph = std::move(graph);
  const std::vector<Pass> passes = {
      {"normalize", true, [](Graph& g) { return normalize(g); }},
      {"input_shapes", true, [&](Graph& g) { return input_shapes(g, p.notes); }},
      {"rebatch", true, [&](Graph& g) { return options.rebatch ? rebatch(g, p.notes, options.batch_axis, &p.batch_kept) : 0; }},
      {"attach_loss", false,
       [&](Graph&) {
         attach(p, options);
         choose_outputs(p, options);
         for (const Head& head : p.heads)
           for (const ValueId id : {head.value, head.answer})
             if (std::ranges::find(p.graph.outputs, id) == p.graph.outputs.end()) p.graph.outputs.push_back(id);
         return p.heads.size();
       }},
      {"prune", false, [&](Graph& g) { return prune(g, wanted(p)); }},
      {"trainable", false,
       [&](Graph& g) {
         const std::vector<ValueId> from = p.loss == no_value ? g.outputs : std::vector{p.loss};
         return trainable(g, from, options.roles, p.notes);
       }},
      {"freeze", false,
       [&](Graph& g) {
         std::vector<ValueId> parameters;
         for (std::size_t i = 0; i < g.values().size(); ++i)
           if (g.values()[i].role == Role::parameter) parameters.push_back(static_cast<ValueId>(i));
         const std::size_t changes = freeze(g, options.freeze) + freeze_others(g, options.only);
         std::ranges::copy_if(parameters, std::back_inserter(p.frozen), [&](ValueId id) { return g.value(id).role != Role::parameter; });
         return changes;
       }},
      {"fold_weights", true, [](Graph& g) { return fold_weights(g); }},
      {"fuse_bias", true, [](Graph& g) { return fuse_bias(g); }},
      {"fuse_activation", true, [](Graph& g) { return fuse_activation(g); }},
  };
  p.passes = run_passes(p.graph, passes, options.off);
  return p;
}

}  // namespace lehr
