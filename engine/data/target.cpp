#include "engine/data/target.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "base/error.h"
#include "base/threads.h"
#include "engine/data/columns.h"
#include "engine/data/dates.h"
#include "engine/data/preprocess.h"
#include "engine/data/problems.h"

namespace lehr::table {

namespace {
constexpr std::size_t max_classes = 10'000;

void check_text(const Column& column) {
  if (column.numeric) throw Error("column ", quote(column.name), " is held as numbers, its names are needed").code(Exit::failed);
}
}  // namespace

void sort_names(std::vector<std::string>& names) {
  std::vector<std::pair<double, std::string>> valued;
  for (const std::string& name : names)
    if (const auto value = parse_number(name)) valued.emplace_back(*value, name);
  if (valued.size() < names.size()) return std::ranges::sort(names), void();
  std::ranges::sort(valued);
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = std::move(valued[i].second);
}

std::vector<std::string> distinct(const Column& column) {
  check_text(column);
  std::vector<std::string> out = column.texts;
  sort_names(out);
  return out;
}

std::size_t workers(std::int64_t rows) {
  constexpr std::size_t most = 4;
  return std::min({cores(), most, 1 + static_cast<std::size_t>(rows) / (8 * CompactNumbers::block)});
}

std::vector<std::int64_t> text_codes(const Column& column, const std::vector<std::string>& known) {
  check_text(column);
  std::unordered_map<std::string_view, std::int64_t> index;
  for (std::size_t k = 0; k < known.size(); ++k) index.emplace(known[k], static_cast<std::int64_t>(k));
  std::vector<std::int64_t> of_text;
  for (const std::string& cell : column.texts) {
    const auto at = index.find(cell);
    of_text.push_back(at == index.end() ? unknown_code : at->second);
  }
  return of_text;
}

std::vector<std::int64_t> codes(const Column& column, const std::vector<std::string>& known) {
  const std::vector<std::int64_t> of_text = text_codes(column, known);
  std::vector<std::int64_t> out;
  out.reserve(column.codes.size());
  for (const std::int32_t code : column.codes) out.push_back(code < 0 ? missing_code : of_text[static_cast<std::size_t>(code)]);
  return out;
}

bool missing(const Column& column, std::int64_t row) {
  const auto r = static_cast<std::size_t>(row);
  return column.numeric ? std::isnan(column.numbers[r]) : column.codes[r] < 0;
}

std::optional<double> raw_number(const CsvTable& table, std::int64_t row, std::size_t column, std::optional<ColumnRule::DatePart> part) {
  if (!part) return table.value(row, column);
  if (missing(table.columns[column], row)) return std::nan("");
  const auto moment = parse_date(table.cell(row, column));
  return moment ? std::optional(date_part_row(*part).of(*moment)) : std::nullopt;
}

std::vector<std::string> class_names(const Column& column, const TableSpec& spec) {
  std::vector<std::string> out = distinct(column);
  std::erase_if(out, [&](const std::string& name) {
    return std::ranges::any_of(spec.ignore, [&](const std::string& other) { return name == other; });
  });
  return out;
}

namespace {
// Cells that are wrong in one way: the first place, how many, some lines.
struct Wrong {
  std::string place;
  std::int64_t count = 0;
  std::vector<std::string> lines;
  void add(const CsvTable& table, std::int64_t row, std::size_t column) {
    if (count++ == 0) place = table.place(row, column);
    else if (count <= 6) lines.push_back(table.line(row));
  }
  // "; so it is in 7 more (lines 5, 8, …)", "" of one.
  std::string more() const {
    if (count < 2) return {};
    return cat("; so it is in ", grouped(count - 1), " more (line", count == 2 ? " " : "s ", join(lines, ", "),
               count - 1 > static_cast<std::int64_t>(lines.size()) ? ", …)" : ")");
  }
};
std::string missing_target(const Wrong& wrong) {
  return cat(wrong.place, ": the target is missing", wrong.more(), "\n  target: {missing: drop} leaves such rows out");
}

Field class_field(const CsvTable& table, std::size_t column, const std::vector<std::string>& classes, const std::vector<std::string>& ignore) {
  const Column& c = table.columns[column];
  Problems problems;
  Field field{"target", {}, Dtype::i64, {}, {}};
  field.i64 = codes(c, classes);
  const std::vector<std::int64_t> ignored = ignore.empty() ? std::vector<std::int64_t>() : codes(c, ignore);
  std::vector<bool> met(ignore.size());
  Wrong without;
  std::map<std::string, Wrong> unlisted;
  std::vector<std::string> order;
  for (std::size_t r = 0; r < field.i64.size(); ++r) {
    const std::int64_t row = static_cast<std::int64_t>(r);
    if (field.i64[r] >= 0) continue;  // no class is ignored
    if (!ignored.empty() && ignored[r] >= 0) {
      met[static_cast<std::size_t>(ignored[r])] = true;
      field.i64[r] = ignored_class;
      continue;
    }
    if (field.i64[r] == missing_code) {
      without.add(table, row, column);
      continue;
    }
    const std::string cell = table.cell(row, column);
    if (!unlisted.contains(cell)) order.push_back(cell);
    unlisted[cell].add(table, row, column);
  }
  for (const std::string& cell : order)
    problems.add([&] {
      return cat(unlisted[cell].place, ": ", quote(cell), " is not one of the classes ", printable(cat(classes)), did_you_mean(cell, classes),
                 unlisted[cell].more());
    });
  if (without.count > 0) problems.add([&] { return missing_target(without); });
  for (std::size_t k = 0; k < ignore.size(); ++k)
    if (!met[k]) problems.add("target.ignore: no row of the target has ", quote(ignore[k]), did_you_mean(ignore[k], distinct(c)));
  problems.raise(Exit::mismatch);
  return field;
}
}  // namespace

Field target_field(const CsvTable& table, const std::vector<std::size_t>& columns, const std::vector<std::string>& classes,
                   const std::vector<std::string>& ignore, const Dataset::TargetScaling& scaling) {
  if (!classes.empty()) return class_field(table, columns.at(0), classes, ignore);
  Problems problems;
  Field field{"target", {static_cast<std::int64_t>(columns.size())}, Dtype::f32, {}, {}};
  field.f32.reserve(static_cast<std::size_t>(table.rows) * columns.size());
  Wrong without;
  for (std::int64_t row = 0; row < table.rows; ++row)
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const std::size_t column = columns[k];
      std::optional<double> value = table.value(row, column);
      if (value && !scaling.empty()) *value = (*value - scaling.shift[k]) * scaling.scale[k];
      field.f32.push_back(static_cast<float>(value.value_or(0)));
      if (value && std::isfinite(field.f32.back())) continue;
      if (value && std::isnan(*value)) {
        without.add(table, row, column);
        continue;
      }
      problems.add([&] {
        const std::string place = table.place(row, column) + ": ";
        if (!value) return place + not_a_number(table.cell(row, column)) + ", as a regression's target must be";
        return cat(place, *value, " is beyond the range of float32");
      });
    }
  if (without.count > 0) problems.add([&] { return missing_target(without); });
  problems.raise(Exit::mismatch);
  return field;
}

