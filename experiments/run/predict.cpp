#include "experiments/run/predict.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/run/exported.h"
#include "experiments/run/labels.h"
#include "experiments/run/scores.h"
#include "graph/passes/batch_rows.h"
#include "graph/passes/prepare.h"

namespace lehr::run {

namespace {
constexpr std::int64_t largest_batch = 512;

// The file's own output, or the scores its labels are made of.
struct Answer {
  Graph graph;
  ValueId value = no_value;
  Form form = Form::logits;
  bool told = false, affine = false;
  std::int64_t width = 0;
};

Answer answer(const onnx::Model& model, LossKind kind, std::int64_t batch) {
  PrepareOptions options;
  options.losses.emplace_back();
  options.losses.front().kind = kind;
  Prepared p = prepare(model.graph, options);
  const Head& head = p.heads.front();
  Answer out{std::move(p.graph), head.answer, head.answer_form, head.told, head.affine, 0};
  out.value = batch_first(out.graph, out.value);
  const ValueId wanted[] = {out.value};
  const Typing typing = type_graph(out.graph, standard_ops(), batch, Mode::evaluate, wanted);
  if (!typing.problems.empty()) throw Error(join(typing.problems, "\n")).code(Exit::mismatch);
  out.width = elements(typing.types[static_cast<std::size_t>(out.value)]->shape) / batch;
  return out;
}

// Two classes come as one score or as two.
Answer fitting(const onnx::Model& model, const Dataset& data, std::int64_t batch) {
  if (data.classes.empty()) return answer(model, LossKind::mse, batch);
  const auto classes = static_cast<std::int64_t>(data.classes.size());
  if (classes == 2) {
    try {
      if (Answer a = answer(model, LossKind::binary_cross_entropy, batch); a.width == 1 || (a.width == 2 && a.told)) return a;
    } catch (const Error&) {  // ends in a Softmax: the other form
    }
  }
  Answer a = answer(model, LossKind::cross_entropy, batch);
  if (a.width != classes) throw Error("the model gives ", a.width, " scores a row, the preprocessing knows ", classes, " classes").code(Exit::mismatch);
  return a;
}

void probabilities(std::span<const float> scores, Form form, std::span<float> out) {
  if (scores.size() == 1) {
    const float p = form == Form::logits ? 1 / (1 + std::exp(-scores[0])) : form == Form::log_probabilities ? std::exp(scores[0]) : scores[0];
    out[0] = 1 - p, out[1] = p;
    return;
  }
  const float top = *std::ranges::max_element(scores);
  float sum = 0;
  for (std::size_t i = 0; i < scores.size(); ++i) {
    out[i] = form == Form::probabilities ? scores[i] : std::exp(scores[i] - (form == Form::logits ? top : 0));
    sum += out[i];
  }
  if (form == Form::logits)
    for (float& p : out) p /= sum;
}

// Every row of the model's output, [rows, width].
std::vector<float> outputs(const Answer& a, const Dataset& data, std::int64_t batch) {
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(data.rows * a.width));
  const Weights weights(a.graph);
  std::vector<std::int32_t> rows(static_cast<std::size_t>(data.rows));
  std::iota(rows.begin(), rows.end(), 0);
  for (std::int64_t at = 0; at < data.rows;) {
    CompileOptions options;
    options.batch = at + batch <= data.rows ? batch : data.rows - at;
    options.mode = Mode::evaluate;
    options.outputs = {a.value};
    Plan plan = compile(a.graph, standard_ops(), weights, options);
    const Feed feed(plan, data, "");
    for (; at + options.batch <= data.rows; at += options.batch) {
      feed.fill(std::span<const std::int32_t>(rows).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(options.batch)));
      plan.forward();
      const auto scores = plan.output_f32(a.value);
      out.insert(out.end(), scores.begin(), scores.end());
    }
  }
  return out;
}

// Where no node tells what the output is, its numbers do, as check_scores() takes them.
Form form_of(const Answer& a, const std::vector<float>& scores, std::string& note) {
  if (a.told) return a.form;
  ScoreLook look(a.width);
  look.add(scores);
  if (!look.sums() && !(a.width == 1 && look.inside() && !a.affine)) return a.form;
  note =
      cat("the output ", quote(a.graph.value(a.value).name), " lies in [0, 1]", a.width > 1 ? " and sums to 1" : "", " in every row: taken as probabilities");
  return Form::probabilities;
}
}  // namespace

Predictions predict(const onnx::Model& model, const Dataset& data, std::optional<Form> scores) {
  Predictions out;
  const std::int64_t batch = std::min(data.rows, largest_batch);
  if (batch == 0) throw Error("no rows to predict").code(Exit::mismatch);
  const Answer a = fitting(model, data, batch);
  out.values = outputs(a, data, batch);
  out.width = a.width;
  if (data.classes.empty()) {
    if (model.unit && a.graph.value(a.value).name == model.unit->output) {
      const auto& [output, shape, factor, offset] = *model.unit;
      if (static_cast<std::int64_t>(factor.size()) != a.width)
        throw Error("the model gives ", a.width, " values a row, the unit of its target has ", factor.size()).code(Exit::mismatch);
      for (std::size_t i = 0; i < out.values.size(); ++i)
        out.values[i] = static_cast<float>(static_cast<double>(out.values[i]) * factor[i % factor.size()] + offset[i % factor.size()]);
    }
    for (std::int64_t i = 0; i < a.width; ++i) out.columns.push_back(a.width == 1 ? std::string("y") : cat("y_", i));
    return out;
  }
  if (const auto own = own_labels(model))
    if (const auto other = check_labels(*own, data.classes)) throw Error(*other).code(Exit::mismatch);
  out.columns.push_back("class");
  for (const auto& c : data.classes) out.columns.push_back("p_" + c);
  out.width = static_cast<std::int64_t>(data.classes.size());
  const Form form = scores ? *scores : form_of(a, out.values, out.note);
  const auto threshold = out.width == 2 ? own_threshold(model) : std::nullopt;
  const std::vector<float> raw = std::exchange(out.values, std::vector<float>(static_cast<std::size_t>(data.rows * out.width)));
  for (std::int64_t row = 0; row < data.rows; ++row) {
    const auto to = std::span(out.values).subspan(static_cast<std::size_t>(row * out.width), static_cast<std::size_t>(out.width));
    probabilities(std::span(raw).subspan(static_cast<std::size_t>(row * a.width), static_cast<std::size_t>(a.width)), form, to);
    out.winners.push_back(threshold ? static_cast<double>(to[1]) > *threshold : std::ranges::max_element(to) - to.begin());
  }
  return out;
}

}  // namespace lehr::run
