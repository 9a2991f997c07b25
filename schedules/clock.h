#pragma once
#include <cstdint>

namespace lehr {

// The moment a schedule is asked about. Counters belong to the trainer; schedules own none.
struct Clock {
  std::int64_t step = 0;             // 0-based index of the update about to run
  std::int64_t steps_per_epoch = 1;  // updates in an epoch
  std::int64_t steps = 1;            // updates in the run
  std::int64_t epochs = 1;           // epochs in the run
  std::int64_t samples = 0;          // rows seen before this update
  std::int64_t samples_per_epoch = 1;

  std::int64_t epoch() const { return step / steps_per_epoch; }                                  // 0-based
  double t() const { return static_cast<double>(step) / static_cast<double>(steps_per_epoch); }  // fractional epoch
  double progress() const { return static_cast<double>(step) / static_cast<double>(steps); }     // 0..1
};

}  // namespace lehr
