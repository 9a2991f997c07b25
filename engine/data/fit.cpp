#include <algorithm>
#include <map>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "base/threads.h"
#include "engine/data/columns.h"
#include "engine/data/dates.h"
#include "engine/data/preprocess.h"
#include "engine/data/problems.h"
#include "engine/data/scalers.h"
#include "engine/data/target.h"
#include "engine/data/test_table.h"
#include "engine/data/transforms.h"

namespace lehr {

namespace {
using Rows = std::span<const std::int32_t>;
using As = ColumnRule::As;
using Encode = ColumnRule::Encode;
using Impute = ColumnRule::Impute;
using Scale = ColumnRule::Scale;
using Unknown = ColumnRule::Unknown;
using DatePart = ColumnRule::DatePart;

constexpr std::size_t max_one_hot = 10'000;

// One column by its settings.
struct Fitter {
  const CsvTable& table;
  const ColumnRule& rule;
  std::size_t column;
  bool integers;  // the input takes int64
  Rows rows;
  Problems& problems;

  const Column& cells() const { return table.columns[column]; }
  std::string called() const { return cat("column ", quote(cells().name)); }
  Impute impute() const { return rule.impute.value_or(Impute::error); }

  std::vector<ColumnPlan> plans() const {
    std::vector<ColumnPlan> out;
    const auto add = [&] {
      ColumnPlan& plan = out.emplace_back();
      plan.name = cells().name, plan.index = static_cast<std::int64_t>(column);
      return &plan;
    };
    const As as = rule.as.value_or(As::number);
    if (as == As::date) {
      std::vector<DatePart> parts = rule.parts;
      if (parts.empty()) parts = {DatePart::year, DatePart::month, DatePart::day};
      for (const DatePart part : parts) {
        ColumnPlan* plan = add();
        plan->part = part;
        if (!fit_number(*plan)) break;  // its cells are told once
      }
    } else if (as == As::category) {
      fit_category(*add());
    } else if (const auto names = truths(); integers && !names.empty()) {
      fit_truth(*add(), names);
    } else {
      fit_number(*add());
    }
    if (rule.indicator.value_or(false)) add()->kind = ColumnPlan::Kind::indicator;
    return out;
  }

 private:
  // How false and true are spelled in a column of nothing else; of two spellings of one it is text.
  std::vector<std::string> truths() const {
    std::vector<std::string> out(2);
    for (const std::string& text : cells().texts) {
      if (lower(text) != "true" && lower(text) != "false") return {};
      std::string& name = out[lower(text) == "true"];
      if (!name.empty()) return {};
      name = text;
    }
    if (out[0].empty() && out[1].empty()) return {};
    for (const bool truth : {false, true})
      if (out[truth].empty()) out[truth] = truth ? "true" : "false";
    return out;
  }

  // As whole numbers, 0 and 1.
  void fit_truth(ColumnPlan& plan, const std::vector<std::string>& names) const {
    plan.kind = ColumnPlan::Kind::code;
    plan.categories = names;
    if (impute() == Impute::zero) plan.fill_category = names[0];
    else if (impute() == Impute::value) plan.fill_category = rule.fill;
    else if (impute() != Impute::error) plan.fill_category = most_frequent(names);
    if (plan.fill_category && std::ranges::find(names, *plan.fill_category) == names.end())
      problems.add(called(), " holds ", names[0], " and ", names[1], ", its missing cells cannot be filled with ", quote(*plan.fill_category));
    if (!plan.fill_category && cells().missing > 0) name_missing();
  }

  void fit_category(ColumnPlan& plan) const {
    const bool code = integers || rule.encode == Encode::code;
    plan.kind = code ? ColumnPlan::Kind::code : ColumnPlan::Kind::one_hot;
    plan.unknown = rule.unknown.value_or(Unknown::error);
    if (code && plan.unknown == Unknown::zeros)
      problems.add(called(), " is encoded as code, which has no zeros for an unknown name: unknown: most_frequent, or encode: one_hot");
    plan.categories = table::distinct(cells());
    if (plan.categories.empty()) return problems.add(called(), " has no value");
    const bool fills = impute() != Impute::error && impute() != Impute::value;
    if (const auto most = most_frequent(plan.categories); most) {
      if (fills) plan.fill_category = *most;
      if (plan.unknown == Unknown::most_frequent) plan.frequent = *most;
    } else if (fills || plan.unknown == Unknown::most_frequent) {
      problems.add(called(), " has no value in the training rows");
    }
    if (impute() == Impute::value) name_for_missing(plan);
    if (!code && plan.categories.size() > max_one_hot)
      problems.add(called(), " has ", plan.categories.size(), " categories, too many for one_hot: encode them as code, or drop it");
    if (impute() == Impute::error && cells().missing > 0) name_missing();
  }