std::vector<float> weight_values(const CsvTable& table, std::size_t column) {
  Problems problems;
  std::vector<float> out;
  bool any = false;
  for (std::int64_t row = 0; row < table.rows; ++row) {
    const std::optional<double> value = table.value(row, column);
    out.push_back(static_cast<float>(value.value_or(0)));
    any = any || out.back() > 0;
    if (value && std::isfinite(out.back()) && out.back() >= 0) continue;
    problems.add([&] {
      const std::string place = table.place(row, column) + ": ";
      if (!value) return place + not_a_number(table.cell(row, column)) + ", as a row weight must be";
      if (std::isnan(*value)) return place + "the row weight is missing";
      return cat(place, "a row weight is a number at least 0, not ", *value);
    });
  }
  if (!any) problems.add("row_weight: no row of column ", quote(table.columns[column].name), " has a weight above 0");
  problems.raise(Exit::mismatch);
  return out;
}

}  // namespace lehr::table

namespace lehr {

std::vector<std::string> text_columns(const TableSpec& spec) {
  const auto holds_text = [](const ColumnRule& rule) { return rule.as && *rule.as != ColumnRule::As::number; };
  std::vector<std::string> out;
  if (holds_text(spec.every)) out.push_back("*");
  for (const ColumnRule& rule : spec.rules)
    if (holds_text(rule)) out.push_back(rule.pattern);
  if ((spec.classify || !spec.classes.empty()) && !spec.target_inputs) out.insert(out.end(), spec.targets.begin(), spec.targets.end());
  return out;
}

std::vector<std::string> text_columns(const Preprocess& p, bool with_target) {
  std::vector<std::string> out;
  // Columns behind the targets are counted from the end, so that their absence does not move them.
  const auto add = [&](const std::string& name, std::int64_t index) {
    const bool behind = std::ranges::any_of(p.targets, [&](const NamedColumn& target) { return target.index < index; });
    out.push_back(p.header ? name : cat(behind ? index - p.table_columns : index));
  };
  for (const InputPlan& input : p.inputs)
    for (const ColumnPlan& plan : input.columns)
      if (plan.is_category() || plan.part) add(plan.name, plan.index);
  if (with_target && !p.classes.empty())
    for (const NamedColumn& target : p.targets) add(target.name, target.index);
  return out;
}

Dataset read_target(const CsvTable& table, const TableSpec& spec) {
  return within(quote(table.source), [&] {
    const std::vector<std::size_t> columns = target_columns(table, spec);
    for (std::size_t i = 0; i < spec.classes.size(); ++i)
      if (std::ranges::find(spec.classes.begin(), spec.classes.begin() + static_cast<std::ptrdiff_t>(i), spec.classes[i]) !=
          spec.classes.begin() + static_cast<std::ptrdiff_t>(i))
        throw Error("class ", quote(spec.classes[i]), " is listed twice");
    for (const std::string& name : spec.ignore)
      if (std::ranges::find(spec.classes, name) != spec.classes.end()) throw Error("target.ignore: ", quote(name), " is one of the classes");
    Dataset out;
    out.source = table.source;
    out.rows = table.rows;
    if (columns.empty()) return out;
    for (const std::size_t column : columns)
      if (table.rows > 0 && table.columns[column].missing == table.rows)
        throw Error("the target, column ", quote(table.columns[column].name), ", has no value in any row",
                    column + 1 == table.columns.size() ? ": every line ends in a delimiter, perhaps; name another column" : "")
            .code(Exit::mismatch);
    out.classes = spec.classes;
    if (spec.classes.empty() && spec.classify) out.classes = table::class_names(table.columns[columns[0]], spec);
    if (out.classes.size() > table::max_classes)
      throw Error("the target ", quote(table.columns[columns[0]].name), " has ", out.classes.size(), " distinct values: too many for classes");
    out.target = table::target_field(table, columns, out.classes, spec.ignore);
    return out;
  });
}

namespace {
CompactNumbers kept_numbers(const CompactNumbers& numbers, const std::vector<std::size_t>& rows) {
  CompactNumbers out;
  if (numbers.empty()) return out;
  for (const std::size_t row : rows) out.push_back(numbers[row]);
  out.finish();
  return out;
}

// These rows alone, in this order.
void keep_rows(CsvTable& table, const std::vector<std::size_t>& rows) {
  const auto keep = [&](auto& values) {
    if (values.empty()) return;
    for (std::size_t i = 0; i < rows.size(); ++i) values[i] = values[rows[i]];
    values.resize(rows.size());
  };
  keep(table.lines);
  table.rows = static_cast<std::int64_t>(rows.size());
  for (Column& column : table.columns) {
    column.numbers = kept_numbers(column.numbers, rows);
    keep(column.codes);
    column.missing = 0;
    for (std::int64_t row = 0; row < table.rows; ++row) column.missing += table::missing(column, row);
  }
}
}  // namespace

std::string drop_without_target(CsvTable& table, const TableSpec& spec) {
  if (!spec.drop_without_target) return {};
  const std::vector<std::size_t> targets = within(quote(table.source), [&] { return target_columns(table, spec); });
  std::vector<std::size_t> kept;
  std::vector<std::string> lines;
  std::int64_t gone = 0;
  for (std::int64_t row = 0; row < table.rows; ++row) {
    const auto r = static_cast<std::size_t>(row);
    if (std::ranges::none_of(targets, [&](std::size_t column) { return table::missing(table.columns[column], row); })) {
      kept.push_back(r);
      continue;
    }
    if (++gone <= 10) lines.push_back(table.line(row));
  }
  if (gone == 0) return {};
  if (kept.empty()) throw Error(quote(table.source), ": no row has a target").code(Exit::mismatch);
  keep_rows(table, kept);
  return cat(grouped(gone), gone == 1 ? " row" : " rows", " without a target ", gone == 1 ? "is" : "are", " left out (line", gone == 1 ? " " : "s ",
             join(lines, ", "), gone > 10 ? ", …)" : ")");
}

}  // namespace lehr
