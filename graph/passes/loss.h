#pragma once
#include <string>
#include <vector>

#include "graph/graph.h"
#include "graph/passes/losses.h"

namespace lehr {

// Where a loss attaches.
struct Head {
  ValueId output = no_value;        // the graph output it was found from
  ValueId answer = no_value;        // the output, or the scores its labels are made of
  Form answer_form = Form::logits;  // what the answer is, where its nodes say so; else logits
  ValueId value = no_value;         // the scores: loss input
  Form form = Form::logits;
  bool told = false;                // the nodes behind the scores, or LossSpec::scores, say what they are
  bool affine = false;              // not told: a layer's own result, which may be any number
  bool flatten = false;             // [N,C,1,1]: the loss takes them as [N,C]
  std::vector<std::string> tail;    // operators between value and output, in graph order
};

// From an output back through all that tail_rules.cpp knows as a sigmoid (binary_cross_entropy) or softmax (cross_entropy) to the logits;
// label tails (ArgMax, ZipMap, Concat(1-p, p), …) are stepped over for every kind. mse, mae, huber and graph take the output as it is.
// scores: probabilities: the loss takes the answer as probabilities; logits: whatever is found is taken as logits.
// Error: no such output; several candidates (all are listed); a tail that contradicts the kind; a softmax over the batch or another axis.
Head find_head(const Graph& graph, LossKind kind, const std::string& output = "", std::optional<Form> scores = {});

struct Attached {
  ValueId loss = no_value;       // f32 []
  std::vector<Head> heads;       // one per spec
  std::vector<ValueId> targets;  // one per spec, no_value for `graph`
  std::vector<ValueId> weights;  // one per spec, no_value unless LossSpec::weighted
};
// Appends one node of domain "lehr" per spec, its target as graph input, and the weighted sum.
Attached attach_losses(Graph& graph, const std::vector<LossSpec>& specs);
// The same for a head already known; returns the unweighted scalar and its target.
struct AttachedOne {
  ValueId loss = no_value, target = no_value, weights = no_value;
};
AttachedOne attach_loss(Graph& graph, const LossSpec& spec, const Head& head);

// Is this node part of a label tail: it only turns scores into labels, names or maps for the caller?
bool label_tail(const Node& node);

}  // namespace lehr