  // One more name where no cell has it.
  void name_for_missing(ColumnPlan& plan) const {
    plan.fill_category = rule.fill;
    if (std::ranges::find(plan.categories, rule.fill) != plan.categories.end()) return;
    plan.categories.push_back(rule.fill);
    table::sort_names(plan.categories);
  }

  std::optional<std::string> most_frequent(const std::vector<std::string>& names) const {
    std::vector<std::int64_t> counts(names.size());
    const auto codes = table::codes(cells(), names);
    for (const std::int32_t row : rows)
      if (const std::int64_t k = codes[static_cast<std::size_t>(row)]; k >= 0) ++counts[static_cast<std::size_t>(k)];
    const auto most = std::ranges::max_element(counts);
    if (most == counts.end() || *most == 0) return std::nullopt;
    return names[static_cast<std::size_t>(most - counts.begin())];
  }

  // The number of a cell: NaN where missing; nothing where it is another text.
  std::optional<double> raw(std::int64_t row, const ColumnPlan& plan) const { return table::raw_number(table, row, column, plan.part); }

  bool fit_number(ColumnPlan& plan) const {
    plan.transform = rule.transform.value_or(ColumnRule::Transform::none);
    const TransformRow& transform = transform_row(plan.transform);
    std::vector<std::size_t> texts, missing, outside;
    const bool plain = cells().numeric && !plan.part && cells().missing == 0 && *transform.domain == 0;
    for (std::int64_t r = 0; !plain && r < table.rows; ++r) {
      const auto value = raw(r, plan);
      if (!value) texts.push_back(static_cast<std::size_t>(r));
      else if (std::isnan(*value)) missing.push_back(static_cast<std::size_t>(r));
      else if (!transform.takes(*value)) outside.push_back(static_cast<std::size_t>(r));
    }
    if (!texts.empty()) return name_texts(texts, plan), false;
    if (integers) {
      plan.kind = ColumnPlan::Kind::integer;
      if (plan.transform != ColumnRule::Transform::none) problems.add(called(), " goes into an input of whole numbers: no transform: ", transform.name);
      if (impute() == Impute::zero) plan.fill = 0;
      else if (impute() == Impute::value || impute() == Impute::most_frequent) fill_missing(plan, values_of(plan));
      else if (!missing.empty()) name_missing(missing);
      return true;
    }
    if (impute() == Impute::error && !missing.empty()) return name_missing(missing), false;
    if (!outside.empty()) {
      name_cells(outside, [&](std::size_t row) { return table.cell(static_cast<std::int64_t>(row), column); },
                 cat(" outside the domain of transform: ", transform.name, ", which takes numbers ", transform.domain).c_str());
      return false;
    }
    const bool any = holds_value(plan);
    if (!any && impute() != Impute::zero && impute() != Impute::value) return problems.add(called(), " has no value in the training rows"), false;
    static constexpr double nothing[] = {0};
    const Values values = any ? values_of(plan) : Values([](const Values::Block& block) { block(nothing); });
    fill_missing(plan, values);
    if (plan.fill && !transform.takes(*plan.fill))
      return problems.add(called(), ": missing values are filled with ", *plan.fill, ", transform: ", transform.name, " takes numbers ", transform.domain),
             false;
    scale(plan, Values([&](const Values::Block& block) {
            std::vector<double> out;
            values.each([&](std::span<const double> raw) {
              if (plan.transform == ColumnRule::Transform::none) return block(raw);
              out.assign(raw.begin(), raw.end());
              for (double& value : out) value = transform.of(value);
              block(out);
            });
          }));
    if (!std::isfinite(plan.shift) || !std::isfinite(plan.scale) || !std::isfinite(plan.fill.value_or(0)))
      return problems.add("the values of ", called(), " are too large to be scaled"), false;
    return true;
  }

