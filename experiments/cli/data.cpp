#include <CLI/CLI.hpp>
#include <memory>

#include "engine/data/array.h"
#include "engine/data/describe.h"
#include "engine/data/describe_arrays.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/run/assemble.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
void part(std::string& out, const char* name, const Dataset& data, const std::vector<std::int32_t>& rows) {
  if (rows.empty()) return;
  const Balance b = balance(data, rows);
  out += cat(pad_right(name, 11), text(b, data.classes));
  if (!data.classes.empty()) out += cat("   always answering ", printable(data.classes[b.majority]), " scores ", fixed(100 * b.fraction, 2), " %");
  out += "\n";
}

std::string arrays_text(const ArraysSpec& arrays) {
  std::vector<NamedArray> all;
  for (const auto& [part, names] : {std::pair{"", &arrays.all}, std::pair{"validation ", &arrays.validation}, std::pair{"test ", &arrays.test}}) {
    for (const auto& [input, path] : names->inputs) all.push_back({cat(part, input.empty() ? "input" : input), path});
    if (!names->target.empty()) all.push_back({cat(part, "target"), names->target});
  }
  return describe_arrays(all);
}

void show(const std::string& file) {
  if (is_array_file(file)) {
    std::vector<NamedArray> all;
    for (const auto& path : array_name(file).member.empty() ? arrays_in(file) : std::vector<std::filesystem::path>{file})
      all.push_back({array_name(path).member, path});
    return print(describe_arrays(all));
  }
  const auto study = spec::read_study(file, run::vocabulary());
  const auto& e = study.trials.front().experiment;
  const auto d = run::Assembler().data(e);
  std::string out = cat(printable(d->data.source), "  fingerprint ", d->fingerprint, "\n");
  part(out, "train", d->data, d->split.train);
  part(out, "validation", d->data, d->split.validation);
  part(out, "test", d->data, d->split.test);
  print(out + (e.data.arrays.given() ? arrays_text(e.data.arrays) : describe_text(d->table)));
}
}  // namespace

void add_data(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("data", "Rows and classes of each split; ranges and gaps of each column");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "the experiment")->required();
  command->callback([file] { show(*file); });
}

}  // namespace lehr::cli
