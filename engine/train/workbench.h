#pragma once
#include <optional>
#include <string>
#include <vector>

#include "engine/plan/plan.h"
#include "schedules/schedule.h"

namespace lehr {

// What a graph needs around it to be trained.
struct TrainGraph {
  Graph graph;                      // losses attached
  ValueId loss = no_value;
  ValueId scores = no_value;        // what metrics look at
  bool logits = true;
  std::string target = "target";    // the input the labels go to
  bool binary = false;              // the loss is one over 0 and 1: a target without classes is one of labels
  std::string weights = {};         // the input that takes what each row weighs; "": none
};

// What decides the plans of a model: benches of equal sizes are interchangeable.
struct PlanSizes {
  std::int64_t batch = 32, train_rows = 0, validation_rows = 0, test_rows = 0;
  struct Growth {
    Schedule size;
    std::int64_t epochs;
    auto operator<=>(const Growth&) const = default;
  };
  std::optional<Growth> growth = {};  // the batch size where it changes, rounded, over a run of so many epochs; `batch` is the first one then
  bool keep_last = true;
  std::int64_t accumulate = 1;
  std::int64_t least_rows = 1;  // a last batch of fewer is left out (a norm over it would see one value a channel)
  bool batch_statistics = true, unbiased_variance = false;  // see CompileOptions
  int threads = 1;
  auto operator<=>(const PlanSizes&) const = default;
};

// The compiled plans of one worker and the numbers they share: made once, used by trial after trial.
class Workbench {
 public:
  // collective: the processes that train together, null where this one is alone; it outlives the bench. `sizes` are of whole batches, the training plans of
  // this process' shares; every process evaluates all rows. Error (Exit::mismatch) where a Dropout does not have the rows outermost, so that nobody knows
  // which part of the batch's mask is whose.
  Workbench(const TrainGraph& model, const OpTable& table, const PlanSizes& sizes, Collective* collective = nullptr);
  const PlanSizes& sizes() const { return sizes_; }
  Weights& weights() { return weights_; }
  const Weights& weights() const { return weights_; }
  Collective* collective() const { return collective_; }
  std::int64_t trained_rows(std::int64_t whole) const;  // of a plan for this process' part of so many rows: its share, 1 where that is none
  Plan& train(std::int64_t rows);      // rows: of one of Batches::sizes(), what trained_rows() says
  Plan& evaluate(std::int64_t rows);   // the evaluation batch or its remainder
  std::int64_t evaluation_batch() const { return evaluation_batch_; }

 private:
  PlanSizes sizes_;
  Collective* collective_;
  Weights weights_;
  std::int64_t evaluation_batch_ = 0;
  std::vector<Plan> train_, evaluate_;
};

}  // namespace lehr
