#include "engine/data/columns.h"

#include <algorithm>
#include <set>

#include "engine/data/target.h"

namespace lehr {

namespace {
using Indices = std::vector<std::size_t>;

bool contains(const Indices& list, std::size_t column) { return std::ranges::find(list, column) != list.end(); }

// Why a column cannot be a feature, "" where it can.
std::string taken(const ColumnUse& use, std::size_t column) {
  return contains(use.targets, column) ? "is the target" : contains(use.weights, column) ? "holds the row weights" : "";
}

// The columns named under `key`, each once and none taken.
Indices resolve(const CsvTable& table, const std::vector<std::string>& names, const std::string& key, const ColumnUse& use, Problems& problems) {
  Indices out;
  for (const std::string& name : names) try {
      const std::size_t column = table.find(name);
      if (const std::string why = taken(use, column); !why.empty()) problems.add(key, ": ", quote(name), " ", why, ", it cannot be listed here");
      else if (contains(out, column)) problems.add(key, ": ", quote(name), " is listed twice");
      else out.push_back(column);
    } catch (const Error& error) {
      problems.add(key, ": ", error.sentence());
    }
  return out;
}

// A pattern that is the name of a column is that name.
Indices matching(const CsvTable& table, const ColumnRule& rule, const ColumnUse& use, Problems& problems) {
  const auto names = table.names();
  const bool pattern = rule.key == "columns" && rule.pattern.find_first_of("*?") != std::string::npos && std::ranges::find(names, rule.pattern) == names.end();
  if (!pattern) return resolve(table, {rule.pattern}, rule.key, use, problems);
  Indices out;
  for (std::size_t c = 0; c < names.size(); ++c)
    if (matches(rule.pattern, names[c]) && taken(use, c).empty()) out.push_back(c);
  if (out.empty()) problems.add(rule.key, ": the pattern ", quote(rule.pattern), " matches no column", did_you_mean(rule.pattern, names));
  return out;
}

template <class T>
void take_over(std::optional<T>& under, const std::optional<T>& over) {
  if (over) under = over;
}
void lay_over(ColumnRule& under, const ColumnRule& rule) {
  take_over(under.drop, rule.drop);
  take_over(under.as, rule.as);
  take_over(under.indicator, rule.indicator);
  take_over(under.transform, rule.transform);
  take_over(under.encode, rule.encode);
  take_over(under.unknown, rule.unknown);
  if (rule.impute) under.impute = rule.impute, under.fill = rule.fill;
  if (rule.scale) under.scale = rule.scale, under.divide = rule.divide;
  if (!rule.parts.empty()) under.parts = rule.parts;
}

void settle(const CsvTable& table, const TableSpec& spec, ColumnUse& use, Problems& problems) {
  use.settings.assign(table.columns.size(), spec.every);
  std::map<std::string, std::set<std::size_t>> listed;  // by the keys that are lists
  for (const ColumnRule& rule : spec.rules)
    for (const std::size_t column : matching(table, rule, use, problems)) {
      if (rule.key != "columns" && !listed[rule.key].insert(column).second) problems.add(rule.key, ": ", quote(rule.pattern), " is listed twice");
      lay_over(use.settings[column], rule);
    }
}

void choose(const CsvTable& table, const TableSpec& spec, ColumnUse& use, Problems& problems) {
  use.features = resolve(table, spec.columns, "columns", use, problems);
  const auto dropped = [&](std::size_t column) { return use.settings[column].drop.value_or(false); };
  for (const std::size_t column : use.features)
    if (dropped(column)) problems.add("columns and drop both list ", quote(table.columns[column].name));
  if (!spec.columns.empty()) return;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (taken(use, c).empty() && !dropped(c)) use.features.push_back(c);
  if (use.features.empty()) problems.add("no column is left as a feature");
}

void feed_inputs(const CsvTable& table, const TableSpec& spec, ColumnUse& use, Problems& problems) {
  if (spec.inputs.empty()) return use.inputs.emplace_back("", use.features), void();
  for (const auto& [name, columns] : spec.inputs) {
    Indices of_input = resolve(table, columns, cat("inputs, ", quote(name)), use, problems);
    if (columns.empty()) problems.add("inputs: ", quote(name), " has no columns");
    for (const std::size_t column : of_input)
      if (!contains(use.features, column)) problems.add("inputs: ", quote(table.columns[column].name), " of ", quote(name), " is not among the features");
    use.inputs.emplace_back(name, std::move(of_input));
  }
}
}  // namespace

std::vector<std::size_t> target_columns(const CsvTable& table, const TableSpec& spec) {
  Indices out;
  if (spec.target_inputs) return out;
  for (const std::string& name : spec.targets) {
    const std::size_t column = within("the target", [&] { return table.find(name); });
    if (contains(out, column)) throw Error("the target ", quote(table.columns[column].name), " is listed twice");
    out.push_back(column);
  }
  return out;
}

std::vector<std::size_t> weight_columns(const CsvTable& table, const TableSpec& spec) {
  if (spec.row_weight.empty()) return {};
  return {within("row_weight", [&] { return table.find(spec.row_weight); })};
}

ColumnUse column_use(const CsvTable& table, const TableSpec& spec, Problems& problems) {
  ColumnUse out;
  out.targets = target_columns(table, spec);
  out.weights = weight_columns(table, spec);
  if (!out.weights.empty() && contains(out.targets, out.weights[0])) problems.add("row_weight: ", quote(spec.row_weight), " is the target");
  settle(table, spec, out, problems);
  choose(table, spec, out, problems);
  for (const ColumnRule& rule : spec.rules)
    if (rule.key == "categorical") try {
        const std::size_t column = table.find(rule.pattern);
        if (taken(out, column).empty() && !contains(out.features, column))
          problems.add("categorical: ", quote(table.columns[column].name), " is not among the features");
      } catch (const Error&) {  // told above
      }
  feed_inputs(table, spec, out, problems);
  return out;
}

std::size_t whole_column(const CsvTable& table, const std::string& name, const char* key) {
  std::size_t c = 0;
  try {
    c = table.find(name);
  } catch (const Error& error) {
    throw Error(key, ": ", error.sentence()).code(Exit::mismatch);
  }
  const Column& column = table.columns[c];
  if (column.missing == 0) return c;
  std::int64_t missing = 0, first = 0;
  for (std::int64_t row = table.first_rows(); row-- > 0;)
    if (table::missing(column, row)) ++missing, first = row;
  if (missing == 0) return c;
  throw Error(key, ": column ", quote(name), " of ", quote(table.source), " has ", missing, missing == 1 ? " missing cell" : " missing cells",
              ", the first in ", table.place(first, c), ": every row needs one")
      .code(Exit::mismatch);
}

}  // namespace lehr
