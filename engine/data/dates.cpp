#include "engine/data/dates.h"

#include <chrono>

#include "base/text.h"

namespace lehr {

namespace {
using Part = ColumnRule::DatePart;
namespace chrono = std::chrono;

chrono::year_month_day date_of(const DateTime& m) {
  return chrono::year(m.year) / chrono::month(static_cast<unsigned>(m.month)) / chrono::day(static_cast<unsigned>(m.day));
}
double days(const chrono::sys_days& d) { return static_cast<double>(d.time_since_epoch().count()); }

// Digits from the front, exactly this many.
std::optional<int> take(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int out = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return out;
}
bool skip(std::string_view& text, char c) {
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool read_time(std::string_view& text, DateTime& m) {
  const auto hour = take(text, 2);
  if (!hour || !skip(text, ':')) return false;
  const auto minute = take(text, 2);
  if (!minute || *hour > 23 || *minute > 59) return false;
  m.hour = *hour, m.minute = *minute;
  if (!skip(text, ':')) return true;
  const auto second = take(text, 2);
  if (!second || *second > 60) return false;
  m.second = *second;
  if (!text.starts_with('.') && !text.starts_with(',')) return true;
  text.remove_prefix(1);
  double place = 0.1;
  const std::size_t before = text.size();
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1), place /= 10) m.second += place * (text[0] - '0');
  return text.size() < before;
}

bool read_zone(std::string_view text) {
  if (text.empty() || text == "Z" || text == "z") return true;
  if (text[0] != '+' && text[0] != '-') return false;
  text.remove_prefix(1);
  if (!take(text, 2)) return false;
  skip(text, ':');
  return text.empty() || (take(text, 2) && text.empty());
}

constexpr DatePartRow rows[] = {
    {Part::year, "year", "", [](const DateTime& m) { return static_cast<double>(m.year); }},
    {Part::month, "month", "1 to 12", [](const DateTime& m) { return static_cast<double>(m.month); }},
    {Part::day, "day", "of the month, 1 to 31", [](const DateTime& m) { return static_cast<double>(m.day); }},
    {Part::weekday, "weekday", "0 (Monday) to 6",
     [](const DateTime& m) { return static_cast<double>(chrono::weekday(chrono::sys_days(date_of(m))).iso_encoding() - 1); }},
    {Part::dayofyear, "dayofyear", "1 to 366",
     [](const DateTime& m) { return days(date_of(m)) - days(chrono::year(m.year) / chrono::January / chrono::day(1)) + 1; }},
    {Part::hour, "hour", "0 to 23", [](const DateTime& m) { return static_cast<double>(m.hour); }},
    {Part::minute, "minute", "0 to 59", [](const DateTime& m) { return static_cast<double>(m.minute); }},
    {Part::second, "second", "with its fraction", [](const DateTime& m) { return m.second; }},
    {Part::timestamp, "timestamp", "seconds since 1970-01-01, as written",
     [](const DateTime& m) { return days(date_of(m)) * 86400 + m.hour * 3600 + m.minute * 60 + m.second; }},
};
constexpr bool in_order() {
  for (std::size_t i = 0; i < std::size(rows); ++i)
    if (static_cast<std::size_t>(rows[i].part) != i) return false;
  return true;
}
static_assert(in_order(), "each part of a date has its row, in the order of the enumerators");
}  // namespace

std::optional<DateTime> parse_date(std::string_view text) {
  text = trim(text);
  DateTime m;
  const auto year = take(text, 4);
  if (!year) return std::nullopt;
  const bool dashes = skip(text, '-');
  const auto month = take(text, 2);
  if (!month || (dashes && !skip(text, '-'))) return std::nullopt;
  const auto day = take(text, 2);
  if (!day) return std::nullopt;
  m.year = *year, m.month = *month, m.day = *day;
  if (!date_of(m).ok()) return std::nullopt;
  if (text.empty()) return m;
  if (!skip(text, 'T') && !skip(text, 't') && !skip(text, ' ')) return std::nullopt;
  if (!read_time(text, m) || !read_zone(text)) return std::nullopt;
  return m;
}

std::string not_a_date(std::string_view cell) { return cat(quote(cell), " is no date (as 2024-12-31, with a time 2024-12-31T13:05:00)"); }

std::span<const DatePartRow> standard_date_parts() { return rows; }
const DatePartRow& date_part_row(Part part) { return rows[static_cast<std::size_t>(part)]; }

}  // namespace lehr
