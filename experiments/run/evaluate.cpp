#include "experiments/run/evaluate.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/ops/standard.h"
#include "engine/train/evaluate.h"
#include "experiments/run/exported.h"
#include "experiments/run/plans.h"
#include "experiments/run/scores.h"
#include "experiments/run/weigh.h"
#include "graph/passes/prepare.h"

namespace lehr::run {

namespace {
constexpr std::int64_t largest_batch = 512;

struct WithLoss {
  TrainGraph model;
  Head head;
  std::int64_t width = 0;
};
WithLoss attach(const onnx::Model& model, const LossSpec& loss, std::int64_t batch) {
  PrepareOptions options;
  options.losses = {loss};
  Prepared p = prepare(model.graph, options);
  WithLoss out;
  out.head = p.heads.at(0);
  out.model.graph = std::move(p.graph);
  out.model.loss = p.loss;
  out.model.scores = out.head.value;
  out.model.logits = out.head.form == Form::logits;
  out.model.target = out.model.graph.value(p.targets.at(0)).name;
  if (loss.weighted) out.model.weights = out.model.graph.value(p.weights.at(0)).name;
  const ValueId wanted[] = {out.model.scores};
  const Typing typing = type_graph(out.model.graph, standard_ops(), batch, Mode::evaluate, wanted);
  if (!typing.problems.empty()) throw Error(join(typing.problems, "\n")).code(Exit::mismatch);
  out.width = elements(typing.types[static_cast<std::size_t>(out.model.scores)]->shape) / batch;
  return out;
}

LossSpec of_kind(LossKind kind, std::optional<Form> scores) {
  LossSpec out;
  out.kind = kind, out.scores = scores;
  return out;
}

// Two classes come as one score or as two; of other classes one score is told what it is by check_width().
LossSpec fitting(const onnx::Model& model, const Dataset& data, const Question& question, std::int64_t batch) {
  if (question.loss) {
    LossSpec out = *question.loss;
    if (question.scores) out.scores = question.scores;
    return out;
  }
  if (data.classes.empty()) return of_kind(LossKind::mse, {});
  try {
    const LossSpec binary = of_kind(LossKind::binary_cross_entropy, question.scores);
    if (const WithLoss one = attach(model, binary, batch); one.width == 1 && (data.classes.size() == 2 || one.head.told)) return binary;
  } catch (const Error&) {  // ends in a softmax: the other form
  }
  return of_kind(LossKind::cross_entropy, question.scores);
}

void check_width(const WithLoss& a, const LossSpec& loss, const Dataset& data) {
  const LossRow& row = loss_row(loss.kind);
  if (row.classifies() == data.classes.empty() && row.target != TargetKind::binary)
    throw Error("the loss ", row.name, " is one over ", row.classifies() ? "classes" : "numbers", ", the target of ", data.source, " is ",
                data.classes.empty() ? "a number" : "a class").code(Exit::mismatch);
  const auto classes = static_cast<std::int64_t>(data.classes.size());
  const std::int64_t expected = row.target == TargetKind::classes ? classes : classes > 0 ? 1 : data.target.width();
  if (row.target == TargetKind::binary && classes > 0 && classes != 2)
    throw Error("the model gives one score a row, which tells 2 classes apart, not ", classes).code(Exit::mismatch);
  if (a.width != expected)
    throw Error("the model gives ", a.width, a.width == 1 ? " score" : " scores", " a row, ", data.source, " has ",
                classes > 0 ? cat(classes, " classes (", join(data.classes, ", "), ")") : cat(data.target.width(), " target values")).code(Exit::mismatch);
}

// A model over rows, compiled.
struct Compiled {
  WithLoss attached;
  Weights weights;
  std::map<std::int64_t, Plan> plans;
  std::int64_t batch;
  Compiled(WithLoss a, std::int64_t rows) : attached(std::move(a)), weights(attached.model.graph), batch(rows) {}
  Plan& plan(std::int64_t rows) { return evaluation_plan(plans, attached.model, weights, 1, rows); }
};

// Where no node tells what the output is, its numbers do, as check_scores() takes them.
std::string seen_as_probabilities(Compiled& c, const Dataset& data, std::span<const std::int32_t> rows) {
  const WithLoss& a = c.attached;
  ScoreLook look(a.width);
  for (std::size_t at = 0; at < rows.size(); at += static_cast<std::size_t>(c.batch)) {
    const auto some = rows.subspan(at, std::min(rows.size() - at, static_cast<std::size_t>(c.batch)));
    Plan& plan = c.plan(static_cast<std::int64_t>(some.size()));
    Feed(plan, data, a.model.target, a.model.weights).fill(some);
    plan.forward();
    look.add(plan.output_f32(a.model.scores));
    if (!look.inside()) return {};
  }
  if (!look.sums() && !(a.width == 1 && look.inside() && !a.head.affine)) return {};
  return cat("the output ", quote(a.model.graph.value(a.model.scores).name), " lies in [0, 1]", a.width > 1 ? " and sums to 1" : "",
             " in every row: taken as probabilities");
}

void check_metrics(const std::vector<std::string>& metrics, Targets targets) {
  for (const std::string& metric : metrics)
    if (const std::string why = misfit(metric, targets); !why.empty()) throw Error(why);
}
}  // namespace

struct Measurement::Impl {
  const onnx::Model& model;
  std::span<const std::int32_t> rows;
  ModelScore found;  // all but the numbers
  std::int64_t batch;
  LossSpec loss;
  Weighing weighing;
  std::optional<Compiled> compiled;
  bool told = false;  // what the loss is
  Job job;

