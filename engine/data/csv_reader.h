#pragma once
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/data/csv_part.h"

namespace lehr::csv {

// Reads the rows of a text into the columns of a table, whose names, delimiter and missing spellings stand. Each column is numbers until a cell is none, or
// text as the options list it; columns in which a text turns up are read once more. Stretches are read on several threads and joined in their order.
class Reader {
 public:
  Reader(CsvTable& table, Source& source, const CsvOptions& options);

  // `first` is a row of the data: columns whose cell there is no number are read as text at once.
  void guess(const std::vector<std::string>& first);
  void run(Problems& problems);

 private:
  using Dictionary = std::unordered_map<std::string, std::int32_t>;

  void pass(Problems& problems);
  void start(std::size_t column);
  bool join(const Part& part, Problems& problems);
  void join_texts(const Part& part, std::size_t column);
  bool other_decimal() const;
  void check_size(std::uintmax_t rows, std::uintmax_t text) const;

  CsvTable& table_;
  Source& source_;
  bool find_decimal_;
  Way way_;
  std::vector<bool> listed_, turned_;
  std::vector<std::unique_ptr<Dictionary>> words_;
  bool decimals_ = false, others_ = false;  // as a part says them
};

}  // namespace lehr::csv