  // Of the training rows, without the missing ones.
  Values values_of(const ColumnPlan& plan) const {
    return Values([this, &plan](const Values::Block& block) {
      if (!cells().numeric || plan.part) {
        std::vector<double> out;
        for (const std::int32_t row : rows)
          if (const auto value = raw(row, plan); value && !std::isnan(*value)) out.push_back(*value);
        return block(out);
      }
      cells().numbers.gather(rows, [&](std::span<double> some) {
        const auto present = [&] { return std::remove_if(some.begin(), some.end(), [](double v) { return std::isnan(v); }); };  // clang 14: no ranges
        if (cells().missing > 0) some = some.first(static_cast<std::size_t>(present() - some.begin()));
        block(some);
      });
    });
  }
  bool holds_value(const ColumnPlan& plan) const { return (cells().numeric && cells().missing == 0) || values_of(plan).count() > 0; }

  void fill_missing(ColumnPlan& plan, const Values& values) const {
    switch (impute()) {
      case Impute::error: return;
      case Impute::zero: plan.fill = 0; return;
      case Impute::mean: plan.fill = mean(values); return;
      case Impute::median: plan.fill = median(values.all()); return;
      case Impute::most_frequent: plan.fill = most_frequent_number(values.all()); return;
      case Impute::value:
        plan.fill = parse_number(rule.fill);
        if (!plan.fill) problems.add(called(), " holds numbers, its missing ones cannot be filled with ", quote(rule.fill));
    }
  }

  static double median(std::vector<double> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::ranges::nth_element(values, middle);
    return values.size() % 2 == 0 ? std::midpoint(*std::max_element(values.begin(), middle), *middle) : *middle;
  }

  static double most_frequent_number(std::vector<double> values) {
    std::ranges::sort(values);
    double best = 0;
    std::ptrdiff_t most = 0;
    for (auto at = values.begin(); at != values.end();) {
      const auto end = std::upper_bound(at, values.end(), *at);
      if (end - at > most) most = end - at, best = *at;
      at = end;
    }
    return best;
  }

  void scale(ColumnPlan& plan, const Values& values) const {
    const ScalerRow& scaler = scaler_row(rule.scale.value_or(Scale::none));
    Scaling fitted = scaler.fit(values, scaler.number ? rule.*scaler.number : 0);
    plan.shift = fitted.shift, plan.scale = fitted.scale, plan.knots = std::move(fitted.knots);
    plan.normal = rule.scale == Scale::quantile_normal;
  }

  void name_texts(const std::vector<std::size_t>& found, const ColumnPlan& plan) const {
    const auto text = [&](std::size_t r) {
      const std::string cell = table.cell(static_cast<std::int64_t>(r), column);
      return plan.part ? not_a_date(cell) : not_a_number(cell);
    };
    if (plan.part) return name_cells(found, text, " that is no date");
    const bool dates = std::ranges::all_of(found, [&](std::size_t r) { return parse_date(table.cell(static_cast<std::int64_t>(r), column)).has_value(); });
    name_cells(found, text,
               cat(" of text: list it under `categorical` if they are names, ", dates ? "give it `as: date` to have the numbers of its dates, " : "",
                   "under `drop` if it is not needed, or the text under `missing` if it stands for no value")
                   .c_str());
  }

  void name_missing(const std::vector<std::size_t>& found) const {
    if (std::ssize(found) == table.rows)
      return problems.add("column ", cells().named ? quote(cells().name) : cat(cells().name, table.header ? " has no name and" : ""),
                          cells().named || !table.header ? " has" : "", " no value in any row: drop: [", printable(cells().name), "] leaves it out");
    name_cells(found, [](std::size_t) { return std::string("the value is missing"); },
               " without a value: say what stands for it, the mean, the median or zero");
  }
  void name_missing() const {
    std::vector<std::size_t> found;
    for (std::int64_t r = 0; r < table.rows; ++r)
      if (table::missing(cells(), r)) found.push_back(static_cast<std::size_t>(r));
    name_missing(found);
  }

