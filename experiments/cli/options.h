#pragma once
#include <cstdint>
#include <string>

#include "experiments/spec/experiment.h"

namespace CLI {
class App;
}

namespace lehr::cli {

// A whole number in [low, high]; Error (Exit::usage) for any other text.
std::int64_t whole_number(const std::string& name, const std::string& text, std::int64_t low, std::int64_t high);
// An option that takes one. `value` must live as long as the command.
void number_option(CLI::App& command, const std::string& name, std::int64_t& value, std::int64_t low, std::int64_t high, const std::string& doc);
// --set and --only of the commands that read an experiment; `overrides` must live as long as the command.
void override_options(CLI::App& command, spec::Overrides& overrides);
// The first word of the command line that looks like an option and is none of the command's: "unknown option '--sedes', did you mean
// '--seeds'?"; "" if there is none.
std::string unknown_option(const CLI::App& command, int argc, char** argv);

}  // namespace lehr::cli
