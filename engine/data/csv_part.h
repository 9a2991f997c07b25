#pragma once
#include <array>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/data/csv_cells.h"
#include "engine/data/csv_source.h"
#include "engine/data/problems.h"

namespace lehr::csv {

enum class Read : std::uint8_t { number, text, nothing };

// How the cells of a pass over the text are read: the same in every stretch.
struct Way {
  char delimiter = ',', decimal = '.';
  std::vector<std::string> missing;
  std::vector<Read> columns;
  std::vector<double> stand_ins;  // numbers that stand for a missing value, such as -999
};

// The rows of one stretch, read without knowing those in front of it, so that stretches can be read side by side.
class Part {
 public:
  static constexpr std::size_t give_up = 10'000;  // problems of a table

  Stretch stretch;
  bool header = false;  // its first row is one

  // Reads `stretch`. What was here before is gone.
  void read(const Way& way);

  struct Problem {
    std::int64_t line;
    std::string sentence;  // of the first that are shown
  };
  const std::vector<Problem>& problems() const { return problems_; }  // at most give_up + 1; where there is one, the rest counts for nothing

  const std::vector<std::uint32_t>& lines() const { return lines_; }  // of each row
  std::span<const double> numbers(std::size_t column) const { return {numbers_at_[column], lines_.size()}; }
  // Indices into texts(column), the missing ones, too.
  std::span<const std::int32_t> codes(std::size_t column) const { return {codes_.data() + slots_[column] * room_, lines_.size()}; }
  const std::vector<std::string>& texts(std::size_t column) const { return words_[slots_[column]].texts; }  // in order of first appearance
  std::int64_t missing(std::size_t column) const { return missing_[column]; }  // of a column of numbers
  bool turned(std::size_t column) const { return turned_[column]; }            // a text stands in a column of numbers
  bool decimals() const { return decimals_; }  // some number has a decimal mark
  bool others() const { return others_; }      // some cell would be a number if the mark were the other one

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };
  struct Words {
    std::unordered_map<std::string, std::int32_t, Hash, std::equal_to<>> index;
    std::vector<std::string> texts;
    std::array<std::int32_t, 256> recent;  // the code met last of texts that are alike in length, first and last byte; -1: none
    std::int32_t code(std::string_view text);
    void clear() { index.clear(), texts.clear(), recent.fill(-1); }
  };

  void start(const Way& way);
  std::size_t row(Cells& cells, const Way& way);
  double other_number(std::string_view text, std::size_t column, const Way& way);
  void problem(std::int64_t line, std::string sentence);

  std::vector<Problem> problems_;
  std::vector<std::uint32_t> lines_;
  std::size_t room_ = 0;            // rows that fit
  std::vector<std::size_t> slots_;  // of each column: among the columns of numbers, or of texts
  std::vector<double> numbers_;     // column by column
  std::vector<double*> numbers_at_; // of each column its place in there; nullptr: it is none of numbers
  std::vector<std::int32_t> codes_;
  std::vector<Words> words_;
  std::vector<std::int64_t> missing_;
  std::vector<bool> turned_;
  bool decimals_ = false, others_ = false;
};

}  // namespace lehr::csv
