#pragma once
#include <string>

#include "experiments/report/reporter.h"

namespace lehr::report {
std::string utc_now();  // "2026-11-24T08:26:11Z"
struct Machine {
  std::string cpu, system, compiler;
  std::size_t cores = 0, memory_mib = 0;
};
Machine this_machine();
// Program, libraries, machine: a JSON document.
std::string environment_json(const RunInfo& info);
}  // namespace lehr::report
