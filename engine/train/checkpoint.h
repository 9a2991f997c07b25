#pragma once
#include <map>
#include <string>
#include <vector>

#include "engine/plan/weights.h"

namespace lehr {

// What a trial's numbers are after its last update: parameters, states and the optimizer's slots, and where the counters stand.
// The rates are not in it: they are functions of the counters.
struct TrialState {
  std::vector<std::string> slot_names;
  std::vector<float> slots;                        // slot_names.size() blocks, each laid out as Weights::values()
  std::map<std::string, std::int64_t> counters;    // step, epoch, samples, batches
};

// A safetensors file: 8 bytes of header length, a JSON header, the values. Tensors: each parameter and state under its name, each
// slot as "optimizer.<slot>.<parameter>"; the counters are strings in "__metadata__".
std::string safetensors(const Weights& weights, const TrialState& state);

}  // namespace lehr
