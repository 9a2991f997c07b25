#include "engine/data/numbers.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace lehr {

namespace {
constexpr double powers[] = {1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12};
constexpr std::uint8_t most_decimals = 12;
constexpr std::int32_t missing = std::numeric_limits<std::int32_t>::min();

std::uint64_t bits(double x) { return std::bit_cast<std::uint64_t>(x); }
bool same(double a, double b) { return bits(a) == bits(b); }

// The integer next to x where |x| < 2^31: the sum has no bits behind the point, and ends in those of the integer.
std::int32_t next_integer(double x) {
  constexpr double shift = 6755399441055744.0;  // 1.5 * 2^52
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(bits(x + shift)));
}

// value = m / 10^k: correctly rounded, as the reader's quotient is, both being exact. -0 is no m / 10^k.
bool fits(double value, std::uint8_t decimals) {
  const std::int32_t m = next_integer(value * powers[decimals]);
  return m != missing && same(static_cast<double>(m) / powers[decimals], value);
}

// The m of all values; false where one does not fit.
bool integers(std::span<const double> values, std::uint8_t decimals, std::int32_t* out) {
  const double power = powers[decimals];
  for (std::size_t i = 0; i < values.size();) {
    std::uint64_t off = 0;
    for (const std::size_t end = std::min(values.size(), i + 256); i < end; ++i) {
      const std::int32_t m = next_integer(values[i] * power);
      const std::uint64_t differs = bits(static_cast<double>(m) / power) ^ bits(values[i]);
      const bool gap = values[i] != values[i];
      off |= gap ? 0 : differs | static_cast<std::uint64_t>(m == missing);
      out[i] = gap ? missing : m;
    }
    if (off != 0) return false;
  }
  return true;
}

// Integers of three bytes, low byte first; one byte more stands behind the last, so that four can be read.
constexpr std::int32_t wide_missing = -8388608;
std::int32_t wide(const std::byte* cells, std::size_t i) {
  std::uint32_t four;
  std::memcpy(&four, cells + 3 * i, sizeof four);
  const std::int32_t m = static_cast<std::int32_t>(four << 8) >> 8;
  return m == wide_missing ? missing : m;
}
void keep_wide(std::span<const std::int32_t> values, std::vector<std::byte>& cells) {
  cells.resize(3 * values.size() + 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::int32_t m = values[i] == missing ? wide_missing : values[i];
    std::memcpy(cells.data() + 3 * i, &m, sizeof m);  // the fourth byte is the next one's first
  }
}

template <class Cell>
double number_of(Cell cell, double power) {
  if constexpr (std::is_unsigned_v<Cell>) return static_cast<double>(cell) / power;
  else if constexpr (std::is_integral_v<Cell>)
    return cell == std::numeric_limits<Cell>::min() ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(cell) / power;
  else return static_cast<double>(cell);
}
}  // namespace

double CompactNumbers::Block::at(std::size_t i) const {
  switch (held) {
    case Held::i8: return number_of(as<std::int8_t>()[i], powers[decimals]);
    case Held::u8: return number_of(as<std::uint8_t>()[i], powers[decimals]);
    case Held::i16: return number_of(as<std::int16_t>()[i], powers[decimals]);
    case Held::i24: return number_of(wide(cells.data(), i), powers[decimals]);
    case Held::i32: return number_of(as<std::int32_t>()[i], powers[decimals]);
    case Held::f32: return number_of(as<float>()[i], powers[decimals]);
    case Held::f64: break;
  }
  return as<double>()[i];
}

void CompactNumbers::Block::read(std::size_t begin, std::span<double> out) const {
  const auto fill = [&](const auto* from) {
    const double power = powers[decimals];
    if constexpr (std::is_integral_v<std::remove_cvref_t<decltype(*from)>>)
      if (!gaps) {
        for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<double>(from[begin + i]) / power;
        return;
      }
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = number_of(from[begin + i], power);
  };
  switch (held) {
    case Held::i24: {
      const double power = powers[decimals];
      for (std::size_t i = 0; i < out.size(); ++i) out[i] = number_of(wide(cells.data(), begin + i), power);
      return;
    }
    case Held::i8: return fill(as<std::int8_t>());
    case Held::u8: return fill(as<std::uint8_t>());
    case Held::i16: return fill(as<std::int16_t>());
    case Held::i32: return fill(as<std::int32_t>());
    case Held::f32: return fill(as<float>());
    case Held::f64: return fill(as<double>());
  }
}

std::size_t CompactNumbers::Block::size() const {
  constexpr std::size_t of[] = {1, 1, 2, 3, 4, 4, 8};  // of 3 bytes there is one byte more, which the division drops
  return cells.size() / of[static_cast<std::size_t>(held)];
}

