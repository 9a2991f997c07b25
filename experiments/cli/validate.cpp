#include <CLI/CLI.hpp>
#include <memory>

#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/run/trials.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
// The first bad file decides the exit code; the others are looked at all the same.
void validate(const std::vector<std::string>& files, Context& context) {
  for (const auto& file : files) {
    try {
      const auto prepared = run::prepare(spec::read_study(file, run::vocabulary()), {});
      for (const auto& warning : prepared.info.warnings) print("note   " + warning + "\n");
      print(cat(printable(file), ": fine, ", prepared.info.plan_line, "\n"));
    } catch (const Error& error) {
      print(cat(printable(file), ":\n", error.what(), "\n"));
      if (context.exit_code == 0) context.exit_code = static_cast<int>(error.code());
    }
  }
}
}  // namespace

void add_validate(CLI::App& app, Context& context) {
  auto* command = app.add_subcommand("validate", "Check experiments, their data and models; trains nothing");
  auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("files", *files, "experiments")->required();
  command->callback([files, &context] { validate(*files, context); });
}

}  // namespace lehr::cli
