#include <algorithm>
#include <map>
#include <numeric>

#include "base/error.h"
#include "engine/data/columns.h"
#include "engine/data/folds.h"
#include "engine/data/preprocess.h"

namespace lehr {

namespace {
std::vector<std::int32_t> groups_by(const CsvTable& table, const std::string& name, const char* key) {
  const Column& column = table.columns[whole_column(table, name, key)];
  const auto rows = static_cast<std::size_t>(table.first_rows());
  if (!column.numeric) return {column.codes.begin(), column.codes.begin() + static_cast<std::ptrdiff_t>(rows)};
  std::vector<std::int32_t> out;
  out.reserve(rows);
  std::map<double, std::int32_t> numbers;
  for (std::size_t row = 0; row < rows; ++row) out.push_back(numbers.try_emplace(column.numbers[row], static_cast<std::int32_t>(numbers.size())).first->second);
  return out;
}

std::vector<std::int32_t> sorted_by(const CsvTable& table, const std::string& name, const char* key) {
  const Column& column = table.columns[whole_column(table, name, key)];
  std::vector<std::int32_t> out(static_cast<std::size_t>(table.first_rows()));
  std::iota(out.begin(), out.end(), 0);
  const auto at = [](std::int32_t row) { return static_cast<std::size_t>(row); };
  if (column.numeric) {
    const std::vector<double> values = column.numbers.all();
    std::ranges::stable_sort(out, {}, [&](std::int32_t row) { return values[at(row)]; });
  } else {
    std::ranges::stable_sort(out, {}, [&](std::int32_t row) -> const std::string& { return column.texts[at(column.codes[at(row)])]; });
  }
  return out;
}

void find_folds(const CsvTable& table, const FoldOptions& fold, SplitColumns& out) {
  const std::vector<std::string> values = fold_values(table, fold.column);
  const auto at = std::ranges::find(values, fold.value);
  if (at == values.end())
    throw Error("folds.column: no row of ", quote(table.source), " has the value ", quote(fold.value), " in column ", quote(fold.column),
                did_you_mean(fold.value, values))
        .code(Exit::mismatch);
  out.fold = static_cast<std::int32_t>(at - values.begin());
  const std::size_t column = table.find(fold.column);
  std::map<std::string, std::int32_t> place;
  for (const std::string& value : values) place.emplace(value, static_cast<std::int32_t>(place.size()));
  out.folds.reserve(static_cast<std::size_t>(table.rows));
  for (std::int64_t row = 0; row < table.rows; ++row) out.folds.push_back(place.at(table.cell(row, column)));
}
}  // namespace

SplitColumns split_columns(const CsvTable& table, const SplitOptions& options) {
  SplitColumns out;
  if (!options.group.empty()) out.groups = groups_by(table, options.group, "data.split.group");
  if (!options.order.empty()) out.order = sorted_by(table, options.order, "data.split.order");
  if (const auto& fold = options.fold) {
    if (!fold->group.empty()) out.fold_groups = groups_by(table, fold->group, "folds.group");
    if (fold->k == 0) find_folds(table, *fold, out);
  }
  return out;
}

}  // namespace lehr
