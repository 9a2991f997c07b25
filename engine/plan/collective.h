#pragma once
#include <cstdint>
#include <span>

namespace lehr {

// Processes that train one network together, each on its share of every batch. Every process calls the same sums in the same order with the same number of
// terms. An implementation throws Error where the others cannot be reached or call for another sum, in every process that is left.
class Collective {
 public:
  virtual ~Collective() = default;
  virtual int processes() const = 0;
  virtual int rank() const = 0;  // of this one, from 0
  // each[i] <- the sum of the processes' each[i]. Returns when it is there. Every process gets the same bits, the same ones in every run: the terms are added
  // in an order that follows from the ranks alone. No allocation after the first call of a size.
  virtual void sum(std::span<float> each) = 0;
  virtual void sum(std::span<double> each) = 0;
};

// Consecutive rows of a batch, in the batch's order.
struct RowShare { std::int64_t first = 0, rows = 0; };

// The share of one process in a batch of so many rows: the sizes differ by one at most, the lower ranks have the larger ones, some of them none.
constexpr RowShare share_of(std::int64_t rows, int rank, int processes) {
  const std::int64_t each = rows / processes, more = rows % processes;
  return {each * rank + (rank < more ? rank : more), each + (rank < more ? 1 : 0)};
}

// What the steps of a plan know of a batch that several processes share.
struct Company {
  Collective* others = nullptr;  // null: the plan's rows are the whole batch
  std::int64_t first = 0;        // row of the batch that the plan's first one is
  bool counts = true;            // false: the batch has no row for this process; what the plan was fed only keeps step with the others and counts for nothing
};

}  // namespace lehr
