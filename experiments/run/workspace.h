#pragma once
#include "engine/dnnl/team.h"
#include "engine/ops/standard.h"
#include "experiments/run/trials.h"
#include "experiments/run/verify.h"

namespace lehr::run {

// What a worker has compiled, by what decides it.
struct Workspace {
  struct Place {
    explicit Place(const Parts& parts) : bench(parts.model->train, standard_ops(), parts.sizes) {}
    Workbench bench;
    Verifier verifier;
  };
  std::vector<std::map<PlanKey, std::unique_ptr<Place>>> workers;
  std::unique_ptr<onednn::BusyWatch> watch;
  Place& at(std::size_t worker, const Parts& parts) {
    auto& slot = workers.at(worker)[parts.key()];
    if (!slot) slot = std::make_unique<Place>(parts);
    return *slot;
  }
};

}  // namespace lehr::run
