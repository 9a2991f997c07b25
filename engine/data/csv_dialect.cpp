#include <algorithm>
#include <set>

#include "base/error.h"
#include "engine/data/csv_cells.h"

namespace lehr::csv {

namespace {
constexpr std::size_t sample_rows = 100, sample_cells = 100'000, fewest_counted = 3, surely_counted = 8;
using Rows = std::vector<std::vector<std::string>>;

// The rows at the start; what is broken is left for the reader proper to report.
Rows sample(std::string_view text, char delimiter) {
  Rows rows;
  std::size_t count = 0;
  Cells cells(text, delimiter);
  try {
    while (rows.size() < sample_rows && (rows.size() < 2 || count < sample_cells) && cells.start_row()) {
      rows.push_back(read_row(cells));
      count += rows.back().size();
    }
  } catch (const Error&) {
  }
  return rows;
}

char find_delimiter(std::string_view text, bool comma_is_decimal) {
  char best = comma_is_decimal ? ';' : ',';
  std::size_t most = 1;
  for (const char candidate : {'\t', ';', ','}) {
    if (candidate == ',' && comma_is_decimal) continue;
    const Rows rows = sample(text, candidate);
    if (rows.empty() || rows[0].size() < 2) continue;
    if (std::ranges::all_of(rows, [&](const auto& row) { return row.size() == rows[0].size(); })) return candidate;
    if (rows[0].size() > most) most = rows[0].size(), best = candidate;
  }
  return best;
}

char find_decimal(const Rows& rows) {
  bool comma = false;
  for (const auto& row : rows)
    for (const std::string& cell : row) {
      if (cell.find('.') != std::string::npos && parse_number(cell)) return '.';
      comma |= decimal_comma(cell);
    }
  return comma ? ',' : '.';
}

bool is_year(std::string_view cell) {
  return cell.size() == 4 && cell >= "1800" && cell <= "2100" && std::ranges::all_of(cell, [](char d) { return d >= '0' && d <= '9'; });
}

// What stands below the first cell of a column.
struct Below {
  std::size_t numbers = 0, texts = 0;
  bool fraction = false;
  std::set<std::string_view> distinct;
};

// The first row against the rows below it.
struct FirstRow {
  const Rows& rows;
  std::vector<Below> below;
  std::vector<std::size_t> numbers, names;  // columns whose first cell is a number; or a name, not the mark of a missing value

  FirstRow(const Rows& r, char decimal, const std::vector<std::string>& missing) : rows(r), below(r[0].size()) {
    for (std::size_t c = 0; c < below.size(); ++c) {
      if (parse_number(rows[0][c], decimal)) numbers.push_back(c);
      else if (!is_missing_number(rows[0][c], missing)) names.push_back(c);
      for (std::size_t row = 1; row < rows.size(); ++row) {
        if (c >= rows[row].size() || is_missing_number(rows[row][c], missing)) continue;
        const auto value = parse_number(rows[row][c], decimal);
        ++(value ? below[c].numbers : below[c].texts);
        below[c].fraction |= rows[row][c].find(decimal) != std::string::npos && value;
        below[c].distinct.insert(rows[row][c]);
      }
    }
  }

