#include "experiments/cli/column_facts.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "base/error.h"
#include "base/readable.h"
#include "engine/data/dates.h"

namespace lehr::cli {

namespace {
// Of dates the parts that differ among them: year, month, hour, the weekday of many; else the next finer ones. Empty: some text is no date.
std::vector<std::string> date_parts(const Column& c, std::int64_t rows) {
  std::vector<DateTime> dates;
  for (const std::string& text : c.texts) {
    const auto date = parse_date(text);
    if (!date) return {};
    dates.push_back(*date);
  }
  using enum ColumnRule::DatePart;
  std::vector<std::string> out;
  const auto add = [&](ColumnRule::DatePart part) {
    const DatePartRow& row = date_part_row(part);
    if (std::ranges::any_of(dates, [&](const DateTime& d) { return row.of(d) != row.of(dates.front()); })) out.emplace_back(row.name);
  };
  const bool daily = std::ranges::any_of(dates, [&](const DateTime& d) { return d.day != dates.front().day; });
  add(year), add(month);
  if (out.empty()) add(day);
  if (daily && rows >= few_rows) add(weekday);
  add(hour);
  for (const auto finer : {minute, second})
    if (out.empty()) add(finer);
  return out;
}

bool called_number(const std::string& name) {
  const std::string word = lower(name);
  for (const char* known : {"", "id", "index", "idx", "row", "rows", "rownames", "row_names", "rowid", "no", "nr", "num", "number", "obs", "unnamed: 0", "x1"})
    if (word == known) return true;
  return word.ends_with("_id") || word.ends_with("id_") || word.ends_with(" id") || word.starts_with("id_") || name.ends_with("Id") || name.ends_with("ID");
}
}  // namespace

std::string counted(std::int64_t n, const char* what) { return cat(grouped(n), " ", what, n == 1 ? "" : "s"); }

Facts facts_of(const Column& c, std::int64_t rows) {
  Facts f;
  f.present = rows - c.missing;
  if (!c.numeric) {
    f.distinct = static_cast<std::int64_t>(c.texts.size());
    f.whole = f.counts_up = false;
    if (f.distinct > 1) f.dates = date_parts(c, rows);
    return f;
  }
  std::set<double> seen;
  constexpr std::size_t enough = 100'000;  // distinct numbers are counted up to here
  f.counts_up = c.missing == 0 && rows > 2;
  for (std::int64_t r = 0; r < rows; ++r) {
    const double v = c.numbers[static_cast<std::size_t>(r)];
    if (std::isnan(v)) continue;
    if (seen.empty()) f.first = f.low = f.high = v;
    f.low = std::min(f.low, v), f.high = std::max(f.high, v);
    f.whole = f.whole && v == std::floor(v);
    f.counts_up = f.counts_up && v == f.first + static_cast<double>(r);
    if (seen.size() < enough) seen.insert(v);
  }
  f.distinct = static_cast<std::int64_t>(seen.size());
  return f;
}

std::string why_left_out(const Column& c, const Facts& f, bool named, std::int64_t rows) {
  if (f.present == 0) return "it has no value in any row";
  if (f.distinct == 1) return c.missing == 0 ? "it has the same value in all rows" : "it has one value only";
  if (c.numeric) {
    if (f.counts_up && (f.first == 0 || f.first == 1 || !named || called_number(c.name))) return cat("it numbers the rows from ", readable(f.first));
    if (named && called_number(c.name) && f.whole && f.distinct == rows) return "it is a number of its own for each row, by its name";
    return "";
  }
  if (!f.dates.empty()) return "";
  if (f.distinct == f.present && f.distinct > 2) return "each of its texts stands in one row: it names rows";
  if (f.distinct > most_classes && f.present / f.distinct < rows_a_name)
    return cat("it names rows: ", grouped(f.distinct), " texts in ", counted(f.present, "row"));
  if (static_cast<std::size_t>(f.distinct) > most_names) return cat("it has ", grouped(f.distinct), " texts, too many to give each an input");
  return "";
}

}  // namespace lehr::cli
