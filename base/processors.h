#pragma once
#include <cstddef>
#include <filesystem>
#include <vector>

namespace lehr {

// What this process may compute on.
struct Processors {
  std::size_t allowed = 1;   // logical processors of the affinity mask
  std::size_t physical = 1;  // the cores these lie on
  double quota = 0;          // processors' worth of time that the control groups grant; 0: no limit
  // So many pieces of work at once that do not wait for each other: a quota of 1.5 is 2.
  std::size_t independent() const;
  // So many threads that wait for each other after every piece: one a core, a quota of 1.5 is 1. A second thread on a core brings such a team
  // nothing, and where the quota is overdrawn one of it is stopped while the others wait.
  std::size_t team() const;
};

const Processors& processors();  // of this process, looked up once

// The same from the files of a system under `root`; `cpus`: the affinity mask. A control group's own limit and those above it hold, of
// both versions of the interface; a file that is missing or malformed says nothing.
Processors read_processors(const std::filesystem::path& root, const std::vector<int>& cpus);

}  // namespace lehr
