#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/data/options.h"

namespace lehr {

// A day of the proleptic Gregorian calendar with a time of day, as it is written: no time zone is applied.
struct DateTime {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0;
  double second = 0;
};
// ISO 8601: 2024-02-29, 20240229, each with a time behind T or a blank: 13:05, 13:05:09, 13:05:09.25, and Z or an offset, which is read over.
// Nothing: anything else, days that no calendar has among it.
std::optional<DateTime> parse_date(std::string_view text);

// Why a cell is no date: "'31.12.2024' is no date (as 2024-12-31, with a time 2024-12-31T13:05:00)".
std::string not_a_date(std::string_view cell);

// A number of a date.
struct DatePartRow {
  ColumnRule::DatePart part;
  const char *name, *doc;  // as experiment files spell it
  double (*of)(const DateTime& moment);
};
std::span<const DatePartRow> standard_date_parts();
const DatePartRow& date_part_row(ColumnRule::DatePart part);

}  // namespace lehr
