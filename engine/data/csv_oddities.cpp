#include "engine/data/csv_oddities.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"

namespace lehr {

namespace {
constexpr std::int64_t fewest_rows = 5;  // that can tell numbers and names of rows

struct OddityRow { Oddity what; const char *one, *many; };
constexpr OddityRow oddity_rows[] = {
    {Oddity::empty, "has no value in any row", "have no value in any row"},
    {Oddity::constant, "has the same value in all rows", "have the same value in all rows"},
    {Oddity::row_numbers, "numbers the rows", "number the rows"},
    {Oddity::row_names, "has another text in every row: it names the rows", "have another text in every row: they name the rows"},
    {Oddity::dates, "holds dates, as names", "hold dates, as names"},
};

bool all_equal(const Column& column) {
  if (column.missing > 0) return false;
  if (!column.numeric) return column.texts.size() == 1;
  for (const double value : column.numbers)
    if (value != column.numbers[0]) return false;
  return true;
}

bool counts_rows(const Column& column) {
  const double first = column.numbers[0];
  if (first != 0 && first != 1) return false;
  for (std::size_t i = 1; i < column.numbers.size(); ++i)
    if (column.numbers[i] != first + static_cast<double>(i)) return false;
  return true;
}

std::optional<Oddity> oddity(const Column& column, std::int64_t rows) {
  if (column.missing == rows) return Oddity::empty;
  if (rows > 1 && all_equal(column)) return Oddity::constant;
  if (column.numeric) return rows >= fewest_rows && counts_rows(column) ? std::optional(Oddity::row_numbers) : std::nullopt;
  if (std::ranges::all_of(column.texts, looks_like_date)) return Oddity::dates;
  if (rows >= fewest_rows && static_cast<std::int64_t>(column.texts.size()) == rows &&
      !std::ranges::all_of(column.texts, [](const std::string& text) { return parse_number(text).has_value(); }))
    return Oddity::row_names;
  return std::nullopt;
}
}  // namespace

bool looks_like_date(std::string_view cell) {
  std::array<std::size_t, 3> digits{};
  char mark = 0;
  std::size_t group = 0, i = 0;
  for (; i < cell.size(); ++i) {
    const char c = cell[i];
    if (c >= '0' && c <= '9') ++digits[group];
    else if (group < 2 && digits[group] > 0 && (c == '-' || c == '/' || c == '.') && (mark == 0 || c == mark)) mark = c, ++group;
    else break;
  }
  if (group != 2 || digits[1] > 2 || digits[1] == 0) return false;
  const bool year_first = digits[0] == 4 && digits[2] <= 2 && digits[2] > 0;
  const bool year_last = digits[0] <= 2 && (digits[2] == 4 || digits[2] == 2);
  if (!year_first && !year_last) return false;
  const std::string_view time = cell.substr(i);
  if (time.empty()) return true;
  return (time[0] == ' ' || time[0] == 'T') && time.size() > 1 && time[1] >= '0' && time[1] <= '9' && time.find(':') != std::string_view::npos;
}

std::vector<OddColumn> odd_columns(const CsvTable& table) {
  std::vector<OddColumn> out;
  for (std::size_t c = 0; c < table.columns.size(); ++c)
    if (const auto what = oddity(table.columns[c], table.rows)) out.push_back({c, *what});
  return out;
}

std::vector<std::string> odd_notes(const CsvTable& table, const std::vector<OddColumn>& odd, const std::function<bool(std::size_t)>& told) {
  constexpr std::size_t shown = 5;
  std::vector<std::string> out;
  for (const OddityRow& row : oddity_rows) {
    std::vector<std::string> names;
    std::size_t count = 0;
    for (const OddColumn& each : odd)
      if (each.what == row.what && told(each.column) && ++count <= shown) {
        const Column& column = table.columns[each.column];
        names.push_back(column.named ? quote(column.name) : cat(column.name, table.header ? " (without a name)" : ""));
      }
    if (count == 0) continue;
    if (count > shown) names.push_back(cat("… (", count, " in all)"));
    out.push_back(cat(count == 1 ? "column " : "columns ", join(names, ", "), " ", count == 1 ? row.one : row.many));
  }
  return out;
}

}  // namespace lehr
