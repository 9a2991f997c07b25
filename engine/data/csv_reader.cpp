#include "engine/data/csv_reader.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/memory.h"
#include "base/threads.h"

namespace lehr::csv {

namespace {
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
      listed_(table.columns.size()),
      words_(table.columns.size()) {
  way_.delimiter = table.delimiter, way_.missing = table.missing;
  way_.columns.assign(table.columns.size(), Read::number);
  for (std::size_t c = 0; c < listed_.size(); ++c) listed_[c] = is_listed(table, c, options.text);
}

void Reader::guess(const std::vector<std::string>& first) {
  for (std::size_t c = 0; c < std::min(first.size(), way_.columns.size()); ++c)
    if (!is_missing_number(first[c], table_.missing) && !parse_number(first[c], table_.decimal) && !decimal_comma(first[c])) way_.columns[c] = Read::text;
}

void Reader::run(Problems& problems) {
  const std::vector<Read> guessed = way_.columns;
  pass(problems);
  if (problems.count() == 0 && other_decimal()) {
    table_.decimal = table_.decimal == '.' ? ',' : '.';
    find_decimal_ = false;
    way_.columns = guessed;
    pass(problems);
  }
  if (problems.count() > 0 || std::ranges::find(turned_, true) == turned_.end()) return;
  for (std::size_t c = 0; c < turned_.size(); ++c) way_.columns[c] = turned_[c] ? Read::text : Read::nothing;
  pass(problems);
}

// A comma is the decimal mark where some numbers have one and none has a point.
bool Reader::other_decimal() const { return find_decimal_ && others_ && (table_.decimal == ',' || !decimals_); }

void Reader::pass(Problems& problems) {
  const std::size_t columns = table_.columns.size();
  turned_.assign(columns, false);
  decimals_ = others_ = false;
  table_.lines.clear();
  for (std::size_t c = 0; c < columns; ++c) start(c);
  way_.decimal = table_.decimal;
  way_.stand_ins.clear();
  for (const std::string& spelling : table_.missing)
    if (const auto value = parse_number(spelling, table_.decimal)) way_.stand_ins.push_back(*value);

  source_.rewind();
  Stretches stretches(source_);
  bool header = table_.header;
  constexpr std::size_t most_workers = 4;  // what is done in order keeps more of them waiting
  const auto stretches_at_least = static_cast<std::size_t>(source_.stored() / Stretches::usual);
  std::vector<Part> parts(std::min({cores(), most_workers, 1 + stretches_at_least}));
  in_order(parts.size(), {[&](std::size_t worker) {
                            Part& part = parts[worker];
                            if (!stretches.next(part.stretch)) return false;
                            part.header = header && Cells(part.stretch.text, table_.delimiter).start_row();
                            header = header && !part.header;
                            return true;
                          },
                          [&](std::size_t worker) { parts[worker].read(way_); },
                          [&](std::size_t worker) { return join(parts[worker], problems); }});
  table_.rows = static_cast<std::int64_t>(table_.lines.size());
  table_.bytes = source_.text();
  for (Column& column : table_.columns) column.numbers.finish();
}

// What is read grows with the file; a byte a cell is the least it takes.
void Reader::check_size(std::uintmax_t rows, std::uintmax_t text) const {
  if (rows > static_cast<std::uintmax_t>(std::numeric_limits<std::int32_t>::max())) throw Error("it has more than 2147483647 rows");
  const double whole = text > 0 && source_.stored() > text ? static_cast<double>(source_.stored()) / static_cast<double>(text) : 1;
  check_memory(static_cast<double>(rows) * static_cast<double>(table_.columns.size() + 4) * whole, "reading it");
}

void Reader::start(std::size_t c) {
  if (listed_[c] && way_.columns[c] == Read::number) way_.columns[c] = Read::text;
  if (way_.columns[c] == Read::nothing) return;
  Column& column = table_.columns[c];
  column.missing = 0;
  column.numeric = way_.columns[c] == Read::number;
  column.numbers = {}, column.codes.clear(), column.texts.clear();
  words_[c] = column.numeric ? nullptr : std::make_unique<Dictionary>();
}

// The rows of a part behind those there are; false where there are too many problems to go on.
bool Reader::join(const Part& part, Problems& problems) {
  for (const Part::Problem& problem : part.problems()) {
    if (problems.count() == Part::give_up) return problems.add("reading stopped at line ", problem.line), false;
    problems.add([&] { return problem.sentence; });
  }
  for (std::size_t c = 0; c < table_.columns.size(); ++c) {
    if (way_.columns[c] == Read::text) join_texts(part, c);
    if (way_.columns[c] != Read::number) continue;
    Column& column = table_.columns[c];
    column.numbers.append(part.numbers(c));
    column.missing += part.missing(c);
    if (part.turned(c)) turned_[c] = true;
  }
  decimals_ |= part.decimals(), others_ |= part.others();
  table_.lines.insert(table_.lines.end(), part.lines().begin(), part.lines().end());
  check_size(table_.lines.size(), part.stretch.read);
  return true;
}

void Reader::join_texts(const Part& part, std::size_t c) {
  Column& column = table_.columns[c];
  std::vector<std::int32_t> of_part;
  for (const std::string& text : part.texts(c)) {
    const auto [known, fresh] = words_[c]->try_emplace(text, static_cast<std::int32_t>(column.texts.size()));
    if (fresh && is_missing(text, table_.missing)) known->second = -1;
    else if (fresh) column.texts.push_back(text);
    of_part.push_back(known->second);
  }
  for (const std::int32_t code : part.codes(c)) {
    column.codes.push_back(of_part[static_cast<std::size_t>(code)]);
    column.missing += column.codes.back() < 0;
  }
}

}  // namespace lehr::csv
