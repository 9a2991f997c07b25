#include "engine/data/csv_cells.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/error.h"

namespace lehr::csv {

bool Cells::start_row() {
  while (p_ != end_) {
    const char* q = p_;
    while (q != end_ && blank(*q)) ++q;
    if (q != end_ && *q != '\n' && *q != '\r') return true;
    p_ = q;
    pass_line_end();
  }
  return false;
}

bool Cells::any_number(double& value) {
  if (decimal_ != '.') {
    const char* p = p_;
    while (!ends(p)) ++p;
    const std::string_view cell(p_, static_cast<std::size_t>(p - p_));
    if (cell.empty() || cell[0] == '+') return false;
    const auto read = parse_number(cell, decimal_);
    if (read) value = *read, decimals_ |= cell.find(decimal_) != std::string_view::npos, p_ = p;
    return read.has_value();
  }
  const auto [end, status] = std::from_chars(p_, end_, value);
  if (status != std::errc() || !ends(end) || !std::isfinite(value)) return false;
  decimals_ = true;
  p_ = end;
  return true;
}

std::string_view Cells::text() {
  while (blank(*p_)) ++p_;
  if (*p_ == '"') return quoted();
  const char* begin = p_;
  bool quote_inside = false;
  while (!ends(p_)) quote_inside |= *p_++ == '"';
  const char* last = p_;
  while (last != begin && blank(last[-1])) --last;
  const std::string_view cell(begin, static_cast<std::size_t>(last - begin));
  if (cell.size() > max_cell) throw Error("line ", line_, " has a cell of ", cell.size(), " bytes, the limit is ", max_cell);
  if (quote_inside) throw Error("line ", line_, ": a double quote stands inside the unquoted cell ", quote(cell));
  return cell;
}

std::string_view Cells::quoted() {
  const std::int64_t opened = line_;
  buffer_.clear();
  for (++p_;;) {
    if (p_ == end_) throw Error("line ", opened, ": a double quote is never closed");
    if (*p_ == '"') {
      if (p_[1] != '"') break;
      ++p_;
    }
    if (*p_ == '\n' || (*p_ == '\r' && p_[1] != '\n')) ++line_;
    if (buffer_.size() == max_cell) throw Error("line ", opened, " has a quoted cell of more than ", max_cell, " bytes, the limit");
    buffer_ += *p_++;
  }
  ++p_;
  while (blank(*p_)) ++p_;
  if (!ends(p_)) throw Error("line ", line_, ": the quoted cell ", quote(buffer_), " is followed by ", quote({p_, 1}));
  return buffer_;
}

void Cells::skip_row() {
  bool inside = false;
  for (; p_ != end_ && (inside || (*p_ != '\n' && *p_ != '\r')); ++p_) {
    if (*p_ == '"') inside = !inside;
    if (inside && (*p_ == '\n' || (*p_ == '\r' && p_[1] != '\n'))) ++line_;
  }
  pass_line_end();
}

std::vector<std::string> read_row(Cells& cells) {
  std::vector<std::string> row;
  do {
    if (row.size() == max_columns) throw Error("line ", cells.line(), " has more than ", max_columns, " cells, the limit");
    row.emplace_back(cells.text());
  } while (cells.next_in_row());
  return row;
}

bool is_missing(std::string_view cell, const std::vector<std::string>& missing) {
  return std::ranges::find(missing, cell) != missing.end();
}

bool is_missing_number(std::string_view cell, const std::vector<std::string>& missing) {
  return cell.empty() || std::ranges::find(missing_numbers(), cell) != missing_numbers().end() || is_missing(cell, missing);
}

}  // namespace lehr::csv
