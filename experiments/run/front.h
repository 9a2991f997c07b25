#pragma once
#include <span>

#include "experiments/run/assemble.h"

namespace lehr::run {

// What a file that takes raw columns, or arrays as they were read, does in front of the network: the fitted preprocessing, input by input; empty where it does
// nothing.
// Error (Exit::mismatch): an input that gets no data, or one of open dimensions.
std::vector<onnx::RawInput> raw_inputs(const TrainGraph& model, const DataParts& data);

// That the front of a written file makes of these rows' cells what preprocessing made of them: |a - b| <= 1e-5 max(|a|, 1e-3), else an Error.
void check_front(const std::string& bytes, const Parts& parts, std::span<const std::int32_t> rows);

// What puts the trained output into the target's own unit; none where the target is trained as it is. Error (Exit::mismatch): an output of unknown dimensions.
std::optional<onnx::TargetUnit> target_unit(const ModelParts& model, const DataParts& data);

// That these nodes of a written file make of the scaled targets of these rows the targets, as check_front().
void check_unit(const std::string& bytes, const Parts& parts, std::span<const std::int32_t> rows);

}  // namespace lehr::run
