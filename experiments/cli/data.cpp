#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>

#include "engine/data/array.h"
#include "engine/data/csv_oddities.h"
#include "engine/data/describe.h"
#include "engine/data/describe_arrays.h"
#include "experiments/cli/commands.h"
#include "experiments/cli/print.h"
#include "experiments/run/assemble.h"
#include "experiments/run/fit_check.h"
#include "experiments/run/vocabulary.h"

namespace lehr::cli {

namespace {
void part(std::string& out, const char* name, const run::DataParts& parts, const std::vector<std::int32_t>& rows, bool numbers) {
  if (rows.empty()) return;
  const Dataset& data = parts.data;
  const Balance b = balance(data, rows);
  out += cat(pad_right(name, 11), text(b, data.classes));
  if (!data.classes.empty()) out += cat("   always answering ", printable(data.classes[b.majority]), " scores ", fixed(100 * b.fraction, 2), " %");
  if (numbers) out += "   " + run::mean_baseline(parts, rows);
  out += "\n";
}

void notes(const std::vector<std::string>& all) {
  for (const std::string& each : all) note(each);
}

// A table by its suffix, also where it is packed: anything else is an experiment.
bool is_table(std::filesystem::path file) {
  if (lower(file.extension().string()) == ".gz") file = file.stem();
  constexpr std::string_view suffixes[] = {".csv", ".tsv", ".tab", ".txt", ".dat", ".data"};
  return std::ranges::find(suffixes, lower(file.extension().string())) != std::end(suffixes);
}

void show_table(const std::string& file) {
  const CsvTable table = read_csv(file);
  print(cat("fingerprint ", table.fingerprint, "\n", describe_text(table)));
  notes(table.notes);
  notes(odd_notes(table, odd_columns(table), [](std::size_t) { return true; }));
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
  if (is_table(file)) return show_table(file);
  const auto study = spec::read_study(file, run::vocabulary());
  const auto& e = study.trials.front().experiment();
  const auto d = run::Assembler().data(e);
  std::string out = cat(run::files_text(*d), "  fingerprint ", d->fingerprint, "\n");
  const bool numbers = loss_row(e.loss.kind).target == TargetKind::values;
  part(out, "train", *d, d->split.train, numbers);
  part(out, "validation", *d, d->split.validation, numbers);
  part(out, "test", *d, d->split.test, numbers);
  print(out + (e.data.arrays.given() ? arrays_text(e.data.arrays) : describe_text(d->table)));
  notes(d->notes);
}
}  // namespace

void add_data(CLI::App& app, Context&) {
  auto* command = app.add_subcommand("data", "Rows and classes of each split; ranges and gaps of each column");
  auto file = std::make_shared<std::string>();
  command->add_option("file", *file, "an experiment, or a table: .csv, .tsv, .txt, .gz")->required();
  command->callback([file] { show(*file); });
}

}  // namespace lehr::cli
