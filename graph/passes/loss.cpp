#include "graph/passes/loss.h"

#include "base/error.h"
#include "graph/passes/batch_rows.h"
#include "graph/passes/facts.h"
#include "graph/passes/uses.h"

namespace lehr {

namespace {

Attributes attributes(const LossSpec& spec, Form form) {
  const LossRow& row = loss_row(spec.kind);
  Attributes attrs;
  if (row.forms.has(Form::probabilities)) attrs["form"] = std::string(name(form));
  if (row.options.has(LossOption::delta)) attrs["delta"] = spec.delta;
  if (spec.label_smoothing != 0) attrs["label_smoothing"] = spec.label_smoothing;
  if (spec.ignore_index) attrs["has_ignore"] = std::int64_t{1}, attrs["ignore_index"] = *spec.ignore_index;
  if (weights_by_loss(spec)) attrs["class_weights"] = spec.class_weights;
  if (spec.one_hot) attrs["one_hot"] = std::int64_t{1};
  return attrs;
}

// Dimensions of the scores; what stands in front of an elementwise tail has those of the output.
std::optional<Extents> scores_dims(const Graph& graph, const Head& head) {
  const std::vector<Facts> known = facts(graph);
  auto dims = known.at(static_cast<std::size_t>(head.value)).dims;
  const bool same = head.tail.size() == 1 && (head.tail[0] == "Sigmoid" || head.tail[0] == "Softmax" || head.tail[0] == "LogSoftmax");
  if (!dims && same) dims = known.at(static_cast<std::size_t>(head.output)).dims;
  return dims;
}

// Targets as a plan takes them: the batch first. k rows per row of the batch, [k*batch, ..], become [batch, k, ..].
std::vector<Dim> declared(const Extents& dims) {
  std::vector<Dim> out;
  for (std::size_t i = 0; i < dims.size(); ++i) {
    const Extent& size = dims[i];
    if (size.number() >= 0)
      out.push_back({size.number(), ""});
    else if (!size.known)
      out.push_back({-1, i == 0 ? batch_symbol : ""});
    else
      out.push_back({-1, size.symbol});
    if (i == 0 && size.known && !size.symbol.empty() && size.count > 1) out.push_back({size.count, ""});
  }
  return out;
}

ValueId target_input(Graph& graph, const LossSpec& spec, const Head& head) {
  std::optional<Extents> dims = scores_dims(graph, head);
  const std::string scores = quote(graph.value(head.value).name);
  if (!dims) throw Error("the shape of ", scores, " is not declared in the model and cannot be derived, so the shape of ", quote(spec.target), " is unknown");
  DeclaredType type;
  if (loss_row(spec.kind).target == TargetKind::classes) {
    if (dims->size() < 2)
      throw Error(name(spec.kind), " needs scores of at least 2 dimensions, [batch, classes], but ", scores, " has ", dims->size(),
                  "; for a single score per row use binary_crossentropy");
    const std::int64_t classes = dims->back().number();
    if (!spec.class_weights.empty() && classes >= 0 && classes != static_cast<std::int64_t>(spec.class_weights.size()))
      throw Error(scores, " has ", classes, " classes but ", spec.class_weights.size(), " class weights are given");
    if (!spec.one_hot) {
      type.dtype = Dtype::i64;
      dims->pop_back();
    }
  }
  type.dims = declared(*dims);
  Value target;
  target.name = graph.find(spec.target) == no_value ? spec.target : graph.fresh_name(spec.target);
  target.role = Role::input;
  target.type = type;
  target.why = cat("target of ", name(spec.kind));
  const ValueId id = graph.add(std::move(target));
  graph.inputs.push_back(id);
  return id;
}

ValueId weights_input(Graph& graph) {
  Value weights;
  weights.name = graph.fresh_name("row_weights");
  weights.role = Role::input;
  weights.type = DeclaredType{Dtype::f32, std::vector<Dim>{{-1, batch_symbol}}};
  weights.why = "what each row weighs in the loss";
  const ValueId id = graph.add(std::move(weights));
  graph.inputs.push_back(id);
  return id;
}

ValueId scalar_value(Graph& graph, const std::string& stem) {
  Value value;
  value.name = graph.fresh_name(stem);
  value.type = DeclaredType{Dtype::f32, std::vector<Dim>{}};
  return graph.add(std::move(value));
}

// [N,C,1,1] as [N,C]: a view, nothing is copied.
ValueId flattened(Graph& graph, ValueId scores) {
  Value value;
  value.name = graph.fresh_name("scores");
  const ValueId out = graph.add(std::move(value));
  graph.add(Node{"Flatten", "", "", std::max(main_opset(graph), 13), {{"axis", std::int64_t{1}}}, {scores}, {out}});
  return out;
}

ValueId times(Graph& graph, ValueId loss, float weight) {
  if (weight == 1) return loss;
  Value factor;
  factor.name = graph.fresh_name("loss_weight");
  factor.role = Role::constant;
  factor.data = std::make_shared<Tensor>(Shape{}, std::span<const float>(&weight, 1));
  factor.why = "weight of a loss";
  const ValueId w = graph.add(std::move(factor)), out = scalar_value(graph, "weighted_loss");
  graph.add(Node{"Mul", "", "", std::max(main_opset(graph), 13), {}, {loss, w}, {out}});
  return out;
}

}  // namespace

AttachedOne attach_loss(Graph& graph, const LossSpec& spec, const Head& found) {
  check(spec);
  Head head = found;
  if (head.flatten) head.value = flattened(graph, head.value);
  const auto& declared = graph.value(head.value).type;
  AttachedOne out;
  if (loss_row(spec.kind).target == TargetKind::none) {
    if (declared && declared->dims && declared->dims->empty()) return {head.value, no_value, no_value};
    out.loss = scalar_value(graph, "loss");
    graph.add(Node{"ReduceMean", "", "", 13, {{"keepdims", std::int64_t{0}}}, {head.value}, {out.loss}});
    return out;
  }
  const LossRow& row = loss_row(spec.kind);
  if (!row.forms.has(head.form)) throw Error("the loss ", row.name, " cannot be attached to ", name(head.form));
  out.target = target_input(graph, spec, head);
  out.loss = scalar_value(graph, "loss");
  std::vector<ValueId> inputs{head.value, out.target};
  if (spec.weighted) inputs.push_back(out.weights = weights_input(graph));
  graph.add(Node{row.op, "lehr", "", 1, attributes(spec, head.form), std::move(inputs), {out.loss}});
  return out;
}

Attached attach_losses(Graph& graph, const std::vector<LossSpec>& specs) {
  Attached all;
  for (const LossSpec& spec : specs) {
    all.heads.push_back(find_head(graph, spec.kind, spec.output, spec.scores));
    if (spec.kind != LossKind::graph) all.heads.back().value = batch_first(graph, all.heads.back().value);
  }
  for (std::size_t i = 0; i < specs.size(); ++i) {
    const AttachedOne one = attach_loss(graph, specs[i], all.heads[i]);
    all.targets.push_back(one.target);
    all.weights.push_back(one.weights);
    const ValueId term = times(graph, one.loss, specs[i].weight);
    if (all.loss == no_value) {
      all.loss = term;
      continue;
    }
    const ValueId sum = scalar_value(graph, "total_loss");
    graph.add(Node{"Add", "", "", std::max(main_opset(graph), 13), {}, {all.loss, term}, {sum}});
    all.loss = sum;
  }
  return all;
}

}  // namespace lehr
