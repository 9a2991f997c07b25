#pragma once
#include <string>
#include <vector>

#include "engine/train/counts.h"
#include "graph/passes/losses.h"

namespace lehr::run {

// What the rows of a dataset count for under a loss.
struct Weighing {
  Counts counts;
  bool fed = false;                // the loss needs an input for it: LossSpec::weighted
  std::vector<float> by_loss;      // class weights that the loss itself needs, in place of those its spec gives; empty: those
  std::vector<std::string> notes;  // the weights that follow from the rows
};
// train: what balanced weights follow from. NoMatch (of loss.class_weights): for another number of classes, or for no classes.
Weighing weigh(const LossSpec& loss, const Dataset& data, std::span<const std::int32_t> train);

// Rows of this class do not count: class -1. How many there were.
std::int64_t ignore_class(Dataset& data, std::int64_t index);

}  // namespace lehr::run
