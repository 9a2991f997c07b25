#pragma once
#include <functional>
#include <map>
#include <optional>

#include "engine/data/dataset.h"
#include "engine/optim/average.h"
#include "engine/optim/clip.h"
#include "engine/optim/optimizer.h"
#include "engine/train/counts.h"
#include "engine/train/early_stop.h"
#include "engine/train/observer.h"
#include "engine/train/workbench.h"
#include "schedules/feedback.h"

namespace lehr {

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

// What becomes of an update whose loss, gradients or weights are not finite, or of an epoch that ends with such weights.
struct Divergence {
  bool skip = false;       // the update is left out: all numbers stay as they were before it, the clock goes on
  std::int64_t times = 0;  // otherwise: so often all numbers go back to the end of the last epoch, with every rate times lr_scale
  double lr_scale = 0.5;
  auto operator<=>(const Divergence&) const = default;
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
  std::int64_t max_steps = 0;        // updates after which the training ends, within an epoch too; 0: no limit
  std::optional<EarlyStop> early_stop;
  Divergence divergence;
  std::int64_t schedule_epochs = 0;  // what schedules take for the length of the run; 0: epochs
  std::uint64_t seed = 0;
  bool shuffle = true;
  // Tests: the order of an epoch's rows instead of the seeded one.
  std::function<void(std::int64_t epoch, std::span<std::int32_t> order)> order;
  Observer* observer = nullptr;
  const Saved* from = nullptr;  // where a training stood: it goes on from there; absent: from the weights the bench holds
  bool keep_predictions = false;  // TrialResult::predictions
  bool keep_best = false;       // the weights of TrialResult::best_epoch, in Saved::best
  std::string best_by;          // val_loss or val_ with a metric; "": the first metric, else val_loss
};

}  // namespace lehr
