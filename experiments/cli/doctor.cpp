#include <CLI/CLI.hpp>
#include <cstdlib>

#include "base/processors.h"
#include "base/readable.h"
#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "engine/kernels/targets.h"
#include "engine/spin/spin.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/report/environment.h"

namespace lehr::cli {

namespace {
std::string core_line() {
  const Processors& p = processors();
  std::string out = cat(p.physical, p.physical == 1 ? " core" : " cores", " for this process");
  if (p.allowed != p.physical) out += cat(", ", p.allowed, " processors");
  if (p.quota > 0) out += cat(", the control group grants the time of ", readable(p.quota, 3));
  return out;
}

std::string thread_line() {
  const std::size_t alone = processors().team();
  const int given = onednn::team(static_cast<int>(alone));
  return cat(given, " for a large training that is alone",
             static_cast<std::size_t>(given) < alone ? cat(": the OpenMP runtime gives no more, of ", alone) : "");
}

// What a thread does that waits for its team, and who said so.
std::string waiting_line() {
  const SpinSetting& spin = spin_setting();
  if (spin.count > 0)
    return cat("a thread looks ", grouped(spin.count), " times (", (spin.nanoseconds + 500) / 1000, " us) for its team, then sleeps; on a busy machine sooner");
  for (const char* name : {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"})
    if (const char* value = std::getenv(name)) return cat("as ", name, " says: ", printable(value));
  return "as libgomp chooses";
}
}  // namespace

void add_doctor(CLI::App& app, Context&) {
  app.add_subcommand("doctor", "What this build and this machine have")->callback([] {
    const report::Machine m = report::this_machine();
    print(aligned({{"lehr", LEHR_VERSION},
                   {"oneDNN", cat(onednn::version(), ", uses ", onednn::isa())},
                   {"kernels", join(kernel_targets(), ", ") + " (the first is used)"},
                   {"processor", m.cpu},
                   {"cores", core_line()},
                   {"jobs", cat(cores(), " at once")},
                   {"threads", thread_line()},
                   {"waiting", waiting_line()},
                   {"memory", cat(grouped(static_cast<long long>(m.memory_mib)), " MiB")},
                   {"system", m.system},
                   {"compiler", m.compiler}}));
  });
}

}  // namespace lehr::cli
