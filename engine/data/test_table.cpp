#include "engine/data/test_table.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <unordered_map>

#include "base/error.h"
#include "base/file.h"
#include "engine/data/preprocess.h"
#include "engine/data/problems.h"

namespace lehr {

namespace {
template <class... Parts>
Error misfit(const Parts&... parts) { return Error(parts...).code(Exit::mismatch); }

std::string columns_told(const std::vector<std::string>& names) {
  constexpr std::size_t shown = 10;
  std::vector<std::string> out;
  for (std::size_t i = 0; i < std::min(names.size(), shown); ++i) out.push_back(quote(names[i]));
  return cat(join(out, ", "), names.size() > shown ? cat(", … (", names.size(), " in all)") : "");
}

// What `trained` holds as text, by names that mean the same column in a table of another order.
std::vector<std::string> text_of(const CsvTable& trained) {
  std::vector<std::string> out;
  for (std::size_t c = 0; c < trained.columns.size(); ++c)
    if (const Column& column = trained.columns[c]; !column.numeric)
      out.push_back(column.named && column.name.find_first_of("*?") == std::string::npos ? column.name : std::to_string(c));
  return out;
}

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::ranges::sort(names);
  return names;
}

// Where a first line that holds the names of the other table was taken for data.
bool header_among_rows(const CsvTable& test, const CsvTable& trained) {
  if (!trained.header || test.header || test.columns.size() != trained.columns.size()) return false;
  std::vector<std::string> first;
  for (std::size_t c = 0; c < test.columns.size(); ++c) first.push_back(test.cell(0, c));
  return sorted(first) == sorted(trained.names());
}

std::string header_told(const CsvTable& table) {
  return cat(quote(table.source), table.header ? " has one" : " has none", table.header_reason.empty() ? "" : cat(" (", table.header_reason, ")"));
}

void check_columns(const CsvTable& test, const CsvTable& trained, const std::vector<std::size_t>& targets) {
  const std::vector<std::string> have = test.names(), wanted = trained.names();
  std::vector<std::string> missing, extra;
  std::ranges::set_difference(sorted(wanted), sorted(have), std::back_inserter(missing));
  std::ranges::set_difference(sorted(have), sorted(wanted), std::back_inserter(extra));
  const auto lacks = [&](std::size_t c) { return std::ranges::find(missing, wanted[c]) != missing.end(); };
  const std::string scored = "; test rows are scored, so they need their target (`lehr predict` answers rows without)";
  if (!test.header && have.size() != wanted.size())
    throw misfit("data.test_file: ", quote(test.source), " has ", have.size(), " columns, ", quote(trained.source), " has ", wanted.size(),
                 ": they must have the same", have.size() + targets.size() == wanted.size() ? scored : "");
  if (missing.empty() && extra.empty()) return;
  throw misfit("data.test_file: ", quote(test.source), " must have the columns of ", quote(trained.source), "; it",
               missing.empty() ? "" : " lacks " + columns_told(missing), missing.empty() || extra.empty() ? "" : " and",
               extra.empty() ? "" : cat(" has ", columns_told(extra), " beside them"), std::ranges::any_of(targets, lacks) ? scored : "");
}

// In the order of `trained`; names are equal, but for their order.
void put_in_order(CsvTable& test, const CsvTable& trained) {
  if (!test.header || test.names() == trained.names()) return;
  const std::vector<std::string> names = sorted(trained.names());
  if (const auto twice = std::ranges::adjacent_find(names); twice != names.end())
    throw misfit("data.test_file: several columns of ", quote(test.source), " are called ", quote(*twice), ": they must stand in the order of ",
                 quote(trained.source));
  std::vector<Column> ordered;
  for (const Column& column : trained.columns) ordered.push_back(std::move(*std::ranges::find(test.columns, column.name, &Column::name)));
  test.columns = std::move(ordered);
}

// A column of numbers as text, each in its shortest spelling with the table's decimal mark.
void turn_to_text(Column& column, char decimal) {
  std::unordered_map<std::string, std::int32_t> index;
  for (const double value : column.numbers) {
    if (std::isnan(value)) {
      column.codes.push_back(-1);
      continue;
    }
    std::string text = number(value);
    std::ranges::replace(text, '.', decimal);
    const auto [at, fresh] = index.try_emplace(text, static_cast<std::int32_t>(index.size()));
    if (fresh) column.texts.push_back(text);
    column.codes.push_back(at->second);
  }
  column.numbers = CompactNumbers(), column.numeric = false;
}

void append(Column& column, Column&& more) {
  column.missing += more.missing;
  if (column.numeric) {
    CompactNumbers all;
    for (const CompactNumbers* part : {&column.numbers, &more.numbers}) {
      std::vector<double> block(CompactNumbers::block);
      for (std::size_t row = 0; row < part->size(); row += block.size()) {
        block.resize(std::min(CompactNumbers::block, part->size() - row));
        part->read(row, block);
        all.append(block);
      }
    }
    all.finish();
    column.numbers = std::move(all);
    return;
  }
  std::unordered_map<std::string, std::int32_t> index;
  for (std::size_t t = 0; t < column.texts.size(); ++t) index.emplace(column.texts[t], static_cast<std::int32_t>(t));
  std::vector<std::int32_t> code;
  for (std::string& text : more.texts) {
    const auto [at, fresh] = index.try_emplace(text, static_cast<std::int32_t>(column.texts.size()));
    if (fresh) column.texts.push_back(std::move(text));
    code.push_back(at->second);
  }
  for (const std::int32_t text : more.codes) column.codes.push_back(text < 0 ? text : code[static_cast<std::size_t>(text)]);
}
}  // namespace

