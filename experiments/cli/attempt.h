#pragma once
#include <string>

#include "graph/passes/prepare.h"

namespace lehr::cli {

// A loss put on one output of a model, prepared and compiled: what stands in the way, or that it trains.
struct Attempt {
  std::string output;  // as it must be named to be found; empty: it need not be
  const char* loss = "";
  LossKind kind = LossKind::mse;
  std::string why;           // why this loss, where no activation of the model says it
  Prepared prepared;         // as far as it came
  std::int64_t batch = 2;    // compiled for; the model's own where that is fixed
  bool fixed = false;        // the model takes that batch size only
  Shape scores;              // at that batch; empty where it is not known
  std::string in_the_way;    // sentences; empty: it trains
  bool trains() const { return in_the_way.empty(); }
};

// The loss whose activation the output ends in. Without one: cross entropy for several scores a row, mse for one. `output` empty: the only one
// that fits; Error where several do, or none.
Attempt attempt(const Graph& graph, const std::string& output);

}  // namespace lehr::cli
