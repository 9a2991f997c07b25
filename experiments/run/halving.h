#pragma once
#include "experiments/run/trials.h"

namespace lehr::run {

// Successive halving (Jamieson and Talwalkar 2016, Non-stochastic best arm identification and hyperparameter optimization): after each look the best 1/factor of
// the points go on, to factor times the epochs; those that are left are trained to their end.

// The epochs after which points are looked at, rising, all before the last; multiples of evaluate_every. Empty without halving.
// Error where trials have different epochs.
std::vector<std::int64_t> looks(const PreparedStudy& prepared);

// Of the updates that all trials would make, the part that is made where at each look no more points go on than must: 1 without looks.
double halved_share(const PreparedStudy& prepared);

// A trial that does not go on after a look.
struct Cut {
  std::size_t trial;
  std::string why;
};
// Of the trials that are still there, those that end at this look. standing: as if each had ended there. Repeats that choose a point together are cut together.
std::vector<Cut> cut(const PreparedStudy& prepared, const std::vector<TrialResult>& standing, const std::vector<bool>& there, std::int64_t epoch);

}  // namespace lehr::run
