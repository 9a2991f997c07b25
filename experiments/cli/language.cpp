#include <CLI/CLI.hpp>
#include <memory>

#include "experiments/cli/commands.h"
#include "experiments/cli/options.h"
#include "experiments/cli/print.h"
#include "experiments/run/vocabulary.h"
#include "experiments/spec/experiment.h"

namespace lehr::cli {

namespace {
struct Resolve {
  std::string file;
  spec::Overrides overrides;
  bool origin = false;
};

void resolve(const Resolve& given) {
  if (!given.origin) return print(spec::read_study(given.file, run::vocabulary(), given.overrides).trials.front().resolved());
  std::vector<std::vector<std::string>> rows;
  for (const auto& k : spec::resolve_keys(given.file, run::vocabulary(), given.overrides)) rows.push_back({k.key, k.origin, k.value});
  print(aligned(rows));
}
}  // namespace

void add_language(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("resolve", "The complete experiment of the first trial, defaults filled in");
  auto r = std::make_shared<Resolve>();
  command->add_option("file", r->file, "the experiment")->required();
  override_options(*command, r->overrides);
  command->add_flag("--origin", r->origin, "where each value comes from");
  command->callback([r] { resolve(*r); });

  app.add_subcommand("schema", "The JSON Schema of experiment files, for editors")->callback([] { print(spec::json_schema(run::vocabulary())); });

  auto* explain = app.add_subcommand("explain", "A key or a name of an experiment: what it means, its default");
  auto key = std::make_shared<std::string>();
  explain->add_option("key", *key, "data.split, adam, accuracy, StepLR, phases, …");
  explain->callback([key] { print(spec::explain(*key, run::vocabulary())); });
}

}  // namespace lehr::cli
