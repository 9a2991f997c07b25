#include "engine/data/csv_part.h"

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace lehr::csv {

std::int32_t Part::Words::code(std::string_view text) {
  const auto byte = [](char c) { return static_cast<std::size_t>(static_cast<unsigned char>(c)); };
  std::int32_t& last = recent[text.empty() ? 0 : (31 * text.size() + 7 * byte(text.front()) + byte(text.back())) % recent.size()];
  if (last >= 0 && texts[static_cast<std::size_t>(last)] == text) return last;
  if (const auto known = index.find(text); known != index.end()) return last = known->second;
  const auto fresh = static_cast<std::int32_t>(texts.size());
  texts.emplace_back(text);
  index.emplace(texts.back(), fresh);
  return last = fresh;
}

void Part::start(const Way& way) {
  const std::size_t columns = way.columns.size();
  problems_.clear(), lines_.clear();
  // A row has a line end and a byte for each column at least.
  room_ = std::min(static_cast<std::size_t>(stretch.lines), stretch.text.size() / std::max<std::size_t>(columns, 1)) + 1;
  slots_.resize(columns);
  std::size_t numbers = 0, texts = 0;
  for (std::size_t c = 0; c < columns; ++c) slots_[c] = way.columns[c] == Read::number ? numbers++ : way.columns[c] == Read::text ? texts++ : 0;
  numbers_.resize(std::max(numbers_.size(), numbers * room_));
  codes_.resize(std::max(codes_.size(), texts * room_));
  numbers_at_.assign(columns, nullptr);
  for (std::size_t c = 0; c < columns; ++c)
    if (way.columns[c] == Read::number) numbers_at_[c] = numbers_.data() + slots_[c] * room_;
  words_.resize(texts);
  for (Words& words : words_) words.clear();
  missing_.assign(columns, 0);
  turned_.assign(columns, false);
  decimals_ = others_ = false;
}

void Part::read(const Way& way) {
  stretch.check();
  start(way);
  Cells cells(stretch.text, way.delimiter, way.decimal, stretch.line);
  if (header && cells.start_row()) read_row(cells);
  while (cells.start_row() && problems_.size() <= give_up) {
    const std::int64_t line = cells.line();
    const std::size_t filled = row(cells, way);
    if (filled == way.columns.size()) lines_.push_back(static_cast<std::uint32_t>(line));
    else if (filled > 0) problem(line, cat("line ", line, " has ", filled, filled == 1 ? " cell" : " cells", ", the first row has ", way.columns.size()));
  }
  decimals_ |= cells.decimals();
}

void Part::problem(std::int64_t line, std::string sentence) {
  problems_.push_back({line, problems_.size() < Problems::shown ? std::move(sentence) : std::string()});
}

// Cells in the row; 0 where the row's quoting is broken.
std::size_t Part::row(Cells& cells, const Way& way) {
  const std::size_t columns = way.columns.size(), at = lines_.size();
  const std::int64_t line = cells.line();
  const bool stand_ins = !way.stand_ins.empty();
  double* const* const to = numbers_at_.data();
  std::size_t c = 0;
  try {
    do {
      if (c >= columns) {
        if (c >= max_columns) throw Error("line ", cells.line(), " has more than ", max_columns, " cells, the limit");
        cells.text();
      } else if (to[c] != nullptr) {
        double value = 0;
        if (!cells.number(value)) value = other_number(cells.text(), c, way);
        if (stand_ins && std::ranges::find(way.stand_ins, value) != way.stand_ins.end())
          ++missing_[c], value = std::numeric_limits<double>::quiet_NaN();
        to[c][at] = value;
      } else {
        const std::string_view text = cells.text();
        if (way.columns[c] == Read::text) codes_[slots_[c] * room_ + at] = words_[slots_[c]].code(text);
      }
      ++c;
    } while (cells.next_in_row());
  } catch (const Error& error) {
    problem(line, error.sentence());
    cells.skip_row();
    return 0;
  }
  return c;
}

double Part::other_number(std::string_view text, std::size_t c, const Way& way) {
  const bool missing = is_missing_number(text, way.missing);
  missing_[c] += missing;
  if (!missing) {
    if (const auto value = parse_number(text, way.decimal)) return decimals_ |= text.find(way.decimal) != std::string_view::npos, *value;
    others_ |= way.decimal == '.' ? decimal_comma(text) : parse_number(text).has_value();
    turned_[c] = true;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

}  // namespace lehr::csv
