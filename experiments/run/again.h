#pragma once
#include <string>
#include <vector>

#include "experiments/run/trials.h"

namespace lehr::run {

// A trial trained again, beside what the store has of it.
struct Again {
  std::string trial;
  std::int64_t epochs = 0;  // compared
  std::string difference;   // the first one, as a sentence; "": the same bits
};

// Trains a trial of a stored run again and compares every figure of every epoch, and the last weights and the optimizer's state, bit by bit (wall times aside). The study
// is that of the stored run; `stored` its position in the store.
Again train_again(const PreparedStudy& prepared, std::size_t trial, std::size_t worker, const store::Store& run, std::size_t stored, std::int64_t schedule_epochs);

}  // namespace lehr::run