  Impl(const onnx::Model& m, const Dataset& data, std::span<const std::int32_t> r, const Question& question)
      : model(m), rows(r), batch(std::min(static_cast<std::int64_t>(r.size()), largest_batch)) {
    if (rows.empty()) throw Error("no rows to evaluate").code(Exit::mismatch);
    found.metrics = question.metrics;
    const bool binary = question.loss && loss_row(question.loss->kind).target == TargetKind::binary;
    const Targets targets = targets_of(!data.classes.empty(), binary);
    if (found.metrics.empty()) found.metrics = {misfit("rmse", targets).empty() ? "rmse" : "accuracy"};
    check_metrics(found.metrics, targets);
    if (const auto own = own_labels(model); own && !data.classes.empty())
      if (const auto other = check_labels(*own, data.classes)) found.notes.push_back(*other);
    compile(data, question);
    job.metrics = found.metrics;
    compiled->attached.model.binary = loss_row(loss.kind).target == TargetKind::binary;
    if (const auto own = own_threshold(model); own && targets == Targets::classes && data.classes.size() == 2) {
      job.threshold = *own;
      found.notes.push_back(
          cat("the model answers ", printable(data.classes[1]), " where its probability lies above ", *own, " (metadata ", threshold_key, ")"));
    }
  }

  void compile(const Dataset& data, const Question& question) {
    loss = fitting(model, data, question, batch);
    weighing = weigh(loss, data, rows);
    if (!weighing.by_loss.empty()) loss.class_weights = weighing.by_loss, loss.balanced = false;
    loss.weighted = weighing.fed;
    loss.ignore_index.reset();
    compiled.emplace(attach(model, loss, batch), batch);
    check_width(compiled->attached, loss, data);
    const bool says = compiled->attached.head.told || question.loss || question.scores;
    told = says && (question.loss || !data.classes.empty());
    if (data.classes.empty() || compiled->attached.head.told || loss.scores) return;
    std::string note = seen_as_probabilities(*compiled, data, rows);
    if (note.empty()) return;
    loss.scores = Form::probabilities;
    compiled.emplace(attach(model, loss, batch), batch);
    found.notes.push_back(std::move(note));
  }

  ModelScore measured(const Dataset& data) {
    ModelScore out = found;
    job.model = &compiled->attached.model;
    job.data = &data;
    Scorer scorer(job, compiled->attached.width, static_cast<std::int64_t>(rows.size()), batch);
    const auto plan = [&](std::int64_t n) -> Plan& { return compiled->plan(n); };
    const Evaluation evaluation = Evaluator(plan, batch, compiled->attached.model, data, &weighing.counts, rows).run(scorer, out.values);
    if (!evaluation.finite)
      throw Error("a loss or a score is not finite", evaluation.first_bad.empty() ? "" : ", first " + evaluation.first_bad).code(Exit::diverged);
    if (told) out.loss = loss_row(loss.kind).name, out.loss_value = evaluation.loss;
    for (const auto& metric : scorer.metrics()) {
      out.percent.push_back(metric->percent());
      out.details.push_back(metric->tally() ? text(*metric->tally(), data.classes) : std::string());
    }
    return out;
  }
};

Measurement::Measurement(const onnx::Model& model, const Dataset& data, std::span<const std::int32_t> rows, const Question& question)
    : impl_(std::make_unique<Impl>(model, data, rows, question)) {}
Measurement::~Measurement() = default;

ModelScore Measurement::of(const Dataset& data) { return impl_->measured(data); }

ModelScore evaluate(const onnx::Model& model, const Dataset& data, std::span<const std::int32_t> rows, const Question& question) {
  return Measurement(model, data, rows, question).of(data);
}

Wants wants_of(const onnx::Model& model) {
  Wants out{{}, own_labels(model)};
  for (const ValueId id : model.graph.inputs)
    if (const Value& v = model.graph.value(id); v.type && !is_float(v.type->dtype))
      out.integer_inputs.push_back(model.graph.inputs.size() == 1 ? std::string() : v.name);
  return out;
}

bool tells_classes(const onnx::Model& model) {
  return std::ranges::any_of(std::array{LossKind::binary_cross_entropy, LossKind::cross_entropy}, [&](LossKind kind) {
    try {
      return find_head(model.graph, kind).told;
    } catch (const Error&) {
      return false;
    }
  });
}

}  // namespace lehr::run
