#pragma once
#include <optional>
#include <string>
#include <vector>

#include "graph/graph.h"

namespace lehr {

// graph: the tensor itself is the loss.
enum class LossKind { binary_cross_entropy, cross_entropy, mse, mae, huber, graph };
const char* name(LossKind kind);  // as experiment files spell it

// What the scores a loss is attached to are.
enum class Form { logits, probabilities, log_probabilities };
const char* name(Form form);

struct LossSpec {
  LossKind kind = LossKind::mse;
  std::string output;                        // graph output it concerns; empty: the only one that fits
  std::string target = "target";             // stem of the graph input's name the targets arrive in; unused by `graph`
  std::optional<Form> scores;                // what the output is, where the caller says so: logits or probabilities
  float weight = 1;                          // the total is the sum of weight x loss
  float delta = 1;                           // huber
  float label_smoothing = 0;                 // cross_entropy, [0,1)
  std::optional<std::int64_t> ignore_index;  // cross_entropy on class indices
  std::vector<float> class_weights;          // cross_entropy; empty: all 1
  bool one_hot = false;                      // cross_entropy: targets f32 [.., C] instead of class indices i64 [..]
};

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
