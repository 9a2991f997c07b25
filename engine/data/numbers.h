#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <vector>

namespace lehr {

// A column of doubles, NaN where a cell is missing, held small: every block of `block` rows as integers m of 1 to 4 bytes where each value is
// m / 10^k to the last bit, else as float32 where each value is one, else as double. What is read is bit for bit what was put in; of NaN there is one.
class CompactNumbers {
 public:
  static constexpr std::size_t block = 4096;

  CompactNumbers() = default;
  CompactNumbers(std::initializer_list<double> values) {
    for (const double value : values) push_back(value);
  }
  void reserve(std::size_t rows) { full_.reserve(rows / block + 1); }
  void push_back(double value) { append({&value, 1}); }
  void append(std::span<const double> values);
  // The last, short block is made small too: call it once, no value may follow.
  void finish() {
    if (!open_.empty()) seal(open_), open_ = std::vector<double>();
  }

  std::size_t size() const { return size_ + open_.size(); }
  bool empty() const { return size() == 0; }
  double operator[](std::size_t i) const { return i < size_ ? full_[i / block].at(i % block) : open_[i - size_]; }
  // The values of begin, begin + 1, …: out.size() of them.
  void read(std::size_t begin, std::span<double> out) const;
  // The values of these rows, which ascend, in parts of up to `block` rows of the column.
  void gather(std::span<const std::int32_t> rows, const std::function<void(std::span<double>)>& each) const;
  // The memory of all whole blocks in front of `row` is given back: these values must not be read again.
  void release(std::size_t row);
  std::vector<double> all() const;
  std::size_t bytes() const;
  bool operator==(const CompactNumbers& other) const;  // values, NaN equal to NaN

  class Iterator {
   public:
    Iterator(const CompactNumbers& of, std::size_t at) : of_(&of), at_(at) {}
    double operator*() const { return (*of_)[at_]; }
    Iterator& operator++() { return ++at_, *this; }
    bool operator==(const Iterator& other) const { return at_ == other.at_; }

   private:
    const CompactNumbers* of_;
    std::size_t at_;
  };
  Iterator begin() const { return {*this, 0}; }
  Iterator end() const { return {*this, size()}; }

 private:
  enum class Held : std::uint8_t { i8, u8, i16, i24, i32, f32, f64 };  // u8: without missing values
  struct Block {
    Held held = Held::f64;
    std::uint8_t decimals = 0;
    bool gaps = true;  // there may be missing values
    std::vector<std::byte> cells;
    double at(std::size_t i) const;
    template <class Cell>
    const Cell* as() const { return reinterpret_cast<const Cell*>(cells.data()); }
    void read(std::size_t begin, std::span<double> out) const;
    std::size_t size() const;
  };
  void seal(std::span<const double> values);
  bool as_integers(Block& out, std::span<const double> values);

  std::vector<Block> full_;    // of `block` rows each, after finish() the last of fewer
  std::size_t size_ = 0;       // rows in full_
  std::size_t released_ = 0;   // blocks
  std::vector<double> open_;
  std::uint8_t decimals_ = 0;  // of the block before: a first guess
};

}  // namespace lehr
