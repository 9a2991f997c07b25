#pragma once
#include "engine/kernels/reduce.h"
#include "engine/train/feed.h"
#include "engine/train/trainer.h"

namespace lehr {

// A plan and what fills its inputs.
struct Fed { Plan* plan; Feed feed; };

// The metrics of a job, over rows added to them. add() does not allocate.
class Scorer {
 public:
  // width: scores a row; most_rows: rows between two resets; batch: rows of one add.
  Scorer(const Job& job, std::int64_t width, std::int64_t most_rows, std::int64_t batch);
  void reset();
  // A plan's scores for the rows it was fed.
  void add(const Plan& plan, std::span<const std::int32_t> rows);
  void measured(std::vector<Measured>& out) const;
  // What a trial is judged by: the first metric, or the loss where there is none; more is better.
  double merit(double loss, const std::vector<Measured>& values) const;
  const std::vector<std::unique_ptr<Metric>>& metrics() const { return metrics_; }

 private:
  const Job& job_;
  std::vector<std::unique_ptr<Metric>> metrics_;
  std::vector<std::int64_t> classes_;
  std::vector<float> values_;
};

// The mean loss of some rows, and where it or a score is not finite the first tensor that is not.
struct Evaluation {
  double loss = 0;
  bool finite = true;
  std::string first_bad = {};
};

// Rows in evaluation batches.
class Evaluator {
 public:
  Evaluator(Workbench& bench, const Job& job, std::span<const std::int32_t> rows);
  // plan(n): an evaluation plan for n rows, n at most `batch`; `target`: the input the labels go to; `scores`: what run() scores.
  Evaluator(const std::function<Plan&(std::int64_t)>& plan, std::int64_t batch, const Dataset& data, const std::string& target,
            std::span<const std::int32_t> rows, ValueId scores = no_value);
  bool empty() const { return batches_.empty(); }
  // The scorer's metrics go to `out`. Ends at the first batch that is not finite.
  Evaluation run(Scorer& scorer, std::vector<Measured>& out) const;
  double loss() const;  // that loss alone, of all batches

 private:
  Evaluation mean(Scorer* scorer) const;
  ValueId scores_ = no_value;
  struct Batch { Fed fed; std::span<const std::int32_t> rows; };
  std::vector<Batch> batches_;
};

// Running statistics of the weights as they are: the mean, over the training rows, of what a batch makes of them; `plans` are training
// plans, sizes rising. A state that no batch moves keeps its value.
void retake_statistics(std::span<float> state, const std::vector<Fed>& plans, std::span<const std::int32_t> rows);

}  // namespace lehr
