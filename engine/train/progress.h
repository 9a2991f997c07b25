#pragma once
#include "base/archive.h"
#include "engine/train/early_stop.h"

namespace lehr {

// Where a training stands between two updates, beside the numbers of weights, optimizer, average and followers. Saved and restored whole.
struct Progress {
  std::int64_t epoch = 0;                 // epochs finished
  std::int64_t step = 0, samples = 0;     // of the clock
  std::int64_t batches = 0;               // that went forward: counter of the plan's random numbers
  // Of the epoch under way.
  std::int64_t seen = 0, last_rows = 0;   // rows used, and those of the last batch
  double loss = 0, counted = 0;           // sums
  EpochRecord record;
  double norm = 0;
  // Of the training.
  double best = 0;                        // merit of TrialResult::best_epoch
  std::optional<double> best_threshold;
  TrialResult result;                     // of its epochs the last one only
  Patience patience;
  bool ended = false;                     // by it
  // Of what was not finite: retries and the factor on the rates they have led to; updates left out, of them the first, whether the last update was one.
  std::int64_t retries = 0, left_out = 0, first_left_out = 0;
  double rate = 1;
  bool last_left_out = false;
  std::vector<std::string> told;          // a sentence for each retry
  std::vector<FollowEvent> events;        // theirs, for the record of the epoch they led to
  void fields(Archive& a);
};

void fields(Archive& a, Measured& m);
void fields(Archive& a, FollowEvent& e);
void fields(Archive& a, EpochRecord& r);
// Without names (id, variant, seed, metrics), which the run knows; of the epochs the last one only.
void fields(Archive& a, TrialResult& r);

// Has it no more values of any list than there are metrics? What is read from a file need not.
bool within_metrics(const EpochRecord& r, std::size_t metrics);
bool within_metrics(const TrialResult& r, std::size_t metrics);

}  // namespace lehr
