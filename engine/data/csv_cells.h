#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/csv.h"

namespace lehr::csv {

constexpr std::size_t max_cell = std::size_t{1} << 20;   // bytes
constexpr std::size_t max_columns = 2'000'000;

// Walks a text cell by cell. The text must end behind a row's end or be followed by a NUL, and contain none.
class Cells {
 public:
  Cells(std::string_view text, char delimiter, char decimal = '.', std::int64_t line = 1)
      : p_(text.data()), end_(text.data() + text.size()), delimiter_(delimiter), decimal_(decimal), line_(line) {}

  std::int64_t line() const { return line_; }
  // Skips blank lines; false at the end of the text.
  bool start_row();
  // An unquoted finite number without blanks or plus sign that ends where the cell ends; false without having moved otherwise.
  bool number(double& value) { return plain_number(value) || any_number(value); }
  // Some number() had a decimal mark.
  bool decimals() const { return decimals_; }
  // The cell at hand: unquoted and trimmed, or quoted with its quotes undone. Valid until the next call. Error on broken quoting.
  std::string_view text();
  // After a cell: true where another cell follows in this row, false after the row's end was passed.
  bool next_in_row();
  // Passes the rest of the row, quoted line ends included.
  void skip_row();

 private:
  bool blank(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }
  bool ends(const char* p) const { return p == end_ || *p == delimiter_ || *p == '\n' || *p == '\r'; }
  void pass_line_end();
  bool plain_number(double& value);  // such as -12.5
  bool any_number(double& value);
  std::string_view quoted();

  const char* p_;
  const char* end_;
  char delimiter_, decimal_;
  bool decimals_ = false;
  std::int64_t line_;
  std::string buffer_;
};

// One row's cells as text.
std::vector<std::string> read_row(Cells& cells);

struct Dialect {
  char delimiter = ',', decimal = '.';
  bool header = false;
  std::string header_reason;  // empty where the options say it
};
// What the options leave open is found in the first rows, which `text` holds whole:
// the delimiter that occurs equally often in each of them (tab before semicolon before comma); the decimal comma as decimal_comma() says;
// a header where the first line has names over numbers, or only names that occur nowhere below, or integers 0..n-1 or years over fractions.
Dialect detect(std::string_view text, const CsvOptions& options);

// "1,5": a number if the comma is its decimal mark, and not as well one with thousands marked, as 1,500 and 1,234,567.
bool decimal_comma(std::string_view cell);
bool marks_thousands(std::string_view cell);

bool is_missing(std::string_view cell, const std::vector<std::string>& missing);
// The same in a column of numbers.
bool is_missing_number(std::string_view cell, const std::vector<std::string>& missing);

}  // namespace lehr::csv
