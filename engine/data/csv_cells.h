#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/csv.h"

namespace lehr::csv {

constexpr std::size_t max_cell = std::size_t{1} << 20;   // bytes
constexpr std::size_t max_columns = 100'000;

// Walks a text cell by cell. The text must be followed by a NUL and contain none.
class Cells {
 public:
  Cells(const char* begin, const char* end, char delimiter) : p_(begin), end_(end), delimiter_(delimiter) {}

  bool at_end() const { return p_ == end_; }
  std::int64_t line() const { return line_; }
  // Skips blank lines; false at the end of the text.
  bool start_row();
  // An unquoted finite number without blanks or plus sign that ends where the cell ends; false without having moved otherwise.
  bool number(double& value) { return plain_number(value) || any_number(value); }
  // The cell at hand: unquoted and trimmed, or quoted with its quotes undone. Valid until the next call. Error on broken quoting.
  std::string_view text();
  // After a cell: true where another cell follows in this row, false after the row's end was passed.
  bool next_in_row();
  // Passes the rest of the row, quoted line ends included.
  void skip_row();

 private:
  bool blank(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }
  bool ends(const char* p) const { return *p == delimiter_ || *p == '\n' || *p == '\r' || p == end_; }
  void pass_line_end();
  bool plain_number(double& value);  // such as -12.5
  bool any_number(double& value);
  std::string_view quoted();

  const char* p_;
  const char* end_;
  char delimiter_;
  std::int64_t line_ = 1;
  std::string buffer_;
};

// One row's cells as text.
std::vector<std::string> read_row(Cells& cells);

struct Dialect { char delimiter = ','; bool header = false; };
// What the options leave open is found in the first rows: the delimiter that occurs equally often in each of them (tab before
// semicolon before comma); a header where no cell of the first row is a number although one below is, or where all
// columns are text and the first row repeats none of its cells.
Dialect detect(std::string_view text, const CsvOptions& options);

bool is_missing(std::string_view cell, const std::vector<std::string>& missing);

}  // namespace lehr::csv
