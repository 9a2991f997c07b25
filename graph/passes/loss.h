#pragma once
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/passes/losses.h"

namespace lehr {

// Where a loss attaches.
struct Head {
  ValueId output = no_value;  // the graph output it was found from
  ValueId value = no_value;   // the scores: loss input
  Form form = Form::logits;
  std::vector<std::string> tail;  // operators between value and output, in graph order
};

// From an output back through Sigmoid (binary_cross_entropy) or Softmax/LogSoftmax (cross_entropy) to the logits; label tails
// (ArgMax, ZipMap, Concat(1-p, p), …) are stepped over for every kind. mse, mae, huber and graph take the output as it is.
// Error: no such output; several candidates (all are listed); a tail that contradicts the kind.
Head find_head(const Graph& graph, LossKind kind, const std::string& output = "");

struct Attached {
  ValueId loss = no_value;       // f32 []
  std::vector<Head> heads;       // one per spec
  std::vector<ValueId> targets;  // one per spec, no_value for `graph`
};
// Appends one node of domain "lehr" per spec, its target as graph input, and the weighted sum.
Attached attach_losses(Graph& graph, const std::vector<LossSpec>& specs);
// The same for a head already known; returns the unweighted scalar and its target.
struct AttachedOne {
  ValueId loss = no_value, target = no_value;
};
AttachedOne attach_loss(Graph& graph, const LossSpec& spec, const Head& head);

// Is this node part of a label tail: it only turns scores into labels, names or maps for the caller?
bool label_tail(const Node& node);

}  // namespace lehr
