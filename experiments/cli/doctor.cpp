#include <CLI/CLI.hpp>

#include "base/threads.h"
#include "engine/dnnl/prepared.h"
#include "engine/kernels/targets.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/report/environment.h"

namespace lehr::cli {

void add_doctor(CLI::App& app, Context&) {
  app.add_subcommand("doctor", "What this build and this machine have")->callback([] {
    const report::Machine m = report::this_machine();
    print(aligned({{"lehr", LEHR_VERSION},
                   {"oneDNN", cat(onednn::version(), ", uses ", onednn::isa())},
                   {"kernels", join(kernel_targets(), ", ") + " (the first is used)"},
                   {"processor", m.cpu},
                   {"cores", cat(m.cores, " for this process, ", onednn::threads(), " OpenMP threads")},
                   {"memory", cat(grouped(static_cast<long long>(m.memory_mib)), " MiB")},
                   {"system", m.system},
                   {"compiler", m.compiler}}));
  });
}

}  // namespace lehr::cli
