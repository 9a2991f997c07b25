#pragma once
#include <string>
#include <vector>

#include "base/text.h"

namespace lehr::test {

// What a terminal of so many columns shows of a text: line feeds, carriage returns, and of the escape sequences those that go up, erase and colour. Any other ends
// up in `strange`. All lines, also those that have left a real window.
class Screen {
 public:
  explicit Screen(std::size_t columns) : columns_(columns) {}
  void write(const std::string& text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '\n') row_ += 1, column_ = 0;
      else if (c == '\r') column_ = 0;
      else if (c == '\x1b') i = sequence(text, i);
      else if ((c & 0xC0) == 0x80) cell().back() += c;
      else put(c);
    }
  }
  std::vector<std::string> lines() const {
    std::vector<std::string> out;
    for (const auto& row : rows_) out.push_back(join(row, ""));
    for (auto& line : out) line.erase(line.find_last_not_of(' ') + 1);
    return out;
  }
  std::string text() const { return join(lines(), "\n"); }
  std::string strange;
  std::size_t folded = 0;  // lines that did not fit

 private:
  std::vector<std::string>& cell() {
    if (rows_.size() <= row_) rows_.resize(row_ + 1);
    rows_[row_].resize(std::max(rows_[row_].size(), column_));
    return rows_[row_];
  }
  void put(char c) {
    if (column_ == columns_) row_ += 1, column_ = 0, ++folded;
    auto& row = cell();
    for (auto& one : row)
      if (one.empty()) one = " ";
    row.resize(column_);  // nothing is written over the middle of a line
    row.emplace_back(1, c);
    ++column_;
  }
  std::size_t sequence(const std::string& text, std::size_t at) {
    std::size_t end = at + 2;
    while (end < text.size() && (text[end] == ';' || (text[end] >= '0' && text[end] <= '9'))) ++end;
    const std::string number = text.substr(at + 2, end - at - 2);
    const std::size_t count = number.empty() ? 1 : std::stoul(number);
    switch (end < text.size() ? text[end] : '?') {
      case 'A': row_ -= std::min(row_, count); break;
      case 'J':
        rows_.resize(std::min(rows_.size(), row_ + 1));
        [[fallthrough]];
      case 'K':
        if (row_ < rows_.size()) rows_[row_].resize(std::min(rows_[row_].size(), column_));
        break;
      case 'm': break;
      default: strange += text.substr(at, end - at + 1);
    }
    return end;
  }
  std::size_t columns_, row_ = 0, column_ = 0;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace lehr::test
