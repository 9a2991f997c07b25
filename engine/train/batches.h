#pragma once
#include <vector>

#include "engine/train/job.h"

namespace lehr {

// The batches of a run: of one size, or of a schedule's, rounded. A pure function of the clock, so that all sizes are known before.
class Batches {
 public:
  Batches(const PlanSizes& sizes, std::int64_t epochs);
  const Clock& start() const { return start_; }  // the run's clock at its first update
  std::int64_t usable() const { return usable_; }  // rows an epoch goes through
  // Rows of each whole batch of the update about to run: at least 1, at most the training rows.
  std::int64_t size(const Clock& now) const;
  // Rows of that update where `left` of the epoch are left: `accumulate` batches, or what is left but for a last batch of fewer than
  // PlanSizes::least_rows. 0: the epoch is over, the rows left are passed over.
  std::int64_t update(std::int64_t size, std::int64_t left) const;
  // Every number of rows a plan is needed for, rising. Error where a schedule leads to more than 256.
  std::vector<std::int64_t> sizes() const;

 private:
  std::optional<Schedule> schedule_;
  std::int64_t rows_, size_, accumulate_, least_, usable_, epochs_;
  Clock start_;
};

}  // namespace lehr
