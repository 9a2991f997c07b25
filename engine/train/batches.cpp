#include "engine/train/batches.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace lehr {

namespace {
constexpr std::size_t most_sizes = 256;
std::int64_t shares(std::int64_t rows, std::int64_t size) { return (rows + size - 1) / size; }
}  // namespace

Batches::Batches(const PlanSizes& s, std::int64_t epochs)
    : rows_(s.train_rows), size_(s.batch), accumulate_(s.accumulate), least_(s.least_rows), usable_(s.train_rows), epochs_(epochs) {
  if (s.batch < 1 || s.train_rows < 1 || s.accumulate < 1)
    throw Error("batch ", s.batch, ", ", s.train_rows, " training rows, accumulate ", s.accumulate, ": each must be at least 1");
  size_ = std::min(s.batch, rows_);
  if (!s.keep_last || (!s.growth && rows_ % size_ < least_)) usable_ = rows_ / size_ * size_;
  if (s.growth) schedule_ = s.growth->size.clone();
  start_.by_samples = schedule_.has_value();
  start_.steps_per_epoch = std::max<std::int64_t>(1, shares(shares(usable_, size_), accumulate_));
  start_.epochs = epochs_;
  start_.steps = start_.steps_per_epoch * epochs_;
  start_.samples_per_epoch = usable_;
}

std::int64_t Batches::size(const Clock& now) const {
  if (!schedule_) return size_;
  const double wanted = std::nearbyint(schedule_->at(now));
  return wanted >= static_cast<double>(rows_) ? rows_ : std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
}

std::int64_t Batches::update(std::int64_t size, std::int64_t left) const {
  const std::int64_t rows = std::min(left, size * accumulate_), rest = rows % size;
  return rest < least_ ? rows - rest : rows;
}

std::vector<std::int64_t> Batches::sizes() const {
  std::set<std::int64_t> out;
  const auto add = [&](std::int64_t size, std::int64_t rows) {
    if (rows >= size) out.insert(size);
    if (rows % size > 0) out.insert(rows % size);
  };
  if (!schedule_) {
    add(size_, usable_);
    return {out.begin(), out.end()};
  }
  Clock now = start_;
  for (std::int64_t e = 0; e < epochs_; ++e) {
    for (std::int64_t seen = 0; seen < usable_; ++now.step) {
      const std::int64_t size = this->size(now), rows = update(size, usable_ - seen);
      if (rows == 0) break;
      add(size, rows);
      if (out.size() > most_sizes)
        throw Error("the schedule of the batch size leads to more than ", most_sizes, " different numbers of rows (", *out.begin(), " to ", *out.rbegin(),
                    " by epoch ", e, "), each of which is compiled: let it move in steps");
      seen += rows;
      now.samples += rows;
    }
    now.samples = (e + 1) * usable_;
  }
  return {out.begin(), out.end()};
}

Clock run_clock(const PlanSizes& sizes, std::int64_t epochs) { return Batches(sizes, epochs).start(); }

}  // namespace lehr