CsvTable read_test_table(const std::filesystem::path& path, const CsvOptions& options, const CsvTable& trained, const std::vector<std::size_t>& targets) {
  CsvOptions own = options;
  own.text = text_of(trained);
  CsvTable out = read_csv(path, own);
  if (header_among_rows(out, trained)) own.header = true, out = read_csv(path, own);
  if (out.header != trained.header)
    throw misfit("data.test_file: one of the two files has a header line, the other not: ", header_told(trained), ", ", header_told(out),
                 "; data.header says it of both");
  check_columns(out, trained, targets);
  put_in_order(out, trained);
  return out;
}

void join_test(CsvTable& table, CsvTable test) {
  if (table.rows + test.rows > std::numeric_limits<std::int32_t>::max())
    throw misfit(quote(table.source), " and ", quote(test.source), " have more than 2147483647 rows together");
  table.files = {{table.source, table.rows}, {test.source, test.rows}};
  table.source = cat(table.source, " + ", test.source);
  table.bytes += test.bytes;
  table.fingerprint = fingerprint(table.fingerprint + test.fingerprint);
  for (std::string& note : test.notes) table.notes.push_back(std::move(note));
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    Column &one = table.columns[c], &other = test.columns[c];
    if (one.numeric && !other.numeric) turn_to_text(one, table.decimal);
    if (!one.numeric && other.numeric) turn_to_text(other, table.decimal);
    append(one, std::move(other));
  }
  table.lines.insert(table.lines.end(), test.lines.begin(), test.lines.end());
  table.rows += test.rows;
}

namespace {
// Rows of a class that no row of the first file has: nothing could have learnt it.
void check_test_classes(const CsvTable& table, const Dataset& data) {
  if (data.classes.empty()) return;
  std::vector<std::int64_t> met(data.classes.size(), -1);  // the first row
  for (std::size_t row = 0; row < data.target.i64.size(); ++row)
    if (const std::int64_t c = data.target.i64[row]; c >= 0)
      if (std::int64_t& first = met[static_cast<std::size_t>(c)]; first < 0) first = static_cast<std::int64_t>(row);
  Problems problems;
  for (std::size_t c = 0; c < met.size(); ++c)
    if (met[c] >= table.first_rows())
      problems.add("line ", table.line(met[c]), ": class ", quote(data.classes[c]), " has no row in ", quote(table.files.front().source),
                   ": no model that is trained on it knows this class (data.target.ignore leaves it uncounted)");
  problems.raise(Exit::mismatch);
}

}  // namespace

Split split_table(const CsvTable& table, const Dataset& data, const SplitOptions& options) {
  const SplitColumns columns = split_columns(table, options);
  if (table.files.empty()) return split(data, options, columns);
  if (options.tests() || options.fold)
    throw misfit("data.test_file and ", options.fold ? "folds" : "data.split.test", " exclude each other: the rows of the file are the test rows");
  check_test_classes(table, data);
  Dataset dealt;
  dealt.source = table.files.front().source, dealt.rows = table.first_rows(), dealt.classes = data.classes;
  if (!data.classes.empty()) dealt.target.i64.assign(data.target.i64.begin(), data.target.i64.begin() + dealt.rows);
  Split out = split(dealt, options, columns);
  out.test.resize(static_cast<std::size_t>(table.rows - dealt.rows));
  std::iota(out.test.begin(), out.test.end(), static_cast<std::int32_t>(dealt.rows));
  return out;
}

}  // namespace lehr
