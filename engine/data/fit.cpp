#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "engine/data/preprocess.h"
#include "engine/data/problems.h"
#include "engine/data/scalers.h"
#include "engine/data/target.h"

namespace lehr {

namespace {
using Rows = std::span<const std::int32_t>;
using Indices = std::vector<std::size_t>;

constexpr std::size_t max_one_hot = 10'000;

bool contains(const Indices& list, std::size_t column) { return std::ranges::find(list, column) != list.end(); }

// The columns named under `key`, each once and none the target.
Indices resolve(const CsvTable& table, const std::vector<std::string>& names, const std::string& key, std::size_t target, Problems& problems) {
  Indices out;
  for (const std::string& name : names) try {
      const std::size_t column = table.find(name);
      if (column == target) problems.add(key, ": ", quote(name), " is the target, it cannot be listed here");
      else if (contains(out, column)) problems.add(key, ": ", quote(name), " is listed twice");
      else out.push_back(column);
    } catch (const Error& error) {
      problems.add(key, ": ", error.sentence());
    }
  return out;
}

Indices features(const CsvTable& table, const TableSpec& spec, std::size_t target, Problems& problems) {
  const Indices dropped = resolve(table, spec.drop, "drop", target, problems);
  Indices out = resolve(table, spec.columns, "columns", target, problems);
  for (const std::size_t column : out)
    if (contains(dropped, column)) problems.add("columns and drop both list ", quote(table.columns[column].name));
  if (!spec.columns.empty()) return out;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (c != target && !contains(dropped, c)) out.push_back(c);
  if (out.empty()) problems.add("no column is left as a feature");
  return out;
}

struct Fitter {
  const CsvTable& table;
  const TableSpec& spec;
  Rows rows;
  Problems& problems;

  void fit_category(ColumnPlan& plan, std::size_t column, bool integers) const {
    const Column& c = table.columns[column];
    const bool code = integers || spec.encode == TableSpec::Encode::code;
    plan.kind = code ? ColumnPlan::Kind::code : ColumnPlan::Kind::one_hot;
    plan.categories = table::distinct(c, rows);
    if (!code && plan.categories.size() > max_one_hot)
      problems.add("column ", quote(c.name), " has ", plan.categories.size(), " categories, too many for one_hot: encode them as code, or drop it");
    if (plan.categories.empty()) problems.add("column ", quote(c.name), " has no value in the training rows");
    if (spec.impute == TableSpec::Impute::error || plan.categories.empty()) return;
    std::vector<std::int64_t> counts(plan.categories.size());
    const auto codes = table::codes(c, plan.categories);
    for (const std::int32_t row : rows)
      if (const std::int64_t k = codes[static_cast<std::size_t>(row)]; k >= 0) ++counts[static_cast<std::size_t>(k)];
    plan.fill_category = plan.categories[static_cast<std::size_t>(std::ranges::max_element(counts) - counts.begin())];
  }

  void fit_number(ColumnPlan& plan, std::size_t column, bool integers) const {
    const Column& c = table.columns[column];
    if (!c.numeric) return name_texts(column);
    if (integers) {
      plan.kind = ColumnPlan::Kind::integer;
      if (spec.impute == TableSpec::Impute::zero) plan.fill = 0;
      return;
    }
    if (spec.impute == TableSpec::Impute::error && c.missing > 0) return name_missing(column);
    std::vector<double> values;
    values.reserve(rows.size());
    for (const std::int32_t row : rows)
      if (const double value = c.numbers[static_cast<std::size_t>(row)]; !std::isnan(value)) values.push_back(value);
    if (values.empty() && spec.impute != TableSpec::Impute::zero) return problems.add("column ", quote(c.name), " has no value in the training rows");
    if (values.empty()) values.push_back(0);
    impute(plan, values);
    scale(plan, values);
    if (!std::isfinite(plan.shift) || !std::isfinite(plan.scale) || !std::isfinite(plan.fill.value_or(0)))
      problems.add("the values of column ", quote(c.name), " are too large to be scaled");
  }

  void impute(ColumnPlan& plan, std::vector<double>& values) const {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    switch (spec.impute) {
      case TableSpec::Impute::error: return;
      case TableSpec::Impute::zero: plan.fill = 0; return;
      case TableSpec::Impute::mean: plan.fill = mean(values); return;
      case TableSpec::Impute::median:
        std::ranges::nth_element(values, middle);
        plan.fill = *middle;
        if (values.size() % 2 == 0) plan.fill = std::midpoint(*std::max_element(values.begin(), middle), *middle);
    }
  }

  void scale(ColumnPlan& plan, const std::vector<double>& values) const {
    const ScalerRow& scaler = scaler_row(spec.scale);
    const Scaling fitted = scaler.fit(values, scaler.number ? spec.*scaler.number : 0);
    plan.shift = fitted.shift, plan.scale = fitted.scale;
  }

