#include "engine/data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "engine/data/csv_cells.h"
#include "engine/data/gzip.h"
#include "engine/data/problems.h"

namespace lehr {

using csv::Cells;

namespace {
struct Hash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};
using Dictionary = std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>>;

constexpr std::size_t give_up = 10'000;  // problems

enum class Read { number, text, nothing };

// Reads the rows into the table's columns, each column as `how` says. A column read as numbers in which another text turns up
// is left for a second pass.
class Reader {
 public:
  Reader(CsvTable& table, std::size_t width) : table_(table), how_(width, Read::number), words_(width) {
    for (const std::string& spelling : table.missing)
      if (const auto value = parse_number(spelling)) stand_ins_.push_back(*value);
  }

  // Columns whose first cell is no number are read as text at once.
  void guess(Cells first) try {
    const std::vector<std::string> cells = csv::read_row(first);
    for (std::size_t c = 0; c < std::min(cells.size(), how_.size()); ++c)
      if (!csv::is_missing(cells[c], table_.missing) && !parse_number(cells[c])) how_[c] = Read::text;
  } catch (const Error&) {  // run() reports it
  }

  void run(Cells cells, Problems& problems, std::size_t expected_rows) {
    pass(cells, problems, expected_rows);
    if (problems.count() > 0 || std::ranges::find(turned_, true) == turned_.end()) return;
    for (std::size_t c = 0; c < how_.size(); ++c) how_[c] = turned_[c] ? Read::text : Read::nothing;
    pass(cells, problems, expected_rows);
  }

 private:
  void pass(Cells cells, Problems& problems, std::size_t expected_rows) {
    turned_.assign(how_.size(), false);
    table_.lines.clear();
    table_.lines.reserve(expected_rows);
    for (std::size_t c = 0; c < how_.size(); ++c) start(c, expected_rows);
    while (cells.start_row()) {
      const std::int64_t line = cells.line();
      if (problems.count() == give_up) return problems.add("reading stopped at line ", line);
      const std::size_t filled = row(cells, problems);
      if (filled == how_.size()) table_.lines.push_back(static_cast<std::uint32_t>(line));
      else if (filled > 0) ragged(line, filled, problems);
    }
    table_.rows = static_cast<std::int64_t>(table_.lines.size());
  }

  void start(std::size_t c, std::size_t expected_rows) {
    if (how_[c] == Read::nothing) return;
    Column& column = table_.columns[c];
    column.missing = 0;
    column.numeric = how_[c] == Read::number;
    column.numbers = {};
    if (column.numeric) column.numbers.reserve(expected_rows);
    else column.codes.reserve(expected_rows);
  }

  // Cells in the row; 0 where the row's quoting is broken.
  std::size_t row(Cells& cells, Problems& problems) {
    std::size_t c = 0;
    try {
      do {
        if (c < how_.size()) cell(cells, c);
        else if (c < csv::max_columns) cells.text();
        else throw Error("line ", cells.line(), " has more than ", csv::max_columns, " cells, the limit");
        ++c;
      } while (cells.next_in_row());
    } catch (const Error& error) {
      problems.add(error.sentence());
      cells.skip_row();
      return 0;
    }
    return c;
  }

  void cell(Cells& cells, std::size_t c) {
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

  double other_number(std::string_view text, std::size_t c) {
    const bool missing = csv::is_missing(text, table_.missing);
    table_.columns[c].missing += missing;
    if (!missing)
      if (const auto value = parse_number(text)) return *value;
    if (!missing) turned_[c] = true;
    return std::numeric_limits<double>::quiet_NaN();
  }

  // Numbers that stand for a missing value, such as -999.
  double without_stand_ins(double value, Column& column) const {
    if (std::ranges::find(stand_ins_, value) == stand_ins_.end()) return value;
    ++column.missing;
    return std::numeric_limits<double>::quiet_NaN();
  }

  std::int32_t code(std::string_view text, std::size_t c) {
    Column& column = table_.columns[c];
    if (const auto known = words_[c].find(text); known != words_[c].end()) return column.missing += known->second < 0, known->second;
    const bool missing = csv::is_missing(text, table_.missing);
    const std::int32_t fresh = missing ? -1 : static_cast<std::int32_t>(column.texts.size());
    if (missing) ++column.missing;
    else column.texts.emplace_back(text);
    words_[c].emplace(std::string(text), fresh);
    return fresh;
  }

  void ragged(std::int64_t line, std::size_t cells, Problems& problems) const {
    problems.add("line ", line, " has ", cells, cells == 1 ? " cell" : " cells", ", the first row has ", how_.size());
  }

  CsvTable& table_;
  std::vector<Read> how_;
  std::vector<bool> turned_;
  std::vector<Dictionary> words_;
  std::vector<double> stand_ins_;
};

void check_text(std::string_view content) {
  if (content.substr(0, 2) == "\xff\xfe" || content.substr(0, 2) == "\xfe\xff") throw Error("it is UTF-16; save it as UTF-8");
  if (const void* nul = std::memchr(content.data(), 0, content.size())) {
    const auto at = static_cast<const char*>(nul) - content.data();
    const auto line = 1 + std::count(content.begin(), content.begin() + at, '\n');
    throw Error("line ", line, " has a NUL byte: this is not a text file");
  }
}

void check_options(const CsvOptions& options) {
  if (!options.delimiter) return;
  const char d = *options.delimiter;
  if (d == '"' || d == '\n' || d == '\r' || d == '\0' || (d >= '0' && d <= '9') || d == '.' || d == '-' || d == '+')
    throw Error(quote({&d, 1}), " cannot be a delimiter");
}

void name_columns(CsvTable& table, const std::vector<std::string>& header) {
  std::unordered_map<std::string, std::size_t> seen;
  Problems problems;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    std::string& name = table.columns[c].name;
    name = table.header && !header[c].empty() ? header[c] : std::to_string(c);
    const auto [first, fresh] = seen.emplace(name, c);
    if (!fresh) problems.add("columns ", first->second, " and ", c, " are both called ", quote(name));
  }
  problems.raise();
}

CsvTable parse(std::string_view text, const std::string& source, const CsvOptions& options) {
  check_options(options);
  CsvTable table;
  table.source = source;
  table.bytes = text.size();
  table.missing = options.missing;
  if (text.substr(0, 3) == "\xef\xbb\xbf") text.remove_prefix(3);
  check_text(text);
  const csv::Dialect dialect = csv::detect(text, options);
  table.delimiter = dialect.delimiter;
  table.header = dialect.header;

  Cells cells(text.data(), text.data() + text.size(), dialect.delimiter);
  if (!cells.start_row()) throw Error("it is empty");
  Cells data = cells;
  const std::vector<std::string> first = csv::read_row(cells);
  if (dialect.header) {
    data = cells;
    if (!cells.start_row()) throw Error("it has a header (", printable(join(first, ", ")), ") but no rows");
  }
  table.columns.resize(first.size());
  name_columns(table, first);

  Problems problems;
  Reader reader(table, first.size());
  reader.guess(data);
  const auto newlines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
  const std::size_t expected = std::min(newlines, text.size() / first.size() + 1);
  check_memory(static_cast<double>(expected) * static_cast<double>(8 * first.size() + 4), "reading it");
  reader.run(data, problems, expected);
  problems.raise();
  if (table.rows > std::numeric_limits<std::int32_t>::max()) throw Error("it has ", table.rows, " rows, more than 2147483647");
  return table;
}
}  // namespace

