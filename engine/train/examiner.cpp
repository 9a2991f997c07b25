#include "engine/train/examiner.h"

#include <algorithm>
#include <cmath>

namespace lehr {

Examiner::Examiner(const Of& of)
    : of_(of),
      scores_(of.job, of.dealer.scores_a_row(), std::max(of.bench.sizes().validation_rows, of.bench.sizes().test_rows), of.bench.evaluation_batch()),
      validation_(of.bench, of.job, of.job.split->validation),
      test_(of.bench, of.job, of.job.split->test) {
  scores_.search();
}

std::span<const float> Examiner::evaluation_point() {
  if (!of_.groups.has_evaluation_point()) return {};
  point_.resize(of_.bench.weights().values().size());
  of_.groups.evaluation_point(point_);
  return point_;
}

void Examiner::check_weights(Plan& batch) {
  const Numbers now = numbers();
  if (!all_finite(now.values)) find("weights are not finite", batch.first_bad());
  if (!all_finite(now.state)) find("statistics of a norm are not finite", batch.first_bad());
}

double Examiner::measure(const Evaluator& rows, std::vector<Measured>& out, const char* what, Observer* observer, std::vector<float>* predicted) {
  if (stopped_) return 0;
  const Evaluation v = rows.run(scores_, out, observer, predicted);
  stopped_ = v.stopped;
  if (!v.finite) find(cat(what, std::isfinite(v.loss) ? cat(" ", v.loss, " from scores that are not finite") : cat(" ", v.loss)), v.first_bad);
  return v.loss;
}

void Examiner::evaluate(EpochRecord& record, bool last) {
  TrialResult& result = of_.progress.result;
  const auto good = [&] { return !fault_ && !stopped_; };
  stopped_ = false;
  record.evaluated = true;
  if (last) result.tallies.clear(), result.predictions.clear();
  if (averaging())
    at_point(of_.average->values(), [&] {
      record.average_loss = measure(validation_, record.average, "validation loss of the averaged weights", of_.observer);
      if (last && good()) count("avg_val"), result.average_threshold = scores_.best_threshold();
    });
  at_point(evaluation_point(), [&] {
    record.val_loss = measure(validation_, record.val, "validation loss", of_.observer, last ? predicted("val") : nullptr);
    if (!good()) return;
    if (last) count("val"), result.threshold = scores_.best_threshold();
    consider(record);
  });
}

void Examiner::finish(Plan* batch) {
  TrialResult& result = of_.progress.result;
  if (!test_.empty()) {
    at_point(evaluation_point(), [&] {
      scores_.decide_by(result.threshold.value_or(of_.job.threshold));
      result.test_loss = measure(test_, result.test, "test loss", nullptr, predicted("test"));
      if (!fault_) count("test");
    });
    if (averaging())
      at_point(of_.average->values(), [&] {
        scores_.decide_by(result.average_threshold.value_or(of_.job.threshold));
        result.average_test_loss = measure(test_, result.average_test, "test loss of the averaged weights");
        if (!fault_) count("avg_test");
      });
    result.test_rows = static_cast<std::int64_t>(of_.job.split->test.size());
  } else if (validation_.empty() && batch) {
    const Numbers now = numbers();
    const std::vector<float> state(now.state.begin(), now.state.end());
    const auto again = [&](const char* what) {
      batch->forward();
      if (of_.dealer.sum(std::isfinite(batch->loss()) ? 0.0 : 1.0) > 0) find(cat(what, " ", batch->loss()), batch->first_bad());
    };
    at_point(evaluation_point(), [&] { again("loss of the last batch"); });
    if (averaging()) at_point(of_.average->values(), [&] { again("the averaged weights' loss of the last batch"); });
    std::ranges::copy(state, now.state.begin());
  }
}

// The weights at hand, where they are the best so far; they count as such once their epoch is over.
void Examiner::consider(const EpochRecord& record) {
  const double value = scores_.merit(record.val_loss, record.val);
  better_ = !std::isnan(value) && (of_.progress.result.best_epoch == 0 || value > of_.progress.best);  // what is undefined is not best
  if (!better_) return;
  merit_ = value, better_threshold_ = scores_.best_threshold();
  if (of_.job.keep_best && of_.observer && of_.observer->keeps_states()) candidate_.take(numbers());
}

void Examiner::keep_best(const EpochRecord& record) {
  if (!better_) return;
  better_ = false;
  of_.progress.best = merit_, of_.progress.best_threshold = better_threshold_;
  of_.progress.result.best_epoch = record.epoch, of_.progress.result.best_val_loss = record.val_loss;
  std::swap(best_, candidate_);
}

void Examiner::count(const char* rows) {
  if (const Tally* tally = scores_.tally()) of_.progress.result.tallies.push_back({rows, *tally});
}

std::vector<float>* Examiner::predicted(const char* rows) {
  if (!of_.job.keep_predictions) return nullptr;
  of_.progress.result.predictions.push_back({rows, of_.dealer.scores_a_row(), {}});
  return &of_.progress.result.predictions.back().values;
}

}  // namespace lehr