  void name_texts(std::size_t column) const {
    const Column& c = table.columns[column];
    std::vector<bool> bad;
    for (const std::string& cell : c.texts) bad.push_back(!parse_number(cell));
    const auto text = [&](std::size_t r) { return c.codes[r] >= 0 && bad[static_cast<std::size_t>(c.codes[r])]; };
    name_cells(column, text, [&](std::size_t r) { return not_a_number(c.texts[static_cast<std::size_t>(c.codes[r])]); },
               " of text: list it under `categorical` if they are names, under `drop` if it is not needed, or the text under `missing` "
               "if it stands for no value");
  }

  void name_missing(std::size_t column) const {
    const Column& c = table.columns[column];
    name_cells(column, [&](std::size_t r) { return std::isnan(c.numbers[r]); }, [](std::size_t) { return std::string("the value is missing"); },
               " without a value: say what stands for it, the mean, the median or zero");
  }

  // The column with the count of its bad cells, then each of them; the first three where there are many.
  template <class Bad, class Text>
  void name_cells(std::size_t column, const Bad& bad, const Text& text, const char* hint) const {
    std::vector<std::size_t> found;
    for (std::size_t r = 0; r < static_cast<std::size_t>(table.rows); ++r)
      if (bad(r)) found.push_back(r);
    const std::string cells = cat(grouped(static_cast<long long>(found.size())), found.size() == 1 ? " cell" : " cells");
    problems.add("column ", quote(table.columns[column].name), " has ", cells, hint);
    if (found.size() >= Problems::shown) found.resize(3);
    for (const std::size_t r : found) problems.add([&] { return table.place(static_cast<std::int64_t>(r), column) + ": " + text(r); });
  }
};

std::vector<std::pair<std::string, Indices>> inputs(const CsvTable& table, const TableSpec& spec, std::size_t target,
                                                    const Indices& all, Problems& problems) {
  if (spec.inputs.empty()) return {{"", all}};
  std::vector<std::pair<std::string, Indices>> out;
  for (const auto& [name, columns] : spec.inputs) {
    Indices of_input = resolve(table, columns, cat("inputs, ", quote(name)), target, problems);
    if (columns.empty()) problems.add("inputs: ", quote(name), " has no columns");
    for (const std::size_t column : of_input)
      if (!contains(all, column)) problems.add("inputs: ", quote(table.columns[column].name), " of ", quote(name), " is not among the features");
    out.emplace_back(name, std::move(of_input));
  }
  return out;
}

// An input is all int64 or all float32.
void check_kinds(const InputPlan& input, Problems& problems) {
  const auto is_code = [](const ColumnPlan& column) { return column.is_int64(); };
  const auto count = std::ranges::count_if(input.columns, is_code);
  if (count == 0 || count == static_cast<std::ptrdiff_t>(input.columns.size())) return;
  const auto code = std::ranges::find_if(input.columns, is_code);
  const auto other = std::ranges::find_if_not(input.columns, is_code);
  problems.add("one input cannot hold category codes (", quote(code->name), ") and numbers (", quote(other->name),
               "); give each its columns under `inputs`");
}
}  // namespace

Preprocess fit(const CsvTable& table, const TableSpec& spec, Rows train_rows) {
  return within(quote(table.source), [&] {
    if (train_rows.empty()) throw Error("there are no training rows to fit the preprocessing on").code(Exit::mismatch);
    const std::size_t target = within("the target", [&] { return table.find(spec.target); });
    Preprocess out{table.header, static_cast<std::int64_t>(table.columns.size()), table.columns[target].name,
                   static_cast<std::int64_t>(target), spec.classes, table.missing, {}};
    if (spec.classes.empty() && spec.classify) out.classes = table::distinct(table.columns[target]);
    Problems problems;
    const Indices all = features(table, spec, target, problems);
    const Indices categorical = resolve(table, spec.categorical, "categorical", target, problems);
    for (const std::size_t column : categorical)
      if (!contains(all, column)) problems.add("categorical: ", quote(table.columns[column].name), " is not among the features");
    const Fitter fitter{table, spec, train_rows, problems};
    for (const auto& [name, columns] : inputs(table, spec, target, all, problems)) {
      InputPlan input{name, {}};
      const bool integers = std::ranges::find(spec.integer_inputs, name) != spec.integer_inputs.end();
      for (const std::size_t column : columns) {
        ColumnPlan plan;
        plan.name = table.columns[column].name;
        plan.index = static_cast<std::int64_t>(column);
        if (contains(categorical, column)) fitter.fit_category(plan, column, integers);
        else fitter.fit_number(plan, column, integers);
        input.columns.push_back(std::move(plan));
      }
      check_kinds(input, problems);
      out.inputs.push_back(std::move(input));
    }
    problems.raise();
    return out;
  });
}

PreparedData prepare_data(const CsvTable& table, const TableSpec& spec, const SplitOptions& options) {
  const Dataset target = read_target(table, spec);
  PreparedData out;
  out.split = split(target, options);
  out.preprocess = fit(table, spec, out.split.train);
  out.data = apply(out.preprocess, table);
  return out;
}

}  // namespace lehr
