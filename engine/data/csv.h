#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/data/numbers.h"
#include "engine/data/options.h"

namespace lehr {

// Numeric where every cell that is not missing is a finite number and CsvOptions::text does not list it, otherwise text.
struct Column {
  std::string name;                        // from the header; the 0-based index where that gives none
  bool named = false;                      // by the header
  bool numeric = true;
  std::int64_t missing = 0;                // cells
  CompactNumbers numbers;                         // numeric: NaN where missing
  std::vector<std::int32_t> codes;         // text: index into texts, -1 where missing
  std::vector<std::string> texts;          // distinct, in order of first appearance
};

// A delimited file as columns.
struct CsvTable {
  std::string source;                      // file name, for messages
  std::uintmax_t bytes = 0;                // of text, after unpacking
  std::string fingerprint;                 // of the file as it is stored
  char delimiter = ',';
  char decimal = '.';
  bool header = false;
  std::string header_reason;               // why the first line was taken for a header or not; empty where the options say it
  std::vector<std::string> missing;        // spellings of a missing cell in any column: empty, and what the options list
  std::vector<std::string> notes;          // what was found that the options leave open: one sentence each
  std::int64_t rows = 0;
  std::vector<Column> columns;
  std::vector<std::uint32_t> lines;        // of each row in its file, from 1; rows behind the last that stands here follow it line by line
  struct File {
    std::string source;
    std::int64_t rows = 0;
  };
  std::vector<File> files;                 // where the rows of several stand one behind another (test_table.h); else empty

  std::int64_t first_rows() const { return files.empty() ? rows : files.front().rows; }  // those of the first file

  std::vector<std::string> names() const;
  // A name, or else an index (negative counts from the end). Error naming the columns and the nearest; a name that several columns have is refused.
  std::size_t find(const std::string& name_or_index) const;
  // The column of this name: the one at `index` where it has it (others may, too), else as above.
  std::size_t find(const std::string& name, std::int64_t index) const;
  // Of a row: "7"; of several files "7 of 'test.csv'".
  std::string line(std::int64_t row) const;
  // "line 7, column 'age'"; without a header "line 7, column 3".
  std::string place(std::int64_t row, std::size_t column) const;
  // The cell as a number: NaN where missing, nothing where it is another text.
  std::optional<double> value(std::int64_t row, std::size_t column) const;
  // The cell as text: numbers in their shortest spelling, "" where missing.
  std::string cell(std::int64_t row, std::size_t column) const;
};

// RFC 4180 in UTF-8 with any of the three line ends; gzip is unpacked (by its magic bytes), a byte order mark and blank lines are
// skipped, unquoted cells lose the blanks around them, there are no comments, no thousands separators. The file is never held whole.
// One Error with up to 20 problems, each with its line.
CsvTable read_csv(const std::filesystem::path& path, const CsvOptions& options = {});
CsvTable parse_csv(const std::string& content, const std::string& source, const CsvOptions& options = {});

// Spellings of a missing cell in numeric columns, beside CsvTable::missing: NA, nan, NULL, ? …
std::span<const std::string_view> missing_numbers();

// The cell as a finite number, nothing around it; a leading + is allowed.
std::optional<double> parse_number(std::string_view cell, char decimal = '.');
// Why a cell is no number: "'1,5' is not a number (decimals take a point)".
std::string not_a_number(std::string_view cell);

}  // namespace lehr
