#include "engine/data/csv_reader.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/memory.h"

namespace lehr::csv {

namespace {
constexpr std::size_t give_up = 10'000;  // problems

bool is_listed(const CsvTable& table, std::size_t column, const std::vector<std::string>& list) {
  if (list.empty()) return false;
  const auto count = static_cast<std::int64_t>(table.columns.size()), index = static_cast<std::int64_t>(column);
  const std::string from_start = std::to_string(index), from_end = std::to_string(index - count);
  return std::ranges::any_of(list, [&](const std::string& entry) {
    const bool pattern = entry.find_first_of("*?") != std::string::npos;
    if ((table.columns[column].named || pattern) && matches(entry, table.columns[column].name)) return true;
    return (entry == from_start || entry == from_end) && std::ranges::none_of(table.columns, [&](const Column& c) { return c.named && c.name == entry; });
  });
}
}  // namespace

Reader::Reader(CsvTable& table, Source& source, const CsvOptions& options)
    : table_(table),
      source_(source),
      find_decimal_(!options.decimal && table.delimiter != ','),
      how_(table.columns.size(), Read::number),
      listed_(table.columns.size()),
      words_(table.columns.size()) {
  for (std::size_t c = 0; c < how_.size(); ++c) listed_[c] = is_listed(table, c, options.text);
}

void Reader::guess(const std::vector<std::string>& first) {
  for (std::size_t c = 0; c < std::min(first.size(), how_.size()); ++c)
    if (!is_missing_number(first[c], table_.missing) && !parse_number(first[c], table_.decimal) && !decimal_comma(first[c])) how_[c] = Read::text;
}

void Reader::run(Problems& problems) {
  const std::vector<Read> guessed = how_;
  pass(problems);
  if (problems.count() == 0 && other_decimal()) {
    table_.decimal = table_.decimal == '.' ? ',' : '.';
    find_decimal_ = false;
    how_ = guessed;
    pass(problems);
  }
  if (problems.count() > 0 || std::ranges::find(turned_, true) == turned_.end()) return;
  for (std::size_t c = 0; c < how_.size(); ++c) how_[c] = turned_[c] ? Read::text : Read::nothing;
  pass(problems);
}

// A comma is the decimal mark where some numbers have one and none has a point.
bool Reader::other_decimal() const { return find_decimal_ && others_ && (table_.decimal == ',' || !decimals_); }

void Reader::pass(Problems& problems) {
  turned_.assign(how_.size(), false);
  stand_ins_.clear();
  for (const std::string& spelling : table_.missing)
    if (const auto value = parse_number(spelling, table_.decimal)) stand_ins_.push_back(*value);
  decimals_ = others_ = false;
  bad_rows_ = 0;
  table_.lines.clear();
  for (std::size_t c = 0; c < how_.size(); ++c) start(c);
  source_.rewind();
  Stretches stretches(source_);
  bool header = table_.header;
  for (std::string_view text = stretches.next(); !text.empty() && problems.count() <= give_up; text = stretches.next()) {
    Cells cells(text, table_.delimiter, table_.decimal, stretches.line());
    rows(cells, header, problems);
    decimals_ |= cells.decimals();
    check_size(source_.text());
  }
  table_.rows = static_cast<std::int64_t>(table_.lines.size());
  table_.bytes = source_.text();
  for (Column& column : table_.columns) column.numbers.finish();
}

// What is read grows with the file; a byte a cell is the least it takes.
void Reader::check_size(std::uintmax_t text) const {
  if (table_.lines.size() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) throw Error("it has more than 2147483647 rows");
  const double whole = text > 0 && source_.stored() > text ? static_cast<double>(source_.stored()) / static_cast<double>(text) : 1;
  check_memory(static_cast<double>(table_.lines.size()) * static_cast<double>(how_.size() + 4) * whole, "reading it");
}

void Reader::rows(Cells& cells, bool& header, Problems& problems) {
  while (cells.start_row()) {
    const std::int64_t line = cells.line();
    if (header) {
      header = false;
      read_row(cells);
      continue;
    }
    if (problems.count() == give_up) return problems.add("reading stopped at line ", line);
    const std::size_t filled = row(cells, problems);
    if (filled == how_.size()) table_.lines.push_back(static_cast<std::uint32_t>(line));
    else if (filled > 0) problems.add("line ", line, " has ", filled, filled == 1 ? " cell" : " cells", ", the first row has ", how_.size());
  }
}

void Reader::start(std::size_t c) {
  if (listed_[c] && how_[c] == Read::number) how_[c] = Read::text;
  if (how_[c] == Read::nothing) return;
  Column& column = table_.columns[c];
  column.missing = 0;
  column.numeric = how_[c] == Read::number;
  column.numbers = {}, column.codes.clear(), column.texts.clear();
  words_[c] = column.numeric ? nullptr : std::make_unique<Dictionary>();
}

// Cells in the row; 0 where the row's quoting is broken.
std::size_t Reader::row(Cells& cells, Problems& problems) {
  std::size_t c = 0;
  try {
    do {
      if (c < how_.size()) cell(cells, c);
      else if (c < max_columns) cells.text();
      else throw Error("line ", cells.line(), " has more than ", max_columns, " cells, the limit");
      ++c;
    } while (cells.next_in_row());
  } catch (const Error& error) {
    problems.add(error.sentence());
    cells.skip_row();
    return 0;
  }
  return c;
}

void Reader::cell(Cells& cells, std::size_t c) {
  Column& column = table_.columns[c];
  if (how_[c] == Read::number) {
    double value = 0;
    if (!cells.number(value)) value = other_number(cells.text(), c);
    if (!stand_ins_.empty()) value = without_stand_ins(value, column);
    column.numbers.push_back(value);
  } else {
    const std::string_view text = cells.text();
    if (how_[c] == Read::text) column.codes.push_back(code(text, c));
  }
}

double Reader::other_number(std::string_view text, std::size_t c) {
  const bool missing = is_missing_number(text, table_.missing);
  table_.columns[c].missing += missing;
  if (!missing) {
    if (const auto value = parse_number(text, table_.decimal)) return decimals_ |= text.find(table_.decimal) != std::string_view::npos, *value;
    others_ |= table_.decimal == '.' ? decimal_comma(text) : parse_number(text).has_value();
    turned_[c] = true;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

// Numbers that stand for a missing value, such as -999.
double Reader::without_stand_ins(double value, Column& column) const {
  if (std::ranges::find(stand_ins_, value) == stand_ins_.end()) return value;
  ++column.missing;
  return std::numeric_limits<double>::quiet_NaN();
}

std::int32_t Reader::code(std::string_view text, std::size_t c) {
  Column& column = table_.columns[c];
  Dictionary& words = *words_[c];
  if (const auto known = words.find(text); known != words.end()) return column.missing += known->second < 0, known->second;
  const bool missing = is_missing(text, table_.missing);
  const std::int32_t fresh = missing ? -1 : static_cast<std::int32_t>(column.texts.size());
  if (missing) ++column.missing;
  else column.texts.emplace_back(text);
  words.emplace(std::string(text), fresh);
  return fresh;
}

}  // namespace lehr::csv
