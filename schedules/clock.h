#pragma once
#include <cstdint>

namespace lehr {

// The moment a schedule is asked about. Counters belong to the trainer; schedules own none.
// Where the batch size changes during a run, time is counted in rows: `by_samples` is set, and a step of the clock is as many rows as an
// epoch has over steps_per_epoch, whatever the batches hold. Epochs and parts of the run are then exact, too.
struct Clock {
  std::int64_t step = 0;             // 0-based index of the update about to run
  std::int64_t steps_per_epoch = 1;  // updates in an epoch (by_samples: with the first batch size)
  std::int64_t steps = 1;            // updates in the run (by_samples: with the first batch size)
  std::int64_t epochs = 1;           // epochs in the run
  std::int64_t samples = 0;          // rows seen before this update
  std::int64_t samples_per_epoch = 1;
  bool by_samples = false;

  // Steps of the clock passed: step, or what the rows seen make of it.
  double position() const {
    return by_samples ? static_cast<double>(samples) * static_cast<double>(steps_per_epoch) / static_cast<double>(samples_per_epoch)
                      : static_cast<double>(step);
  }
  std::int64_t epoch() const { return by_samples ? samples / samples_per_epoch : step / steps_per_epoch; }  // 0-based
  double t() const { return position() / static_cast<double>(steps_per_epoch); }                            // fractional epoch
  double progress() const { return position() / static_cast<double>(steps); }                               // 0..1
  // This clock after `count` of its steps.
  Clock after(std::int64_t count) const {
    Clock c = *this;
    c.step = count;
    const std::int64_t rest = count % steps_per_epoch, whole = samples_per_epoch / steps_per_epoch;  // multiplied apart: no product overflows
    c.samples = count / steps_per_epoch * samples_per_epoch + rest * whole + rest * (samples_per_epoch % steps_per_epoch) / steps_per_epoch;
    return c;
  }
};

}  // namespace lehr
