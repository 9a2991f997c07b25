#pragma once
#include <vector>

#include "engine/train/feed.h"
#include "engine/train/job.h"

namespace lehr {

// A plan and what fills its inputs.
struct Fed { Plan* plan; Feed feed; };

// The training plans of a bench, fed with batches: with the whole of each, or, where the bench has others beside it, with this process' share. What the
// processes have of a batch is put together here.
class Dealer {
 public:
  // sizes: rows of the batches to come, rising. Error (Exit::mismatch) where the mean over a batch, or what is drawn in it, cannot be made from shares.
  Dealer(Workbench& bench, const Job& job, std::vector<std::int64_t> sizes);
  const std::vector<std::int64_t>& sizes() const { return sizes_; }
  std::int64_t scores_a_row() const { return width_; }
  Collective* others() const { return others_; }

  // The plan, fed and ready for a step. A process that has no row of the batch feeds its first one, for nothing. No allocation.
  Plan& deal(std::span<const std::int32_t> batch) const;
  std::span<const std::int32_t> share(std::span<const std::int32_t> batch) const;
  // The sum over the processes; as it is, without others.
  double sum(double mine) const;
  void sum(std::span<float> mine) const;
  // What a plan's step made of a batch that was dealt: the scores of all its rows. Until the next call.
  std::span<const float> scores(const Plan& plan, std::span<const std::int32_t> batch) const;

 private:
  RowShare mine(std::span<const std::int32_t> batch) const;
  Collective* others_;
  ValueId scores_;
  std::vector<std::int64_t> sizes_;
  std::vector<Fed> fed_;  // rising
  std::int64_t width_ = 0;
  mutable std::vector<float> all_;
};

}  // namespace lehr
