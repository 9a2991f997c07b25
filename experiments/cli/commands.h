#pragma once
#include <string>
#include <vector>

namespace CLI { class App; }

namespace lehr::cli {

// Parses the command line, runs the command, prints what goes wrong: the exit code of the program.
int run(int argc, char** argv);

// What all commands share.
struct Context {
  std::string command_line;
  int exit_code = 0;
};

// One file a command; each adds its subcommand and what it does.
void add_run(CLI::App& app, Context& context);

}  // namespace lehr::cli
