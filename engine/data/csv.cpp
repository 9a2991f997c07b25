#include "engine/data/csv.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/error.h"
#include "engine/data/csv_reader.h"

namespace lehr {

namespace {
void check_options(const CsvOptions& options) {
  if (options.delimiter && options.delimiter == options.decimal) throw Error(quote({&*options.delimiter, 1}), " cannot be delimiter and decimal mark");
  if (options.decimal && *options.decimal != '.' && *options.decimal != ',') throw Error(quote({&*options.decimal, 1}), " cannot be a decimal mark");
  if (!options.delimiter) return;
  const char d = *options.delimiter;
  if (d == '"' || d == '\n' || d == '\r' || d == '\0' || (d >= '0' && d <= '9') || d == '.' || d == '-' || d == '+')
    throw Error(quote({&d, 1}), " cannot be a delimiter");
}

void name_columns(CsvTable& table, const std::vector<std::string>& header) {
  table.columns.resize(header.size());
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    table.columns[c].named = table.header && !header[c].empty();
    table.columns[c].name = table.columns[c].named ? header[c] : std::to_string(c);
  }
}

// What was found instead of told.
void note(CsvTable& table, const CsvOptions& options) {
  if (!options.header)
    table.notes.push_back(cat(quote(table.source), ": the first line is ", table.header ? "a header: " : "data, no header: ", table.header_reason,
                              " (data.header overrides)"));
  if (!options.decimal && table.decimal == ',')
    table.notes.push_back(cat(quote(table.source), ": decimals take a comma, as no number in it has a point (data.decimal overrides)"));
}

CsvTable parse(csv::Source& text, const std::string& source, const CsvOptions& options) {
  constexpr std::size_t sample_lines = 101;
  check_options(options);
  CsvTable table;
  table.source = source;
  table.missing = {""};
  for (const std::string& spelling : options.missing)
    if (!csv::is_missing(spelling, table.missing)) table.missing.push_back(spelling);

  std::vector<std::string> first, data;
  {
    csv::Stretches stretches(text);
    csv::Stretch head;
    do {  // over blank lines
      stretches.next(head, sample_lines);
      head.check();
    } while (!stretches.last() && !csv::Cells(head.text, ',').start_row());
    csv::Dialect dialect = csv::detect(head.text, options);
    table.delimiter = dialect.delimiter, table.decimal = dialect.decimal;
    table.header = dialect.header, table.header_reason = std::move(dialect.header_reason);
    csv::Cells cells(head.text, table.delimiter, table.decimal, head.line);
    if (!cells.start_row()) throw Error("it is empty");
    first = csv::read_row(cells);
    try {
      if (!table.header) data = first;
      else if (cells.start_row()) data = csv::read_row(cells);
    } catch (const Error&) {  // the reader reports it
    }
  }
  name_columns(table, first);
  csv::Reader reader(table, text, options);
  reader.guess(data);
  Problems problems;
  reader.run(problems);
  problems.raise();
  if (table.rows == 0) throw Error("it has a header (", printable(join(first, ", ")), ") but no rows");
  table.fingerprint = text.fingerprint();
  note(table, options);
  return table;
}
}  // namespace

CsvTable parse_csv(const std::string& content, const std::string& source, const CsvOptions& options) {
  return within(quote(source), [&] {
    csv::Source text(std::string_view(content), options.limit);
    return parse(text, source, options);
  });
}

CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options) {
  const auto read = [&] {
    csv::Source text(path, options.limit);
    return within(quote(path.string()), [&] { return parse(text, path.filename().string(), options); });
  };
  return read();
}

std::vector<std::string> CsvTable::names() const {
  std::vector<std::string> out;
  for (const Column& column : columns) out.push_back(column.name);
  return out;
}

namespace {
// "0 and 2", "0, 2 and 5"; where the name is a number itself, counted from the end.
std::string indices(const std::vector<std::size_t>& list, std::size_t of) {
  std::string out;
  for (std::size_t i = 0; i < std::min<std::size_t>(list.size(), 10); ++i)
    out += cat(i == 0 ? "" : i + 1 == list.size() ? " and " : ", ", static_cast<std::int64_t>(list[i]) - static_cast<std::int64_t>(of));
  return list.size() > 10 ? out + " and more" : out;
}
}  // namespace

std::size_t CsvTable::find(const std::string& name, std::int64_t index) const {
  if (index >= 0 && index < static_cast<std::int64_t>(columns.size()) && columns[static_cast<std::size_t>(index)].name == name)
    return static_cast<std::size_t>(index);
  return find(name);
}

std::size_t CsvTable::find(const std::string& name_or_index) const {
  std::vector<std::size_t> called;
  for (std::size_t c = 0; c < columns.size(); ++c)
    if (columns[c].named && columns[c].name == name_or_index) called.push_back(c);
  if (called.size() > 1) {
    const bool number = parse_number(name_or_index).has_value();
    throw Error(called.size(), " columns are called ", quote(name_or_index), ": give the index of the one that is meant, ",
                indices(called, number ? columns.size() : 0));
  }
  if (called.size() == 1) return called.front();
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

std::string CsvTable::line(std::int64_t row) const {
  const std::int64_t known = std::min(row, std::ssize(lines) - 1);
  std::string out = cat(lines[static_cast<std::size_t>(known)] + (row - known));
  for (const File& file : files) {
    if (row < file.rows) return cat(out, " of ", quote(file.source));
    row -= file.rows;
  }
  return out;
}

std::string CsvTable::place(std::int64_t row, std::size_t column) const {
  const std::string& name = columns[column].name;
  return cat("line ", line(row), ", column ", header ? quote(name) : name);
}

std::optional<double> CsvTable::value(std::int64_t row, std::size_t column) const {
  const Column& c = columns[column];
  const auto r = static_cast<std::size_t>(row);
  if (c.numeric) return c.numbers[r];
  if (c.codes[r] < 0) return std::numeric_limits<double>::quiet_NaN();
  const std::string& text = c.texts[static_cast<std::size_t>(c.codes[r])];
  return csv::is_missing_number(text, missing) ? std::numeric_limits<double>::quiet_NaN() : parse_number(text, decimal);
}

std::string CsvTable::cell(std::int64_t row, std::size_t column) const {
  const Column& c = columns[column];
  const auto r = static_cast<std::size_t>(row);
  if (c.numeric) return std::isnan(c.numbers[r]) ? std::string() : number(c.numbers[r]);
  return c.codes[r] < 0 ? std::string() : c.texts[static_cast<std::size_t>(c.codes[r])];
}

std::span<const std::string_view> missing_numbers() {
  static constexpr std::string_view spellings[] = {"NA", "N/A", "nan", "NaN", "NULL", "null", "None", "?"};
  return spellings;
}

std::optional<double> parse_number(std::string_view cell, char decimal) {
  if (decimal != '.') {
    if (cell.find('.') != std::string_view::npos) return std::nullopt;
    std::string pointed(cell);
    std::ranges::replace(pointed, decimal, '.');
    return parse_number(pointed);
  }
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
  if (csv::marks_thousands(cell)) return shown + " is not a number (thousands take no mark; for a decimal comma say data.decimal: \",\")";
  if (pointed != cell && parse_number(pointed)) return shown + " is not a number (decimals take a point)";
  double value = 0;
  const auto [end, status] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  const bool whole = !cell.empty() && end == cell.data() + cell.size();
  if (whole && status == std::errc::result_out_of_range) return shown + " is beyond the range of a double";
  if (whole && status == std::errc()) return shown + " is not a finite number";
  return shown + " is not a number";
}

}  // namespace lehr
