#include "experiments/cli/options.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace lehr::cli {

std::int64_t whole_number(const std::string& name, const std::string& text, std::int64_t low, std::int64_t high) {
  std::int64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end || value < low || value > high)
    throw Error(name, " takes a whole number from ", low, " to ", grouped(high), ", not ", quote(text));
  return value;
}

void number_option(CLI::App& command, const std::string& name, std::int64_t& value, std::int64_t low, std::int64_t high, const std::string& doc) {
  command
      .add_option_function<std::string>(
          name, [name, &value, low, high](const std::string& text) { value = whole_number(name, text, low, high); }, doc)
      ->type_name("N");
}

void override_options(CLI::App& command, spec::Overrides& overrides) {
  command.add_option("--set", overrides.set, "replace a value: --set optimizer.momentum=0.9")->allow_extra_args(false)->type_name("KEY=VALUE");
  command.add_option("--only", overrides.only, "one variant, or VARIANT/KEY=VALUE of a sweep")->type_name("NAME");
}

std::string unknown_option(const CLI::App& command, int argc, char** argv) {
  std::vector<std::string> known{"-h"};
  for (const CLI::Option* option : command.get_options())
    if (!option->get_group().empty())
      for (const std::string& name : option->get_lnames()) known.push_back("--" + name);
  for (int i = 2; i < argc; ++i) {
    const std::string word = argv[i], name = word.substr(0, word.find('='));
    if (word == "--") break;
    if (word.size() < 2 || word[0] != '-' || (word[1] >= '0' && word[1] <= '9') || word[1] == '.') continue;
    if (std::ranges::find(known, name) == known.end())
      return cat("unknown option ", quote(name), did_you_mean(name, known), "\n  options: ", join(known, ", "));
  }
  return {};
}

}  // namespace lehr::cli
