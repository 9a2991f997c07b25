#pragma once
#include "engine/kernels/reduce.h"
#include "engine/train/dealer.h"

namespace lehr {

// The metrics of a job, over rows added to them. add() does not allocate.
class Scorer {
 public:
  // width: scores a row; most_rows: rows between two resets; batch: rows of one add.
  Scorer(const Job& job, std::int64_t width, std::int64_t most_rows, std::int64_t batch);
  void reset();
  // Scores as the model gives them, [rows, width], of these rows of the job's data, or of any with the same target.
  void add(std::span<const float> scores, std::span<const std::int32_t> rows);
  void add(std::span<const float> scores, std::span<const std::int32_t> rows, const Dataset& data);
  void measured(std::vector<Measured>& out) const;
  // What Job::best_by says an epoch is judged by; more is better.
  double merit(double loss, const std::vector<Measured>& values) const;
  const std::vector<std::unique_ptr<Metric>>& metrics() const { return metrics_; }
  void fields(Archive& a);  // what its metrics hold of the rows added
  const Tally* tally() const;  // of the first metric that has one, else null
  // Looks for the threshold at which Job::threshold_metric is best, of what is added from here on; decides by one.
  void search();
  std::optional<double> best_threshold() const { return search_ ? search_->best() : std::nullopt; }
  void decide_by(double threshold) { threshold_ = threshold; }

 private:
  const Job& job_;
  double threshold_;
  int merit_ = -1;  // of metrics_; -1: the loss
  std::int64_t most_rows_;
  std::optional<ThresholdSearch> search_;
  std::vector<std::unique_ptr<Metric>> metrics_;
  std::vector<std::int64_t> classes_;
  std::vector<float> values_, unscaled_;
};

// The mean loss of some rows, NaN where none of them counts, and where it or a score is not finite the first tensor that is not.
struct Evaluation {
  double loss = 0;
  bool finite = true;
  std::string first_bad = {};
  bool stopped = false;  // before its end
};

// Rows in evaluation batches.
class Evaluator {
 public:
  Evaluator(Workbench& bench, const Job& job, std::span<const std::int32_t> rows);
  // plan(n): an evaluation plan of the model for n rows, n at most `batch`; counts: of the data, null: every row counts 1.
  Evaluator(const std::function<Plan&(std::int64_t)>& plan, std::int64_t batch, const TrainGraph& model, const Dataset& data, const Counts* counts,
            std::span<const std::int32_t> rows);
  bool empty() const { return batches_.empty(); }
  // The scorer's metrics go to `out`, the scores of all rows to `predicted`. Ends at the first batch that is not finite, and where `observer` stops it.
  Evaluation run(Scorer& scorer, std::vector<Measured>& out, Observer* observer = nullptr, std::vector<float>* predicted = nullptr) const;
  double loss() const;  // that loss alone, of all batches

 private:
  Evaluation mean(Scorer* scorer, Observer* observer, std::vector<float>* predicted) const;
  ValueId scores_ = no_value;
  struct Batch { Fed fed; std::span<const std::int32_t> rows; double counted; };
  std::vector<Batch> batches_;
};

// Running statistics of the weights as they are: the mean, over the training rows, of what a batch of the dealer's makes of them. A state that no batch moves
// keeps its value.
void retake_statistics(std::span<float> state, const Dealer& dealer, std::span<const std::int32_t> rows);

}  // namespace lehr
