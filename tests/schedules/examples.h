#pragma once
#include "schedules/examples.h"
#include "schedules/schedule.h"

namespace lehr::test {

// 50 epochs of 9 updates, 235 rows: the tutorial's run.
inline Clock tutorial_clock(std::int64_t step = 0) {
  Clock clock;
  clock.steps_per_epoch = 9, clock.epochs = 50, clock.steps = 450, clock.samples_per_epoch = 235;
  clock.step = step, clock.samples = step / 9 * 235 + step % 9 * 28;
  return clock;
}

// Another run's clock.
inline Clock clock_of(std::int64_t step, std::int64_t steps, std::int64_t steps_per_epoch) {
  Clock clock;
  clock.step = step, clock.steps = steps, clock.steps_per_epoch = steps_per_epoch, clock.epochs = (steps + steps_per_epoch - 1) / steps_per_epoch;
  clock.samples_per_epoch = steps_per_epoch * 32, clock.samples = step * 32;
  return clock;
}

}  // namespace lehr::test
