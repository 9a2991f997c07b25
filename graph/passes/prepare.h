#pragma once
#include <string>
#include <vector>

#include "graph/passes/loss.h"
#include "graph/passes/passes.h"
#include "graph/passes/roles.h"

namespace lehr {

struct PrepareOptions {
  std::vector<LossSpec> losses;      // none: evaluation only, every weight that could be trained is a parameter
  std::vector<std::string> outputs;  // graph outputs that stay computable; empty: all that are no labels
  std::vector<std::string> freeze;   // patterns over parameter names
  std::vector<std::string> only;     // where not empty: names of the parameters that are trained, all others are frozen
  RoleOptions roles;                 // what the experiment says of stored tensors
  std::optional<std::size_t> batch_axis;  // of all inputs; absent: found
  std::vector<std::string> off;      // optional passes to leave out, by name
  bool rebatch = true;               // free a batch size baked into the file
};

// A model ready for compile(): graph.outputs are the computable outputs, the heads' scores and answers (each once).
struct Prepared {
  Graph graph;
  ValueId loss = no_value;
  std::vector<Head> heads;           // one per loss
  std::vector<ValueId> targets;      // one per loss; no_value for LossKind::graph
  std::vector<ValueId> weights;      // one per loss; no_value unless LossSpec::weighted
  std::vector<ValueId> frozen;       // parameters that `freeze` and `only` made constants
  std::vector<std::string> dropped;  // outputs of the file that are labels, not kept here
  std::vector<std::string> notes;    // what the passes have to say, one sentence each
  std::string batch_kept;            // why a stored batch stays; empty where it does not
  std::vector<PassReport> passes;
};

// The standard list in order: normalize, input_shapes, rebatch, attach_loss, prune, trainable, freeze, fold_weights, fuse_bias, fuse_activation.
Prepared prepare(Graph graph, const PrepareOptions& options);

}  // namespace lehr
