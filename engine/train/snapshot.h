#pragma once
#include "base/archive.h"
#include "engine/optim/average.h"
#include "engine/train/followers.h"
#include "engine/train/groups.h"

namespace lehr {

// All numbers of a training at the end of an epoch, to go back to.
struct Snapshot {
  std::int64_t epoch = 0, step = 0, samples = 0, batches = 0;  // as in Progress
  NumbersCopy numbers;
  bool whole = false;  // the optimizer's slots and what follows were taken, too
  std::vector<float> average;
  std::int64_t averages = 0;
  std::vector<std::string> notes;  // of the followers: name, text, name, …
  std::string followers;
  bool empty() const { return numbers.values.empty(); }
  void fields(Archive& a);
};

// The parts of a training that a Snapshot is of. average: absent without one.
struct Moving {
  const Weights& weights;
  Groups& groups;
  Followers& followers;
  std::optional<Average>& average;
  // all: not only parameters and states. Counters are the caller's.
  void take(Snapshot& to, bool all) const;
  void give(const Snapshot& from) const;
  bool fits(const Snapshot& m) const;
  // By name, as a checkpoint holds them: the optimizer's slots and scalars, the average, what follows a metric; and back, after update t. Parameters and states are in the
  // checkpoint beside. restore: Error naming what is missing or of another size.
  void save(TrialState& state) const;
  void restore(const TrialState& state, std::int64_t t) const;
  Numbers numbers(bool all) const { return {weights.values(), weights.state(), all ? groups.slots() : std::span<float>()}; }
};

}  // namespace lehr
