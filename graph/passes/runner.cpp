#include <algorithm>
#include <chrono>

#include "base/error.h"
#include "graph/check.h"
#include "graph/passes/passes.h"

namespace lehr {

std::vector<PassReport> run_passes(Graph& graph, std::span<const Pass> passes, std::span<const std::string> off) {
  std::vector<std::string> optional;
  for (const Pass& pass : passes)
    if (pass.optional) optional.push_back(pass.name);
  for (const std::string& name : off)
    if (std::ranges::find(optional, name) == optional.end()) {
      const bool needed = std::ranges::any_of(passes, [&](const Pass& pass) { return pass.name == name; });
      if (needed) throw Error("the graph pass ", quote(name), " cannot be left out; those that can: ", join(optional, ", "));
      throw Error("unknown graph pass ", quote(name), did_you_mean(name, optional), "; those that can be left out: ", join(optional, ", "));
    }
  std::vector<PassReport> reports;
  for (const Pass& pass : passes) {
    PassReport report;
    report.name = pass.name;
    report.ran = std::ranges::find(off, pass.name) == off.end();
    if (report.ran) {
      const auto start = std::chrono::steady_clock::now();
      report.changes = pass.run(graph);
      report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      within([&] { return cat("the graph after the pass ", pass.name); }, [&] { check(graph); });
    }
    reports.push_back(std::move(report));
  }
  return reports;
}

}  // namespace lehr
