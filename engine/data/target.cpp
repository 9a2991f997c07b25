#include "engine/data/target.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <unordered_map>

#include "base/error.h"
#include "engine/data/preprocess.h"
#include "engine/data/problems.h"

namespace lehr::table {

namespace {
constexpr std::size_t max_classes = 10'000;

std::vector<std::string> distinct_numbers(const Column& column, std::span<const std::int32_t> rows) {
  std::vector<double> values;
  if (rows.empty()) values = column.numbers;
  for (const std::int32_t row : rows) values.push_back(column.numbers[static_cast<std::size_t>(row)]);
  std::erase_if(values, [](double v) { return std::isnan(v); });
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  std::vector<std::string> out;
  for (const double value : values) out.push_back(number(value));
  return out;
}
}  // namespace

std::vector<std::string> distinct(const Column& column, std::span<const std::int32_t> rows) {
  if (column.numeric) return distinct_numbers(column, rows);
  std::vector<std::string> out;
  if (rows.empty()) {
    out = column.texts;
  } else {
    std::vector<bool> seen(column.texts.size());
    for (const std::int32_t row : rows)
      if (const std::int32_t code = column.codes[static_cast<std::size_t>(row)]; code >= 0) seen[static_cast<std::size_t>(code)] = true;
    for (std::size_t c = 0; c < seen.size(); ++c)
      if (seen[c]) out.push_back(column.texts[c]);
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::int64_t> codes(const Column& column, const std::vector<std::string>& known) {
  std::vector<std::int64_t> out;
  if (column.numeric) {
    std::map<double, std::int64_t> index;
    for (std::size_t k = 0; k < known.size(); ++k)
      if (const auto value = parse_number(known[k])) index.emplace(*value, static_cast<std::int64_t>(k));
    out.reserve(column.numbers.size());
    for (const double value : column.numbers) {
      const auto at = std::isnan(value) ? index.end() : index.find(value);
      out.push_back(std::isnan(value) ? missing_code : at == index.end() ? unknown_code : at->second);
    }
    return out;
  }
  std::unordered_map<std::string_view, std::int64_t> index;
  for (std::size_t k = 0; k < known.size(); ++k) index.emplace(known[k], static_cast<std::int64_t>(k));
  std::vector<std::int64_t> of_text;
  for (const std::string& cell : column.texts) {
    const auto at = index.find(cell);
    of_text.push_back(at == index.end() ? unknown_code : at->second);
  }
  out.reserve(column.codes.size());
  for (const std::int32_t code : column.codes) out.push_back(code < 0 ? missing_code : of_text[static_cast<std::size_t>(code)]);
  return out;
}

Field target_field(const CsvTable& table, std::size_t column, const std::vector<std::string>& classes) {
  const Column& c = table.columns[column];
  Problems problems;
  Field field{"target", {}, Dtype::i64, {}, {}};
  if (!classes.empty()) {
    field.i64 = codes(c, classes);
    for (std::size_t r = 0; r < field.i64.size(); ++r) {
      const std::int64_t row = static_cast<std::int64_t>(r);
      if (field.i64[r] >= 0) continue;
      problems.add([&] {
        if (field.i64[r] == missing_code) return table.place(row, column) + ": the target is missing";
        const std::string cell = table.cell(row, column);
        return cat(table.place(row, column), ": ", quote(cell), " is not one of the classes ", printable(cat(classes)), did_you_mean(cell, classes));
      });
    }
  } else {
    field.row = {1}, field.dtype = Dtype::f32;
    field.f32.reserve(static_cast<std::size_t>(table.rows));
    for (std::int64_t row = 0; row < table.rows; ++row) {
      const std::optional<double> value = table.value(row, column);
      field.f32.push_back(static_cast<float>(value.value_or(0)));
      if (value && std::isfinite(field.f32.back())) continue;
      problems.add([&] {
        const std::string place = table.place(row, column) + ": ";
        if (!value) return place + not_a_number(table.cell(row, column)) + ", as a regression's target must be";
        if (std::isnan(*value)) return place + "the target is missing";
        return cat(place, *value, " is beyond the range of float32");
      });
    }
  }
  problems.raise(Exit::mismatch);
  return field;
}

}  // namespace lehr::table

namespace lehr {

Dataset read_target(const CsvTable& table, const TableSpec& spec) {
  return within(quote(table.source), [&] {
    const std::size_t column = within("the target", [&] { return table.find(spec.target); });
    for (std::size_t i = 0; i < spec.classes.size(); ++i)
      if (std::ranges::find(spec.classes.begin(), spec.classes.begin() + static_cast<std::ptrdiff_t>(i), spec.classes[i]) !=
          spec.classes.begin() + static_cast<std::ptrdiff_t>(i))
        throw Error("class ", quote(spec.classes[i]), " is listed twice");
    Dataset out;
    out.source = table.source;
    out.rows = table.rows;
    out.classes = spec.classes;
    if (spec.classes.empty() && spec.classify) out.classes = table::distinct(table.columns[column]);
    if (out.classes.size() > table::max_classes)
      throw Error("the target ", quote(table.columns[column].name), " has ", out.classes.size(), " distinct values: too many for classes");
    out.target = table::target_field(table, column, out.classes);
    return out;
  });
}

}  // namespace lehr
