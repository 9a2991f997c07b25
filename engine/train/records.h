#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/metrics/metric.h"

namespace lehr {

// A quantity that follows a metric has changed.
struct FollowEvent {
  std::int64_t step = 0;            // of the first update it holds for
  std::string quantity, metric;     // lr, val_loss
  double value = 0;                 // of the metric
  double before = 0, after = 0;     // of the quantity, at that step
  std::string restored;             // "best" or "previous": the parameters, states and slots of that observation are back; "finite": of the last finite epoch
};

// What happened in one epoch: one dense row of metrics.csv.
struct EpochRecord {
  std::int64_t epoch = 0, step = 0, samples = 0;   // after the epoch (epoch counts from 1 here)
  double lr_first = 0, lr_last = 0;
  double loss = 0;                                 // mean over the epoch's rows, of the losses before each update
  bool evaluated = false;
  double val_loss = 0;                             // NaN: no row counts
  std::vector<Measured> train, val;                // in the order of the metrics; train: of the scores before each update
  double seconds = 0;                              // since the trial began
  std::optional<double> average_loss;              // val_loss and val of the averaged weights, where the run averages
  std::vector<Measured> average;
  std::vector<FollowEvent> events;
  std::int64_t left_out = 0;                       // updates that were not finite: see Divergence
  double grad_norm = 0;                            // last update's, before clipping; 0 unless clipped by norm
};

enum class Outcome { done, diverged, failed, interrupted, cut };  // cut: a search ended it early
const char* name(Outcome outcome);

struct TrialResult {
  std::string id;
  std::uint64_t seed = 0;
  Outcome outcome = Outcome::done;
  std::string message;                             // why, where it is not done
  std::vector<std::string> notes;                  // what a reader of the result should know: sentences
  std::vector<EpochRecord> epochs;
  std::vector<std::string> metrics;                // names, as asked for
  double seconds = 0;
  double test_loss = 0;                            // of the last weights on the test rows, where there are any
  std::vector<Measured> test;                      // in the order of metrics; empty without test rows
  std::optional<double> average_test_loss;
  std::vector<Measured> average_test;
  std::int64_t test_rows = 0;
  std::optional<double> threshold, average_threshold;  // chosen on the validation rows
  struct Counted { std::string rows; Tally tally; };   // "val", "test", "avg_test", …
  std::vector<Counted> tallies;                        // of the last weights, where a metric counts
  // Scores of the last weights, [rows, width] as the model gives them.
  struct Predicted { std::string rows; std::int64_t width = 1; std::vector<float> values; };  // "val", "test"
  std::vector<Predicted> predictions;                  // where asked for
  std::int64_t best_epoch = 0;                         // by the first metric, else val_loss; 0: never evaluated
  double best_val_loss = 0;                            // of that epoch
};

}  // namespace lehr
