#pragma once
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/csv.h"

namespace lehr::csv {

constexpr std::size_t max_cell = std::size_t{1} << 20;   // bytes
constexpr std::size_t max_columns = 2'000'000;

// Walks a text cell by cell. The text must end behind a row's end or be followed by a NUL, and contain none; eight bytes behind it can be read.
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
  bool next_in_row() {
    if (p_ != end_ && *p_ == delimiter_) return ++p_, true;
    pass_line_end();
    return false;
  }
  // Passes the rest of the row, quoted line ends included.
  void skip_row();

 private:
  bool blank(char c) const { return (c == ' ' || c == '\t') && c != delimiter_; }
  bool ends(const char* p) const { return p == end_ || *p == delimiter_ || *p == '\n' || *p == '\r'; }
  void pass_line_end() {
    if (p_ == end_) return;
    if (*p_ == '\r' && p_ + 1 != end_ && p_[1] == '\n') ++p_;
    ++p_, ++line_;
  }
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

namespace detail {
inline bool is_digit(char c) { return static_cast<unsigned char>(c - '0') < 10; }
inline constexpr std::array<double, 19> powers = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8, 1e9,
                                                  1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18};

// The digits from p on behind those of m, eight bytes at once; p goes to the first byte that is none. Wraps around where there are too many.
inline std::uint64_t more_digits(const char*& p, std::uint64_t m) {
  static_assert(std::endian::native == std::endian::little);
  constexpr std::array<std::uint64_t, 9> shift = {1, 10, 100, 1000, 10'000, 100'000, 1'000'000, 10'000'000, 100'000'000};
  for (;;) {
    std::uint64_t digits;
    std::memcpy(&digits, p, sizeof digits);
    digits ^= 0x3030303030303030u;  // a digit becomes its value, any other byte 10 or more
    const std::uint64_t others = ((digits + 0x7676767676767676u) | digits) & 0x8080808080808080u;
    const unsigned count = others == 0 ? 8 : static_cast<unsigned>(std::countr_zero(others)) / 8;
    if (count == 0) return m;
    digits <<= 64 - 8 * count;  // the last of them in the highest byte, zeros in front of the first
    digits = (digits * 10 + (digits >> 8)) & 0x00ff00ff00ff00ffu;  // pairs
    digits = (digits * 100 + (digits >> 16)) & 0x0000ffff0000ffffu;
    digits = (digits * 10'000 + (digits >> 32)) & 0xffffffffu;
    m = m * shift[count] + digits;
    p += count;
    if (count < 8) return m;
  }
}
}  // namespace detail

// Digits m and decimals k with m <= 2^53 and k <= 18: m / 10^k is correctly rounded, both being exact (Clinger 1990).
inline bool Cells::plain_number(double& value) {
  const char* p = p_;
  const bool negative = *p == '-';
  p += negative;
  const char* first = p;
  std::uint64_t m = 0;
  while (detail::is_digit(*p)) m = m * 10 + static_cast<std::uint64_t>(*p++ - '0');
  std::ptrdiff_t digits = p - first, decimals = 0;
  if (*p == decimal_) {
    const char* point = ++p;
    m = detail::more_digits(p, m);
    decimals = p - point;
    digits += decimals;
  }
  if (static_cast<std::size_t>(digits - 1) >= 18 || m > (std::uint64_t{1} << 53) || !ends(p)) return false;
  const double magnitude = static_cast<double>(static_cast<std::int64_t>(m)) / detail::powers[static_cast<std::size_t>(decimals)];
  value = std::bit_cast<double>(std::bit_cast<std::uint64_t>(magnitude) | static_cast<std::uint64_t>(negative) << 63);  // signs are no pattern to guess
  decimals_ |= decimals > 0;
  p_ = p;
  return true;
}

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
