#include "experiments/run/scores.h"

#include <algorithm>
#include <cmath>

namespace lehr::run {

namespace {
constexpr std::int64_t enough = 64;   // rows that are evidence
constexpr float tolerance = 1e-3f;    // of a probability, of a sum: float16 models round so far

// Of the first training rows, until they are enough or show a score outside [0, 1].
ScoreLook look(const Parts& parts, Plan& plan, const Feed& feed) {
  const ValueId scores = parts.model->train.scores;
  const std::int64_t batch = plan.batch();
  ScoreLook out(elements(plan.type(scores).shape) / batch);
  const std::span<const std::int32_t> rows = parts.data->split.train;
  const auto all = static_cast<std::int64_t>(rows.size());
  for (std::int64_t at = 0; at < all && batch <= all && (out.rows() < enough || !out.differ()); at += batch) {
    const std::int64_t from = std::min(at, all - batch), again = at - from;  // the last batch looks at some rows a second time
    feed.fill(rows.subspan(static_cast<std::size_t>(from), static_cast<std::size_t>(batch)));
    plan.forward();
    out.add(plan.output_f32(scores).subspan(static_cast<std::size_t>(again * out.width())));
    if (!out.inside()) break;
  }
  return out;
}

const char* ways_out =
    "\n  model: {scores: probabilities}   they are: the loss is computed from them"
    "\n  model: {scores: logits}          they are not: the loss takes them as it would";
}  // namespace

void ScoreLook::add(std::span<const float> scores) {
  if (first_.empty()) first_.assign(scores.begin(), scores.begin() + static_cast<std::ptrdiff_t>(std::min(width_, scores.size())));
  for (std::size_t at = 0; at + width_ <= scores.size(); at += width_, ++rows_) {
    const auto row = scores.subspan(at, width_);
    double sum = 0;
    for (const float x : row) {
      if (inside_ && !(x >= -tolerance && x <= 1 + tolerance)) inside_ = false, outlier_ = x;
      sum += x;
    }
    sums_ = sums_ && std::fabs(sum - 1) <= tolerance;
    differ_ = differ_ || !std::ranges::equal(row, first_);
  }
}

std::vector<std::string> check_scores(const spec::Experiment& e, const Parts& parts, Workbench& bench, Plan& plan, const Feed& feed) {
  const ModelParts& model = *parts.model;
  const Head& head = model.head;
  if (e.loss.scores == Form::logits || (!model.classes && !e.loss.scores)) return {};
  const std::vector<float> state(bench.weights().state().begin(), bench.weights().state().end());
  const ScoreLook seen = look(parts, plan, feed);
  std::ranges::copy(state, bench.weights().state().begin());
  const std::string scores = quote(model.train.graph.value(head.value).name);
  const auto refuse = [&](const std::string& sentence) { throw Error(e.located("model.scores", sentence)).code(Exit::mismatch); };
  if (head.form == Form::probabilities) {
    if (!seen.inside() && seen.rows() > 0 && !std::isnan(seen.outlier()))
      refuse(cat("the scores ", scores, " are taken as probabilities, but among those of the first ", seen.rows(), " rows is ", number(seen.outlier()),
                 e.loss.scores == Form::probabilities ? ": with model.scores: logits the loss takes any number" : ""));
    if (!seen.sums() && seen.width() > 1 && seen.rows() > 0)
      return {cat("the scores ", scores, " are taken as probabilities, but do not sum to 1 in every row")};
    return {};
  }
  if (!seen.inside()) return {};
  const bool single = seen.width() == 1, alike = seen.sums() || (single && !head.told && !head.affine);
  const std::string rows = cat(seen.rows(), seen.rows() == 1 ? " row" : " rows");
  if (alike) {
    const std::string sentence = cat("the loss ", name(e.loss.kind), " takes ", scores, " for logits, but ",
                                     single ? "every score lies in [0, 1]" : "the scores lie in [0, 1] and sum to 1", " in each of the first ", rows,
                                     ": they look like probabilities, and a ", single ? "sigmoid" : "softmax", " would stand over them", ways_out);
    if (seen.rows() >= enough && seen.differ()) refuse(sentence);
    return {sentence};
  }
  if (head.told || head.affine) return {};
  return {cat("all scores ", scores, " of the first ", rows, " lie in [0, 1], though they do not sum to 1; ", name(e.loss.kind),
              " takes them for logits (model.scores: probabilities, if they are)")};
}

}  // namespace lehr::run
