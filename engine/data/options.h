#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace lehr {

// How a delimited file is read.
struct CsvOptions {
  std::optional<bool> header;     // absent: found
  std::optional<char> delimiter;  // absent: found among tab, semicolon and comma
  std::vector<std::string> missing = {"", "?", "NA", "nan", "NaN"};
  std::uintmax_t limit = std::uintmax_t{2} << 30;  // bytes of text, after unpacking
  auto operator<=>(const CsvOptions&) const = default;
};

// What the columns of a table are for. Columns are named, or given by index (negative counts from the end).
struct TableSpec {
  std::string target = "-1";
  std::vector<std::string> classes;   // in this order; empty: see classify
  bool classify = false;              // with an empty list: the target's distinct values, sorted, are the classes
  std::vector<std::string> columns;   // features in this order; empty: all but the target and `drop`
  std::vector<std::string> drop;
  std::vector<std::string> categorical;
  enum class Encode { one_hot, code } encode = Encode::one_hot;  // code: int64 0..n-1, for an embedding
  std::map<std::string, std::vector<std::string>> inputs;        // model input -> columns; empty: one input "" of all features
  std::vector<std::string> integer_inputs;  // these take int64: their columns are whole numbers as they are, or category codes
  enum class Impute { error, mean, median, zero } impute = Impute::error;
  enum class Scale { none, standard, minmax, divide } scale = Scale::none;
  double divide = 1;
  auto operator<=>(const TableSpec&) const = default;
};

// How rows are dealt to training, validation and test.
struct SplitOptions {
  double validation = 0, test = 0;                    // fractions in [0,1)
  std::int64_t validation_rows = -1, test_rows = -1;  // instead of the fraction when >= 0
  enum class Take { tail, random, stratified } take = Take::random;
  std::uint64_t seed = 0;
  auto operator<=>(const SplitOptions&) const = default;
};

}  // namespace lehr
