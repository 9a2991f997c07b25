#include "experiments/cli/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/error.h"

namespace lehr::cli {

namespace {
void complain(const std::string& text) { std::fputs(("lehr: " + text + "\n").c_str(), stderr); }

std::string joined(int argc, char** argv) {
  std::string out = "lehr";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    out += " " + (word.find_first_of(" '\"$*?") == std::string::npos && !word.empty() ? word : "'" + word + "'");
  }
  return out;
}
}  // namespace

int run(int argc, char** argv) {
  CLI::App app("Trains a neural network given as an ONNX graph, as a YAML experiment says.", "lehr");
  app.set_version_flag("--version", "lehr " LEHR_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  Context context;
  context.command_line = joined(argc, argv);
  for (const auto add : {add_run, add_init, add_inspect, add_validate, add_plan, add_schedule, add_language, add_data, add_predict, add_ops, add_doctor})
    add(app, context);
  try {
    app.parse(argc, argv);
    return context.exit_code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    if (argc > 1 && argv[1][0] != '-') {
      std::vector<std::string> names;
      for (const auto* sub : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
      if (std::ranges::find(names, argv[1]) == names.end()) {
        complain(cat("unknown command ", quote(argv[1]), did_you_mean(argv[1], names), "\n  commands: ", join(names, ", ")));
        return static_cast<int>(Exit::usage);
      }
    }
    complain(cat(error.what(), "\n  lehr ", argc > 1 && argv[1][0] != '-' ? argv[1] : "", " --help tells more"));
    return static_cast<int>(Exit::usage);
  } catch (const Error& error) {
    std::fflush(stdout);
    complain(error.what());
    return static_cast<int>(error.code());
  } catch (const std::bad_alloc&) {
    complain("out of memory");
  } catch (const std::exception& error) {
    complain(error.what());
  }
  return static_cast<int>(Exit::failed);
}

}  // namespace lehr::cli
