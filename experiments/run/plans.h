#pragma once
#include <map>

#include "engine/train/trainer.h"

namespace lehr::run {

// The plan of a model's loss and scores for so many rows, in evaluation mode, made where there is none yet.
Plan& evaluation_plan(std::map<std::int64_t, Plan>& plans, const TrainGraph& model, const Weights& weights, int threads, std::int64_t rows);

}  // namespace lehr::run
