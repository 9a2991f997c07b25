#pragma once
#include <string>
#include <vector>

#include "experiments/cli/attempt.h"

namespace lehr::cli {

struct Start {
  std::string yaml;      // an experiment that `validate` accepts, with a table of the columns it names; empty where there is none
  std::string why_none;  // then: what no table can feed, or no experiment name
};
// `file`: the model's name as the experiment shall have it; `labels`: the classes as the model names them, empty: it does not.
Start start(const std::string& file, const Attempt& attempt, const std::vector<std::string>& labels);

}  // namespace lehr::cli