namespace {
template <class Cell, class From>
void keep(std::span<const From> values, std::vector<std::byte>& cells) {
  cells.resize(values.size() * sizeof(Cell));
  Cell* to = reinterpret_cast<Cell*>(cells.data());
  for (std::size_t i = 0; i < values.size(); ++i) {
    if constexpr (std::is_integral_v<Cell>) to[i] = values[i] == missing ? std::numeric_limits<Cell>::min() : static_cast<Cell>(values[i]);
    else to[i] = static_cast<Cell>(values[i]);
  }
}
}  // namespace

bool CompactNumbers::as_integers(Block& out, std::span<const double> values) {
  std::int32_t held[block];
  std::uint8_t k = decimals_;
  if (!integers(values, k, held)) {
    k = 0;
    for (const double value : values)
      while (!std::isnan(value) && !fits(value, k))
        if (++k > most_decimals) return false;
    if (!integers(values, k, held)) return false;  // one grew too large
  }
  const std::span<const std::int32_t> cells(held, values.size());
  std::int32_t low = 0, high = 0;
  bool gaps = false;
  for (const std::int32_t m : cells) {
    const std::int32_t present = m == missing ? 0 : m;
    low = std::min(low, present), high = std::max(high, present), gaps |= m == missing;
  }
  const std::int32_t most = std::max(-low, high);
  out.decimals = decimals_ = k, out.gaps = gaps;
  if (most <= 127) out.held = Held::i8, keep<std::int8_t>(cells, out.cells);
  else if (most <= 255 && low == 0 && !gaps) out.held = Held::u8, keep<std::uint8_t>(cells, out.cells);
  else if (most <= 32767) out.held = Held::i16, keep<std::int16_t>(cells, out.cells);
  else if (most <= 8388607) out.held = Held::i24, keep_wide(cells, out.cells);
  else out.held = Held::i32, keep<std::int32_t>(cells, out.cells);
  return true;
}

void CompactNumbers::seal(std::span<const double> values) {
  Block& out = full_.emplace_back();
  const auto is_float = [](double v) { return same(static_cast<double>(static_cast<float>(v)), v) || std::isnan(v); };
  if (!as_integers(out, values)) {
    if (std::ranges::all_of(values, is_float)) out.held = Held::f32, keep<float>(values, out.cells);
    else out.held = Held::f64, keep<double>(values, out.cells);
  }
  size_ += values.size();
}

void CompactNumbers::append(std::span<const double> values) {
  while (!values.empty()) {
    const std::size_t count = std::min(values.size(), block - open_.size());
    if (count == block) {
      seal(values.first(block));
    } else {
      open_.insert(open_.end(), values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
      if (open_.size() == block) seal(open_), open_.clear();
    }
    values = values.subspan(count);
  }
}

void CompactNumbers::gather(std::span<const std::int32_t> rows, const std::function<void(std::span<double>)>& each) const {
  constexpr std::size_t few = 256;  // that are not worth a whole block
  std::vector<double> of_block, out;
  while (!rows.empty()) {
    const std::size_t begin = static_cast<std::size_t>(rows.front()) / block * block, end = begin + block;
    std::size_t count = 0;
    while (count < rows.size() && static_cast<std::size_t>(rows[count]) < end) ++count;
    out.resize(count);
    if (count < few) {
      for (std::size_t i = 0; i < count; ++i) out[i] = (*this)[static_cast<std::size_t>(rows[i])];
    } else {
      of_block.resize(std::min(block, size() - begin));
      read(begin, of_block);
      for (std::size_t i = 0; i < count; ++i) out[i] = of_block[static_cast<std::size_t>(rows[i]) - begin];
    }
    each(out);
    rows = rows.subspan(count);
  }
}

void CompactNumbers::release(std::size_t row) {
  for (const std::size_t end = std::min(row / block, full_.size()); released_ < end; ++released_) full_[released_].cells = std::vector<std::byte>();
}

void CompactNumbers::read(std::size_t begin, std::span<double> out) const {
  while (!out.empty()) {
    const std::size_t at = begin % block;
    const bool open = begin >= size_;
    const std::size_t count = std::min(out.size(), open ? out.size() : full_[begin / block].size() - at);
    if (open) std::copy_n(open_.data() + (begin - size_), count, out.data());
    else full_[begin / block].read(at, out.first(count));
    begin += count, out = out.subspan(count);
  }
}

std::vector<double> CompactNumbers::all() const {
  std::vector<double> out(size());
  read(0, out);
  return out;
}

std::size_t CompactNumbers::bytes() const {
  std::size_t out = open_.capacity() * sizeof(double) + full_.capacity() * sizeof(Block);
  for (const Block& each : full_) out += each.cells.capacity();
  return out;
}

bool CompactNumbers::operator==(const CompactNumbers& other) const {
  const auto equal = [](double a, double b) { return a == b || (std::isnan(a) && std::isnan(b)); };
  return std::ranges::equal(all(), other.all(), equal);
}

}  // namespace lehr
