#pragma once
#include "engine/train/init.h"
#include "experiments/run/assemble.h"

namespace lehr::run {

// The trial's job on these parts; `optimizer` must outlive it.
struct TrialJob {
  std::unique_ptr<Optimizer> optimizer;
  Job job;
  std::vector<InitRule> init;
};
TrialJob make_job(const spec::Trial& trial, const Parts& parts);

}  // namespace lehr::run
