#include <algorithm>
#include <set>

#include "base/error.h"
#include "engine/data/csv_cells.h"

namespace lehr::csv {

namespace {
constexpr std::size_t sample_rows = 20;
using Rows = std::vector<std::vector<std::string>>;

// The rows at the start; what is broken is left for the reader proper to report.
Rows sample(std::string_view text, char delimiter) {
  Rows rows;
  Cells cells(text.data(), text.data() + text.size(), delimiter);
  try {
    while (rows.size() < sample_rows && cells.start_row()) rows.push_back(read_row(cells));
  } catch (const Error&) {
  }
  return rows;
}

char find_delimiter(std::string_view text) {
  char best = ',';
  std::size_t most = 1;
  for (const char candidate : {'\t', ';', ','}) {
    const Rows rows = sample(text, candidate);
    if (rows.empty() || rows[0].size() < 2) continue;
    if (std::ranges::all_of(rows, [&](const auto& row) { return row.size() == rows[0].size(); })) return candidate;
    if (rows[0].size() > most) most = rows[0].size(), best = candidate;
  }
  return best;
}

bool repeats(const Rows& rows) {
  const std::set<std::string> first(rows[0].begin(), rows[0].end());
  if (first.size() < rows[0].size()) return true;
  for (std::size_t r = 1; r < rows.size(); ++r)
    for (std::size_t c = 0; c < std::min(rows[r].size(), rows[0].size()); ++c)
      if (rows[r][c] == rows[0][c]) return true;
  return false;
}

bool find_header(const Rows& rows) {
  if (rows.empty()) return false;
  const auto numeric = [](const std::string& cell) { return parse_number(cell).has_value(); };
  if (std::ranges::any_of(rows[0], numeric)) return false;
  if (std::ranges::all_of(rows[0], [](const std::string& cell) { return cell.empty(); })) return false;
  for (std::size_t r = 1; r < rows.size(); ++r)
    if (std::ranges::any_of(rows[r], numeric)) return true;
  return !repeats(rows);
}
}  // namespace

Dialect detect(std::string_view text, const CsvOptions& options) {
  Dialect found;
  found.delimiter = options.delimiter ? *options.delimiter : find_delimiter(text);
  found.header = options.header ? *options.header : find_header(sample(text, found.delimiter));
  return found;
}

}  // namespace lehr::csv
