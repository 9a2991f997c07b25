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
  std::optional<bool> header = {};     // absent: found
  std::optional<char> delimiter = {};  // absent: found among tab, semicolon and comma
  std::optional<char> decimal = {};    // '.' or ','; absent: found, ',' only where the delimiter is another
  std::vector<std::string> missing = {};  // spellings of a missing cell, in any column, beside those CsvTable names
  std::vector<std::string> text = {};  // columns held as text whatever their cells look like: names, patterns with * and ?, or indices
  std::uintmax_t limit = std::uintmax_t{64} << 30;  // bytes of text, after unpacking
  auto operator<=>(const CsvOptions&) const = default;
};

// How the columns that match a pattern are treated. What a rule sets wins over the rules before it, what it does not set it leaves.
struct ColumnRule {
  enum class As { number, category, date };
  enum class Impute { error, mean, median, zero, most_frequent, value };
  enum class Transform { none, log, log1p, sqrt, square };                                        // transforms.h
  enum class Scale { none, standard, minmax, robust, quantile, quantile_normal, divide };         // scalers.h
  enum class Encode { one_hot, code };                                                            // code: int64 0..n-1, for an embedding
  enum class Unknown { error, zeros, most_frequent };                                             // of a name that the table trained on does not have
  enum class DatePart { year, month, day, weekday, dayofyear, hour, minute, second, timestamp };  // dates.h
  std::string key = "columns";  // for messages; of `columns` the pattern may hold * and ?, of others it is a name or an index
  std::string pattern = "*";
  std::optional<bool> drop = {};
  std::optional<As> as = {};  // absent: numbers
  std::optional<Impute> impute = {};
  std::string fill = {};  // of Impute::value: a number, or a name
  std::optional<bool> indicator = {};
  std::optional<Transform> transform = {};
  std::optional<Scale> scale = {};
  double divide = 1;  // of Scale::divide
  std::optional<Encode> encode = {};
  std::optional<Unknown> unknown = {};
  std::vector<DatePart> parts = {};
  auto operator<=>(const ColumnRule&) const = default;
};

// What the columns of a table are for. Columns are named, or given by index (negative counts from the end).
struct TableSpec {
  std::vector<std::string> targets = {"-1"};  // several: a vector of numbers
  bool target_inputs = false;                 // the target is the only input itself, as numbers; `targets` says nothing
  bool target_standard = false;               // numbers of the target are trained at mean 0, deviation 1
  bool drop_without_target = false;           // rows whose target is missing go; else they are an error
  std::vector<std::string> ignore;            // target values that do not count: class -1
  std::string row_weight;                     // a column of weights, no feature; empty: all rows count 1
  std::vector<std::string> classes;           // in this order; empty: see classify
  bool classify = false;                      // with an empty list: the target's distinct values, sorted, are the classes
  std::vector<std::string> columns;           // features in this order; empty: all but targets, row weights and what is dropped
  ColumnRule every;                           // of all columns
  std::vector<ColumnRule> rules;              // after it, in this order
  std::map<std::string, std::vector<std::string>> inputs;  // model input -> columns; empty: one input "" of all features
  std::vector<std::string> integer_inputs;  // these take int64: their columns are whole numbers as they are, or category codes
  auto operator<=>(const TableSpec&) const = default;
};

// One fold of a cross-validation: its rows are those that score, the others are dealt by the split they stand in.
struct FoldOptions {
  std::int64_t k = 0;       // so many folds; 0: the values of `column` are the folds
  std::int64_t index = 0;   // which one, from 0
  std::int64_t repeat = 0;  // of which dealing, from 0: each deals anew
  bool stratify = false;    // each class in proportion
  std::string group = {};   // a column: rows of one of its values stay together
  std::string column = {};  // with k == 0
  std::string value = {};   // the fold, one of the column's values as it is spelled
  auto operator<=>(const FoldOptions&) const = default;
};

// How rows are dealt to training, validation and test.
struct SplitOptions {
  double validation = 0, test = 0;                    // fractions in [0,1)
  std::int64_t validation_rows = -1, test_rows = -1;  // instead of the fraction when >= 0
  enum class Take { tail, random, stratified } take = Take::random;
  std::uint64_t seed = 0;
  std::string group;  // a column: rows of one of its values stay together
  std::string order;  // a column: the rows that come last by it are kept from training, test rows behind validation rows
  std::optional<FoldOptions> fold = {};  // its rows are kept as test rows where there are validation rows, else as validation rows
  bool validates() const { return validation > 0 || validation_rows > 0; }
  bool tests() const { return test > 0 || test_rows > 0; }
  auto operator<=>(const SplitOptions&) const = default;
};

}  // namespace lehr
