#pragma once
#include <atomic>
#include <functional>
#include <optional>

#include "engine/data/dataset.h"
#include "engine/optim/average.h"
#include "engine/optim/clip.h"
#include "engine/optim/optimizer.h"
#include "engine/plan/plan.h"
#include "engine/train/checkpoint.h"
#include "engine/train/counts.h"
#include "engine/train/records.h"
#include "schedules/feedback.h"

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
  Workbench(const TrainGraph& model, const OpTable& table, const PlanSizes& sizes);
  const PlanSizes& sizes() const { return sizes_; }
  Weights& weights() { return weights_; }
  const Weights& weights() const { return weights_; }
  Plan& train(std::int64_t rows);      // rows: one of Batches::sizes()
  Plan& evaluate(std::int64_t rows);   // the evaluation batch or its remainder
  std::int64_t evaluation_batch() const { return evaluation_batch_; }

 private:
  PlanSizes sizes_;
  Weights weights_;
  std::int64_t evaluation_batch_ = 0;
  std::vector<Plan> train_, evaluate_;
};

// Hyperparameters of the parameters a pattern matches; a later rule wins, one hyperparameter at a time.
struct HyperRule {
  std::string pattern;
  std::map<std::string, Controlled> hypers;
  double lr_scale = 1;
};

// An average of the weights beside them: see Average.
struct AverageRule {
  std::string type;
  OptimizerOptions options;
  std::map<std::string, double> numbers;
};

struct Job {
  const TrainGraph* model = nullptr;
  const Dataset* data = nullptr;
  const Split* split = nullptr;
  const Counts* counts = nullptr;            // of the data; absent: every row counts 1
  const Optimizer* optimizer = nullptr;
  std::map<std::string, Controlled> hypers;  // by name; missing ones have the optimizer's fallback
  std::vector<HyperRule> rules;
  // What else moves, by its key: clip.value, clip.tensor_norm, clip.rms, clip.adaptive, clip.norm (limits on the gradients, see Clipping),
  // dropout (in place of the model's ratios), loss.weight (a factor on the gradient of the loss).
  std::map<std::string, Controlled> quantities;
  ClipForm clip_form = ClipForm::torch;  // of clip.norm
  double clip_epsilon = 1e-3;            // of clip.adaptive: least norm of a unit's weights
  std::optional<AverageRule> average;
  std::vector<std::string> metrics;
  // Of two classes or of labels, for all metrics: see Scored. threshold_metric, where not empty: on the test rows the one at which that metric is best on the
  // validation rows after the last epoch.
  double threshold = 0.5;
  std::string threshold_metric;
  std::int64_t epochs = 1, evaluate_every = 1;
  std::uint64_t seed = 0;
  bool shuffle = true;
  // Tests: the order of an epoch's rows instead of the seeded one; hears each update.
  std::function<void(std::int64_t epoch, std::span<std::int32_t> order)> order;
  std::function<void(std::int64_t step, double loss)> on_step;
  std::function<void(const EpochRecord&)> on_epoch;
  std::function<bool(std::int64_t step, double loss)> enough;  // after each update, or with the loss that is not finite: true ends the trial there
  struct Snapshot { std::vector<float> values, state; std::optional<double> threshold = {}; };  // threshold: chosen for these weights
  Snapshot* best = nullptr;                 // filled with the weights of TrialResult::best_epoch, where asked for
  Snapshot* last = nullptr;                 // the last weights to evaluate, where the optimizer trains others (Schedule-Free)
  Snapshot* averaged = nullptr;             // the average of the weights, where there is one
  TrialState* state = nullptr;              // filled after the last update of a trial that did not diverge, where asked for
  const std::atomic<bool>* stop = nullptr;  // set: the trial ends after the current epoch as interrupted
};

// Updates in an epoch and what a schedule's clock needs, at the run's first update.
Clock run_clock(const PlanSizes& sizes, std::int64_t epochs);

// Trains from the weights the bench holds and leaves the trained ones there. Weights beside the trained ones (an average, the
// evaluation point of the optimizer) are evaluated with statistics of BatchNormalization taken anew from the training rows. A loss, weight, statistic or score
// that is not finite, in an update or in the evaluation after it, ends the trial as diverged, with the weights of the last epoch that was finite.
// An update none of whose rows counts changes nothing but the clock (no decay, no momentum), and its loss is no loss; rows to evaluate of which none counts
// have no loss (NaN), and no epoch is best by it.
TrialResult train(Workbench& bench, const Job& job);

}  // namespace lehr
