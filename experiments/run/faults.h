#pragma once
#include <string>
#include <vector>

#include "experiments/spec/experiment.h"

namespace lehr::run {

// What is wrong with keys of one experiment that only the model or the data tell: each with its place in the file, raised together.
class KeyFaults {
 public:
  explicit KeyFaults(const spec::Experiment& experiment) : experiment_(experiment) {}
  void add(const std::string& key, const std::string& sentence) { texts_.push_back(experiment_.located(key, sentence)); }
  // Error (Exit::usage) with all of them; returns where there are none.
  void raise() const;

 private:
  const spec::Experiment& experiment_;
  std::vector<std::string> texts_;
};

// The table that an experiment names, and with `model` the network, are there and of no kind that other programs read: told together.
void check_files(const spec::Experiment& experiment, bool model);

// Names and patterns of the experiment (model.output, model.untie, model.init, params) against what the file has, before anything is made of it.
void check_names(const spec::Experiment& experiment, const Graph& graph);

}  // namespace lehr::run
