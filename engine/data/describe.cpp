#include "engine/data/describe.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace lehr {

namespace {
std::int64_t distinct(std::vector<double> values) {
  std::erase_if(values, [](double value) { return std::isnan(value); });
  std::ranges::sort(values);
  return std::unique(values.begin(), values.end()) - values.begin();
}

void summarise_numbers(const Column& column, ColumnSummary& out) {
  out.min = out.max = out.mean = out.deviation = std::numeric_limits<double>::quiet_NaN();
  double n = 0, mean = 0, squares = 0;  // Welford
  for (const double value : column.numbers) {
    if (std::isnan(value)) continue;
    const double step = value - mean;
    mean += step / ++n;
    squares += step * (value - mean);
    out.min = n == 1 ? value : std::min(out.min, value);
    out.max = n == 1 ? value : std::max(out.max, value);
  }
  if (n > 0) out.mean = mean;
  if (n > 1) out.deviation = std::sqrt(squares / (n - 1));
  out.distinct = distinct(column.numbers.all());
}

void summarise_texts(const Column& column, ColumnSummary& out) {
  std::vector<std::pair<std::string, std::int64_t>> counts;
  for (const std::string& text : column.texts) counts.emplace_back(text, 0);
  for (const std::int32_t code : column.codes)
    if (code >= 0) ++counts[static_cast<std::size_t>(code)].second;
  out.distinct = static_cast<std::int64_t>(counts.size());
  std::ranges::stable_sort(counts, std::ranges::greater{}, &std::pair<std::string, std::int64_t>::second);
  counts.resize(std::min<std::size_t>(counts.size(), 5));
  out.frequent = std::move(counts);
}

// Whole numbers with all their digits, others with four that tell something.
std::string short_number(double value) {
  if (!std::isfinite(value)) return "-";
  const double size = std::abs(value);
  if (value == std::round(value) && size < 1e18) return fixed(value, 0);
  const int decimals = 3 - static_cast<int>(std::floor(std::log10(size)));
  return size >= 1e-6 && size < 1e15 ? fixed(value, std::max(1, decimals)) : number(static_cast<float>(value));
}

std::vector<std::string> line(const ColumnSummary& c) {
  std::vector<std::string> cells = {printable(c.name), c.numeric ? "number" : "text", grouped(c.missing), grouped(c.distinct)};
  if (c.numeric) {
    for (const double value : {c.min, c.max, c.mean, c.deviation}) cells.push_back(short_number(value));
    return cells;
  }
  std::vector<std::string> parts;
  for (const auto& [text, count] : c.frequent) parts.push_back(cat(printable(text), " ", grouped(count)));
  if (c.distinct > static_cast<std::int64_t>(parts.size())) parts.push_back("…");
  cells.push_back(join(parts, ", "));
  return cells;
}

const char* delimiter_name(char delimiter) {
  return delimiter == '\t' ? "tab" : delimiter == ',' ? "comma" : delimiter == ';' ? "semicolon" : delimiter == ' ' ? "blank" : nullptr;
}
}  // namespace

std::vector<ColumnSummary> describe(const CsvTable& table, std::size_t columns) {
  std::vector<ColumnSummary> out;
  for (const Column& column : std::span(table.columns).first(std::min(columns, table.columns.size()))) {
    ColumnSummary& summary = out.emplace_back();
    summary.name = column.name, summary.numeric = column.numeric, summary.missing = column.missing;
    if (column.numeric) summarise_numbers(column, summary);
    else summarise_texts(column, summary);
  }
  return out;
}

std::string describe_text(const CsvTable& table, std::size_t columns) {
  const char* named = delimiter_name(table.delimiter);
  std::string out = cat(printable(table.source), "  ", grouped(table.rows), " rows, ", table.columns.size(), " columns, delimiter ",
                        named ? std::string(named) : quote({&table.delimiter, 1}), ", ", table.header ? "header" : "no header", "\n");
  std::vector<std::vector<std::string>> lines = {{"column", "kind", "missing", "distinct", "min", "max", "mean", "sd"}};
  for (const ColumnSummary& summary : describe(table, columns)) lines.push_back(line(summary));
  std::vector<std::size_t> widths(8);
  for (const auto& cells : lines)
    for (std::size_t c = 0; c < cells.size() && (c < 4 || cells.size() == 8); ++c) widths[c] = std::max(widths[c], width(cells[c]));
  for (const auto& cells : lines) {
    out += pad_right(cells[0], widths[0]) + "  " + pad_right(cells[1], widths[1]);
    for (std::size_t c = 2; c < cells.size(); ++c) out += "  " + (cells.size() == 8 || c < 4 ? pad_left(cells[c], widths[c]) : cells[c]);
    out += '\n';
  }
  if (table.columns.size() > columns) out += cat("… ", table.columns.size() - columns, " more columns\n");
  return out;
}

}  // namespace lehr
