#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/data/csv_cells.h"
#include "engine/data/csv_source.h"
#include "engine/data/problems.h"

namespace lehr::csv {

// Reads the rows of a text into the columns of a table, whose names, delimiter and missing spellings stand. Each column is numbers until a cell is none, or
// text as the options list it; columns in which a text turns up are read once more.
class Reader {
 public:
  Reader(CsvTable& table, Source& source, const CsvOptions& options);

  // `first` is a row of the data: columns whose cell there is no number are read as text at once.
  void guess(const std::vector<std::string>& first);
  void run(Problems& problems);

 private:
  enum class Read : std::uint8_t { number, text, nothing };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  using Dictionary = std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>>;

  void pass(Problems& problems);
  void rows(Cells& cells, bool& header, Problems& problems);
  void start(std::size_t column);
  std::size_t row(Cells& cells, Problems& problems);
  void cell(Cells& cells, std::size_t column);
  double other_number(std::string_view text, std::size_t column);
  double without_stand_ins(double value, Column& column) const;
  std::int32_t code(std::string_view text, std::size_t column);
  bool other_decimal() const;
  void check_size(std::uintmax_t text) const;

  CsvTable& table_;
  Source& source_;
  bool find_decimal_;
  std::vector<Read> how_;
  std::vector<bool> listed_, turned_;
  std::vector<std::unique_ptr<Dictionary>> words_;
  std::vector<double> stand_ins_;
  std::size_t bad_rows_ = 0;
  bool decimals_ = false;  // some number has a decimal mark
  bool others_ = false;    // some cell would be a number if the mark were the other one
};

}  // namespace lehr::csv