CsvTable parse_csv(const std::string& content, const std::string& source, const CsvOptions& options) {
  return within(quote(source), [&] {
    if (content.size() > options.limit) throw Error("it has ", content.size(), " bytes, the limit is ", options.limit);
    if (is_gzip(content)) return parse(gunzip(content, options.limit), source, options);
    return parse(content, source, options);
  });
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  const std::string content = read_file(path, options.limit);
  const std::string source = path.filename().string();
  return within(quote(path.string()), [&] {
    return is_gzip(content) ? parse(gunzip(content, options.limit), source, options) : parse(content, source, options);
  });
}

std::vector<std::string> CsvTable::names() const {
  std::vector<std::string> out;
  for (const Column& column : columns) out.push_back(column.name);
  return out;
}

std::size_t CsvTable::find(const std::string& name_or_index) const {
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (columns[c].name == name_or_index) return c;
  const auto count = static_cast<std::int64_t>(columns.size());
  std::int64_t index = 0;
  const char* last = name_or_index.data() + name_or_index.size();
  const auto [end, status] = std::from_chars(name_or_index.data(), last, index);
  if (status == std::errc() && end == last) {
    if (index >= -count && index < count) return static_cast<std::size_t>(index < 0 ? index + count : index);
    throw Error("column ", index, " is out of range: ", quote(source), " has ", count, " columns, 0..", count - 1, " or ", -count, "..-1");
  }
  if (!header) throw Error(quote(source), " has no header, so there is no column ", quote(name_or_index), "; columns are 0..", count - 1);
  std::string known = join(names(), ", ");
  if (known.size() > 400) known = known.substr(0, 400) + "…";
  throw Error(quote(source), " has no column ", quote(name_or_index), did_you_mean(name_or_index, names()), "\n  columns: ", printable(known));
}

std::string CsvTable::place(std::int64_t row, std::size_t column) const {
  const std::string& name = columns[column].name;
  return cat("line ", lines[static_cast<std::size_t>(row)], ", column ", header ? quote(name) : name);
}

std::optional<double> CsvTable::value(std::int64_t row, std::size_t column) const {
  const Column& c = columns[column];
  const auto r = static_cast<std::size_t>(row);
  if (c.numeric) return c.numbers[r];
  if (c.codes[r] < 0) return std::numeric_limits<double>::quiet_NaN();
  return parse_number(c.texts[static_cast<std::size_t>(c.codes[r])]);
}

std::string CsvTable::cell(std::int64_t row, std::size_t column) const {
  const Column& c = columns[column];
  const auto r = static_cast<std::size_t>(row);
  if (c.numeric) return std::isnan(c.numbers[r]) ? std::string() : number(c.numbers[r]);
  return c.codes[r] < 0 ? std::string() : c.texts[static_cast<std::size_t>(c.codes[r])];
}

std::optional<double> parse_number(std::string_view cell) {
  if (cell.size() > 1 && cell[0] == '+' && cell[1] != '-' && cell[1] != '+') cell.remove_prefix(1);
  double value = 0;
  const auto [end, status] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (status != std::errc() || end != cell.data() + cell.size() || cell.empty() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string not_a_number(std::string_view cell) {
  const std::string shown = quote(cell);
  std::string pointed(cell);
  std::ranges::replace(pointed, ',', '.');
  if (pointed != cell && parse_number(pointed)) return shown + " is not a number (decimals take a point)";
  double value = 0;
  const auto [end, status] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  const bool whole = !cell.empty() && end == cell.data() + cell.size();
  if (whole && status == std::errc::result_out_of_range) return shown + " is beyond the range of a double";
  if (whole && status == std::errc()) return shown + " is not a finite number";
  return shown + " is not a number";
}

}  // namespace lehr
