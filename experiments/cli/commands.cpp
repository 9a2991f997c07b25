#include "experiments/cli/commands.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <cstdio>

#include "base/error.h"
#include "experiments/cli/options.h"

namespace lehr::cli {

namespace {
constexpr auto commands = {add_run, add_export, add_init, add_inspect, add_validate, add_plan, add_schedule, add_find_lr,
                           add_language, add_data, add_predict, add_evaluate, add_ops,  add_doctor};

void complain(const std::string& text) { std::fputs(("lehr: " + text + "\n").c_str(), stderr); }

std::string joined(int argc, char** argv) {
  std::string out = "lehr";
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    out += " " + (word.find_first_of(" '\"$*?") == std::string::npos && !word.empty() ? word : "'" + word + "'");
  }
  return out;
}

// The command line as the user should mend it: a wrong command first, then a wrong option, then what else is wrong.
std::string misuse(const CLI::App& app, const CLI::ParseError& error, int argc, char** argv) {
  std::vector<std::string> names;
  for (const CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
  const std::string first = argc > 1 ? argv[1] : "";
  const std::string list = "\n  commands: " + join(names, ", ") + "\n  lehr --help tells more";
  if (first.empty()) return "a command is needed" + list;
  if (first[0] == '-') return cat("unknown option ", quote(first), list);
  if (std::ranges::find(names, first) == names.end()) return cat("unknown command ", quote(first), did_you_mean(first, names), list);
  std::string what = unknown_option(*app.get_subcommand(first), argc, argv);
  if (what.empty()) what = printable(error.what());
  return cat(what, "\n  lehr ", first, " --help tells more");
}
}  // namespace

int run(int argc, char** argv) {
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of write(), not the end
  CLI::App app("Trains a neural network given as an ONNX graph, as a YAML experiment says.", "lehr");
  app.set_version_flag("--version", "lehr " LEHR_VERSION, "Print the version and exit");
  app.set_help_flag("-h,--help", "Print this help and exit");
  app.require_subcommand(1);
  app.get_formatter()->column_width(26);
  app.get_formatter()->label("TEXT", "");
  app.get_formatter()->label("REQUIRED", "");
  app.get_formatter()->label("SUBCOMMAND", "COMMAND");
  Context context;
  context.command_line = joined(argc, argv);
  for (const auto add : commands) add(app, context);
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) sub->group("Commands");
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 a wrong argument or experiment, 3 data and model\n"
      "do not fit, 4 diverged, 5 some trials did not finish, 6 an expectation is not\n"
      "met, 130 interrupted");
  auto narrow = std::make_shared<CLI::Formatter>(*std::static_pointer_cast<CLI::Formatter>(app.get_formatter()));
  narrow->column_width(14);
  app.formatter(narrow);
  try {
    app.parse(argc, argv);
    return context.exit_code;
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);
    complain(misuse(app, error, argc, argv));
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
