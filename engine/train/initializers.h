#pragma once
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "base/table.h"

namespace lehr {

// What an initializer knows of the tensor it fills.
struct InitSite {
  double fan_in = 1, fan_out = 1;
  std::span<const double> arguments;  // one for each of the row's
};
struct InitializerRow {
  std::string doc;
  bool fans = false;              // drawn by the fans: for matrices, see initialize()
  std::vector<double> arguments;  // numbers in brackets, each at least 0: what stands for one left out
  void (*fill)(std::span<float> out, const InitSite& site, Random& random);
};
using InitializerTable = Table<InitializerRow>;
// glorot_*: Glorot and Bengio 2010; he_*: He et al. 2015; lecun_*: LeCun et al. 1998.
const InitializerTable& standard_initializers();

}  // namespace lehr
