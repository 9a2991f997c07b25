#pragma once
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/plan/weights.h"

namespace lehr {

// What a trial's numbers are after its last update: parameters, states and the optimizer's slots and scalars, and where the
// counters stand. The rates are not in it: they are functions of the counters.
struct TrialState {
  struct Tensor { std::string name; Shape shape; std::vector<float> values; };
  std::vector<Tensor> slots;                           // "<slot>.<parameter>", an average as "average.<parameter>"
  std::map<std::string, std::vector<double>> scalars;  // a value a parameter group
  std::map<std::string, std::int64_t> counters;        // step, epoch, samples, batches, averages
  std::map<std::string, std::string> notes;            // "follow.<quantity>.<n>": Feedback::save()
  std::string progress;                                // Progress and what else only the trainer reads: an Archive's bytes
};

// A safetensors file: 8 bytes of header length, a JSON header, the values. Tensors: each parameter and state under its name, each
// slot as "optimizer.<slot>.<parameter>", each scalar as "optimizer.<scalar>" of one F64 a group; the counters and notes are
// strings in "__metadata__"; `progress` is "trainer.progress" of U8.
std::string safetensors(const Weights& weights, const TrialState& state);
// Parameters and states alone, of other numbers in the layout of these weights.
std::string safetensors(const Weights& layout, std::span<const float> values, std::span<const float> state);

// Back from such a file: fills the weights' parameters and states and returns the rest. Error naming what is damaged, missing or of
// another shape.
TrialState read_safetensors(std::string_view file, const Weights& weights);
// The same of a file of parameters and states alone.
void read_weights(std::string_view file, const Weights& weights);

}  // namespace lehr