  // The column with the count of its bad cells, then each of them; the first three where there are many.
  template <class Text>
  void name_cells(std::vector<std::size_t> found, const Text& text, const char* hint) const {
    const std::string count = cat(grouped(static_cast<long long>(found.size())), found.size() == 1 ? " cell" : " cells");
    problems.add(called(), " has ", count, hint);
    if (found.size() >= Problems::shown) found.resize(3);
    for (const std::size_t r : found) problems.add([&] { return table.place(static_cast<std::int64_t>(r), column) + ": " + text(r); });
  }
};

// An input is all int64 or all float32.
void check_kinds(const InputPlan& input, Problems& problems) {
  const auto is_code = [](const ColumnPlan& column) { return column.is_int64(); };
  const auto count = std::ranges::count_if(input.columns, is_code);
  if (count == 0 || count == static_cast<std::ptrdiff_t>(input.columns.size())) return;
  const auto code = std::ranges::find_if(input.columns, is_code);
  const auto other = std::ranges::find_if_not(input.columns, is_code);
  problems.add("one input cannot hold category codes (", quote(code->label()), ") and numbers (", quote(other->label()),
               "); give each its columns under `inputs`");
}

// Of the target's numbers in the training rows.
void scale_target(Preprocess& out, const CsvTable& table, Rows rows) {
  for (NamedColumn& target : out.targets) {
    const Values values([&](const Values::Block& block) {
      std::vector<double> some;
      for (const std::int32_t row : rows) {
        if (const auto value = table.value(row, static_cast<std::size_t>(target.index)); value && !std::isnan(*value)) some.push_back(*value);
        if (some.size() == CompactNumbers::block) block(some), some.clear();
      }
      block(some);
    });
    if (values.count() == 0) continue;  // told where the target is read
    const Scaling fitted = scaler_row(Scale::standard).fit(values, 0);
    target.shift = fitted.shift, target.scale = fitted.scale;
  }
}
}  // namespace

Preprocess fit(const CsvTable& table, const TableSpec& spec, Rows train_rows) {
  return within(quote(table.source), [&] {
    if (train_rows.empty()) throw Error("there are no training rows to fit the preprocessing on").code(Exit::mismatch);
    Problems problems;
    const ColumnUse use = column_use(table, spec, problems);
    Preprocess out;
    out.header = table.header, out.table_columns = static_cast<std::int64_t>(table.columns.size());
    out.classes = spec.classes, out.ignore = spec.ignore, out.missing = table.missing;
    const auto named = [&](std::size_t column) { return NamedColumn{table.columns[column].name, static_cast<std::int64_t>(column)}; };
    for (const std::size_t column : use.targets) out.targets.push_back(named(column));
    for (const std::size_t column : use.weights) out.row_weight = named(column);
    if (spec.classes.empty() && spec.classify && !use.targets.empty()) out.classes = table::class_names(table.columns[use.targets[0]], spec);
    if (spec.target_standard) scale_target(out, table, train_rows);
    for (const auto& use_of : use.inputs) {
      InputPlan input{use_of.first, {}};
      const std::vector<std::size_t>& columns = use_of.second;
      const bool integers = std::ranges::find(spec.integer_inputs, input.name) != spec.integer_inputs.end();
      std::vector<std::vector<ColumnPlan>> plans(columns.size());
      std::vector<Problems> found(columns.size());
      run_on(table::workers(table.rows), columns.size(), [&](std::size_t, std::size_t i) {
        plans[i] = Fitter{table, use.settings[columns[i]], columns[i], integers, train_rows, found[i]}.plans();
      });
      for (std::size_t i = 0; i < columns.size(); ++i) {
        problems.add(found[i]);
        std::ranges::move(plans[i], std::back_inserter(input.columns));
      }
      check_kinds(input, problems);
      out.inputs.push_back(std::move(input));
    }
    if (spec.target_inputs && out.inputs.size() != 1)
      problems.add("the inputs can be the target where there is one, not ", out.inputs.size(), ": leave `inputs` out");
    problems.raise();
    return out;
  });
}

FittedData fit_data(const CsvTable& table, const TableSpec& spec, const SplitOptions& options) {
  FittedData out;
  out.target = read_target(table, spec);
  out.split = split_table(table, out.target, options);
  out.preprocess = fit(table, spec, out.split.train);
  return out;
}

PreparedData prepare_data(const CsvTable& table, const TableSpec& spec, const SplitOptions& options) {
  FittedData fitted = fit_data(table, spec, options);
  PreparedData out;
  out.data = apply(fitted, table);
  out.split = std::move(fitted.split), out.preprocess = std::move(fitted.preprocess);
  return out;
}

}  // namespace lehr
