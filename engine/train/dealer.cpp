#include "engine/train/dealer.h"

#include <algorithm>
#include <set>

#include "base/memory.h"
#include "engine/train/shared_loss.h"

namespace lehr {

Dealer::Dealer(Workbench& bench, const Job& job, std::vector<std::int64_t> sizes)
    : others_(bench.collective()), scores_(job.model->scores), sizes_(std::move(sizes)) {
  if (others_) check_shared_loss(job);
  std::set<std::int64_t> needed;
  for (const std::int64_t size : sizes_) needed.insert(bench.trained_rows(size));
  const std::span<const float> weights = job.counts ? job.counts->fed() : std::span<const float>();
  for (const std::int64_t rows : needed) {
    Plan& plan = bench.train(rows);
    fed_.push_back({&plan, Feed(plan, *job.data, job.model->target, job.model->weights, weights)});
  }
  const Plan& plan = *fed_.back().plan;
  width_ = elements(plan.type(scores_).shape) / plan.batch();
  if (!others_ || job.metrics.empty()) return;
  check_memory(static_cast<double>(sizes_.back() * width_) * sizeof(float), cat("the scores of a batch of ", sizes_.back(), " rows"));
  all_.resize(static_cast<std::size_t>(sizes_.back() * width_));
}

RowShare Dealer::mine(std::span<const std::int32_t> batch) const {
  const auto rows = static_cast<std::int64_t>(batch.size());
  return others_ ? share_of(rows, others_->rank(), others_->processes()) : RowShare{0, rows};
}

std::span<const std::int32_t> Dealer::share(std::span<const std::int32_t> batch) const {
  const RowShare s = mine(batch);
  return batch.subspan(static_cast<std::size_t>(s.first), static_cast<std::size_t>(s.rows));
}

Plan& Dealer::deal(std::span<const std::int32_t> batch) const {
  const RowShare s = mine(batch);
  const std::int64_t rows = std::max<std::int64_t>(s.rows, 1);
  const Fed& fed = *std::ranges::lower_bound(fed_, rows, {}, [](const Fed& f) { return f.plan->batch(); });  // a few sizes
  fed.feed.fill(s.rows > 0 ? share(batch) : batch.first(1));
  if (others_) fed.plan->share(s);
  return *fed.plan;
}

double Dealer::sum(double mine) const {
  if (others_) others_->sum(std::span(&mine, 1));
  return mine;
}
void Dealer::sum(std::span<float> mine) const {
  if (others_) others_->sum(mine);
}

std::span<const float> Dealer::scores(const Plan& plan, std::span<const std::int32_t> batch) const {
  const std::span<const float> own = plan.output_f32(scores_);
  if (!others_) return own;
  const RowShare s = mine(batch);
  const std::span<float> all = std::span(all_).first(batch.size() * static_cast<std::size_t>(width_));
  std::ranges::fill(all, 0.0f);
  if (s.rows > 0) std::ranges::copy(own, all.begin() + static_cast<std::ptrdiff_t>(s.first * width_));
  others_->sum(all);
  return all;
}

}  // namespace lehr
