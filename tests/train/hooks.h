#pragma once
#include <functional>

#include "engine/train/observer.h"

namespace lehr::test {

// An observer of lambdas. saved: the last state handed over.
struct Hooks : Observer {
  std::function<void(std::int64_t, double)> on_step;
  std::function<void(const EpochRecord&)> on_epoch;
  std::function<bool()> stop;
  std::function<bool(std::int64_t, std::int64_t)> wants;
  bool keeps = false;
  Saved saved;
  void updated(std::int64_t step, double loss) override {
    if (on_step) on_step(step, loss);
  }
  void epoch(const EpochRecord& record) override {
    if (on_epoch) on_epoch(record);
  }
  bool stopping() override { return stop && stop(); }
  bool wants_state(std::int64_t step, std::int64_t epochs) override { return wants && wants(step, epochs); }
  bool keeps_states() const override { return keeps; }
  void state(Saved state) override { saved = std::move(state); }
};

}  // namespace lehr::test
