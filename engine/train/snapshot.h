#pragma once
#include "base/archive.h"
#include "engine/optim/average.h"
#include "engine/train/followers.h"
#include "engine/train/groups.h"

namespace lehr {

// All numbers of a training at the end of an epoch, to go back to.
struct Snapshot {
  std::int64_t epoch = 0, step = 0, samples = 0, batches = 0;  // as in Progress
  std::vector<float> values, state;
  bool whole = false;  // what follows was taken, too
  std::vector<float> slots, average;
  std::int64_t averages = 0;
  std::vector<std::string> notes;  // of the followers: name, text, name, …
  std::string followers;
  bool empty() const { return values.empty(); }
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
};

}  // namespace lehr
