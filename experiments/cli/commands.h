#pragma once
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace lehr::cli {

// Parses the command line, runs the command, prints what goes wrong: the exit code of the program.
int run(int argc, char** argv);

// What all commands share.
struct Context {
  std::string command_line;
  int exit_code = 0;
};

// One file a command or a few that belong together; each adds its subcommands and what they do.
void add_run(CLI::App& app, Context& context);
void add_export(CLI::App& app, Context& context);
void add_init(CLI::App& app, Context& context);
void add_inspect(CLI::App& app, Context& context);
void add_validate(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_schedule(CLI::App& app, Context& context);
void add_find_lr(CLI::App& app, Context& context);
void add_language(CLI::App& app, Context& context);  // resolve, schema, explain
void add_data(CLI::App& app, Context& context);
void add_predict(CLI::App& app, Context& context);
void add_evaluate(CLI::App& app, Context& context);
void add_ops(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);

}  // namespace lehr::cli