  const std::string& cell(std::size_t c) const { return rows[0][c]; }
  std::optional<std::size_t> name_over_numbers() const {
    for (const std::size_t c : names)
      if (below[c].numbers > below[c].texts) return c;
    return std::nullopt;
  }
  // "0, 1, 2" or "1, 2, 3" in this order.
  bool counts() const {
    for (std::size_t i = 0; i < numbers.size(); ++i)
      if (cell(numbers[i]) != std::to_string(i) && cell(numbers[i]) != std::to_string(i + 1)) return false;
    return cell(numbers.back()) == std::to_string(numbers.size() - (cell(numbers[0]) == "0"));
  }
  bool years() const {
    const std::set<std::string> distinct(rows[0].begin(), rows[0].end());
    return numbers.size() > 1 && distinct.size() == rows[0].size() && std::ranges::all_of(numbers, [&](std::size_t c) { return is_year(cell(c)); });
  }
  bool over_years() const { return std::ranges::any_of(numbers, [&](std::size_t c) { return std::ranges::any_of(below[c].distinct, is_year); }); }
  bool over_fractions() const { return std::ranges::any_of(numbers, [&](std::size_t c) { return below[c].fraction; }); }
  bool last_is_a_name_of_its_own() const {
    const std::size_t last = below.size() - 1;
    return !names.empty() && names.back() == last && below[last].texts > below[last].distinct.size() && !below[last].distinct.contains(cell(last));
  }
};

struct Verdict { bool header; std::string reason; };

Verdict judge_numbers(const FirstRow& first) {
  const std::string shown = cat(printable(first.cell(first.numbers[0])), first.numbers.size() > 1 ? cat(", ", printable(first.cell(first.numbers[1]))) : "",
                                first.numbers.size() > 2 ? ", …" : "");
  const bool counts = first.counts(), years = first.years();
  if (!counts && !years) return {false, cat(quote(first.cell(first.numbers[0])), " in it is a number")};
  const char* what = counts ? " count the columns" : " are years";
  if (const auto c = first.name_over_numbers()) return {true, cat(shown, what, ", and ", quote(first.cell(*c)), " stands over numbers")};
  if (first.last_is_a_name_of_its_own() && (first.over_fractions() || first.numbers.size() >= fewest_counted))
    return {true, cat(shown, what, ", and ", quote(first.cell(first.below.size() - 1)), " occurs nowhere below it")};
  if (first.over_fractions() && (years || first.numbers.size() >= fewest_counted)) return {true, cat(shown, what, " and stand over fractions")};
  if (years && first.rows.size() > 1 && !first.over_years()) return {true, cat(shown, what, ", and none stands below")};
  if (counts && first.numbers.size() >= surely_counted && first.rows.size() > 1) return {true, cat(shown, what)};
  return {false, cat(shown, " in it are numbers as those below")};
}

Verdict find_header(const Rows& rows, char decimal, const std::vector<std::string>& missing) {
  if (rows.empty()) return {false, {}};
  const FirstRow first(rows, decimal, missing);
  if (!first.numbers.empty()) return judge_numbers(first);
  if (first.names.empty()) return {false, "its cells name nothing"};
  if (const auto c = first.name_over_numbers()) return {true, cat(quote(first.cell(*c)), " stands over numbers")};
  std::set<std::string> seen;
  for (std::size_t c = 0; c < first.below.size(); ++c) {
    if (first.below[c].distinct.contains(first.cell(c))) return {false, cat(quote(first.cell(c)), " occurs below it, too")};
    if (!seen.insert(first.cell(c)).second) return {false, cat(quote(first.cell(c)), " stands in it twice")};
  }
  return {true, "none of its names occurs below it"};
}
}  // namespace

bool marks_thousands(std::string_view cell) {
  if (!cell.empty() && (cell[0] == '-' || cell[0] == '+')) cell.remove_prefix(1);
  if (cell.empty() || cell[0] < '1' || cell[0] > '9') return false;
  std::size_t groups = 0, digits = 0;
  for (const char c : cell) {
    if (c == ',') {
      if (digits == 0 || digits > 3 || (groups > 0 && digits != 3)) return false;
      ++groups, digits = 0;
    } else if (c < '0' || c > '9') return false;
    else ++digits;
  }
  return groups > 0 && digits == 3;
}

bool decimal_comma(std::string_view cell) {
  return cell.find(',') != std::string_view::npos && !marks_thousands(cell) && parse_number(cell, ',').has_value();
}

Dialect detect(std::string_view text, const CsvOptions& options) {
  Dialect found;
  found.delimiter = options.delimiter ? *options.delimiter : find_delimiter(text, options.decimal == ',');
  const Rows rows = sample(text, found.delimiter);
  found.decimal = options.decimal ? *options.decimal : found.delimiter == ',' ? '.' : find_decimal(rows);
  found.header = options.header.value_or(false);
  if (options.header) return found;
  Verdict verdict = find_header(rows, found.decimal, options.missing);
  found.header = verdict.header, found.header_reason = std::move(verdict.reason);
  return found;
}

}  // namespace lehr::csv
