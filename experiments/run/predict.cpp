#include "experiments/run/predict.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/ops/standard.h"
#include "engine/train/feed.h"
#include "experiments/run/labels.h"
#include "graph/passes/prepare.h"

namespace lehr::run {

namespace {
constexpr std::int64_t largest_batch = 512;

struct Scorer {
  Graph graph;
  ValueId scores = no_value;
  Form form = Form::logits;
  std::int64_t width = 0;
};

Scorer scorer(const onnx::Model& model, LossKind kind, std::int64_t batch) {
  PrepareOptions options;
  options.losses.emplace_back();
  options.losses.front().kind = kind;
  Prepared p = prepare(model.graph, options);
  Scorer s{std::move(p.graph), p.heads.front().value, p.heads.front().form, 0};
  const ValueId wanted[] = {s.scores};
  const Typing typing = type_graph(s.graph, standard_ops(), batch, Mode::evaluate, wanted);
  if (!typing.problems.empty()) throw Error(join(typing.problems, "\n")).code(Exit::mismatch);
  s.width = elements(typing.types[static_cast<std::size_t>(s.scores)]->shape) / batch;
  return s;
}

// Two classes come as one score or as two.
Scorer fitting(const onnx::Model& model, const Dataset& data, std::int64_t batch) {
  if (data.classes.empty()) return scorer(model, LossKind::mse, batch);
  const auto classes = static_cast<std::int64_t>(data.classes.size());
  if (classes == 2) {
    try {
      if (Scorer s = scorer(model, LossKind::binary_cross_entropy, batch); s.width == 1) return s;
    } catch (const Error&) {  // ends in a Softmax: the other form
    }
  }
  Scorer s = scorer(model, LossKind::cross_entropy, batch);
  if (s.width != classes) throw Error("the model gives ", s.width, " scores a row, the preprocessing knows ", classes, " classes").code(Exit::mismatch);
  return s;
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
}  // namespace

Predictions predict(const onnx::Model& model, const Dataset& data) {
  Predictions out;
  const std::int64_t batch = std::min(data.rows, largest_batch);
  if (batch == 0) throw Error("no rows to predict").code(Exit::mismatch);
  const Scorer s = fitting(model, data, batch);
  const bool classes = !data.classes.empty();
  if (const auto own = classes ? own_labels(model) : std::nullopt)
    if (const auto other = check_labels(*own, data.classes)) throw Error(*other).code(Exit::mismatch);
  out.width = classes ? static_cast<std::int64_t>(data.classes.size()) : s.width;
  if (classes) {
    out.columns.push_back("class");
    for (const auto& c : data.classes) out.columns.push_back("p_" + c);
  } else {
    for (std::int64_t i = 0; i < s.width; ++i) out.columns.push_back(s.width == 1 ? std::string("y") : cat("y_", i));
  }
  out.values.resize(static_cast<std::size_t>(data.rows * out.width));
  const Weights weights(s.graph);
  std::vector<std::int32_t> rows(static_cast<std::size_t>(data.rows));
  std::iota(rows.begin(), rows.end(), 0);
  for (std::int64_t at = 0; at < data.rows;) {
    CompileOptions options;
    options.batch = at + batch <= data.rows ? batch : data.rows - at;
    options.mode = Mode::evaluate;
    options.outputs = {s.scores};
    Plan plan = compile(s.graph, standard_ops(), weights, options);
    const Feed feed(plan, data, "");
    for (; at + options.batch <= data.rows; at += options.batch) {
      feed.fill(std::span<const std::int32_t>(rows).subspan(static_cast<std::size_t>(at), static_cast<std::size_t>(options.batch)));
      plan.forward();
      const auto scores = plan.output_f32(s.scores);
      for (std::int64_t r = 0; r < options.batch; ++r) {
        const auto row = scores.subspan(static_cast<std::size_t>(r * s.width), static_cast<std::size_t>(s.width));
        const auto to = std::span(out.values).subspan(static_cast<std::size_t>((at + r) * out.width), static_cast<std::size_t>(out.width));
        if (classes)
          probabilities(row, s.form, to);
        else
          std::ranges::copy(row, to.begin());
        if (classes) out.winners.push_back(std::ranges::max_element(to) - to.begin());
      }
    }
  }
  return out;
}

}  // namespace lehr::run
