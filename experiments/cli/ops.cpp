#include <CLI/CLI.hpp>

#include "engine/ops/standard.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"

namespace lehr::cli {

void add_ops(CLI::App& app, Context&) {
  app.add_subcommand("ops", "The operators the engine knows and the opsets that changed them")->callback([] {
    std::vector<std::vector<std::string>> rows{{"operator", "since opset"}};
    for (const auto& name : standard_ops().names()) rows.push_back({name, join(standard_ops().versions(name), ", ")});
    print(aligned(rows));
  });
}

}  // namespace lehr::cli
