#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/shape.h"

namespace lehr {

// Rows of numbers in the type they were read in, row-major, one stretch of memory behind another (each of a file, mapped or held). A model that
// takes floats sees float32((value - shift) * scale), or the float32 of where a value lies among quantiles, the arithmetic in double, as the preprocessing of
// tables does; nothing is converted beforehand.
class Stored {
 public:
  // A stretch: `rows` rows from `bytes` on, which `owner` keeps alive. Nothing needs to be aligned.
  struct Stretch {
    std::shared_ptr<const void> owner;
    const std::byte* bytes = nullptr;
    std::int64_t rows = 0;
  };

  Stored() = default;
  // Any type but string; `width` values a row.
  Stored(Dtype dtype, std::int64_t width);
  void add(Stretch stretch);
  // One for all, or one a column. None: values as they are.
  void scale(std::vector<double> shift, std::vector<double> scale);
  // Instead: among() of scalers.h, for all.
  void place(std::vector<double> knots, bool normal);

  bool empty() const { return stretches_.empty(); }
  Dtype dtype() const { return dtype_; }
  std::int64_t rows() const { return rows_; }
  bool placed() const { return !knots_.empty(); }
  bool scaled() const { return !shift_.empty() || !knots_.empty(); }
  // Integers and truth values that nothing scales: an input of integers takes them.
  bool whole() const { return !is_float(dtype_) && !scaled(); }

  // The rows, one after another, as the model sees them. `out` has room for rows.size() * width values. Nothing is allocated. Here and below: Error
  // (Exit::failed) naming file and byte where a mapped file was cut short meanwhile.
  void gather(std::span<const std::int32_t> rows, float* out) const;
  void gather(std::span<const std::int32_t> rows, std::int64_t* out) const;  // whole(); a uint64 of 2^63 or more wraps
  void gather(std::span<const std::int32_t> rows, std::uint8_t* out) const;  // truth values: 0 or 1
  // `rows` alone, copied, scaled the same; with `dealt` from these rows instead, as many: all values of a row, or of one column.
  Stored copied(std::span<const std::int32_t> rows) const { return copied(rows, rows, {}); }
  Stored copied(std::span<const std::int32_t> rows, std::span<const std::int32_t> dealt, std::optional<std::size_t> column) const;
  // One value by its place in row-major order, as the model sees it, and as the file has it.
  double value(std::size_t index) const;
  double raw(std::size_t index) const;
  // What was read of mapped files is not counted as memory any more, until it is read again.
  void leave() const;
  // The values of `rows` as the file has them, in double: for statistics. `out` as above.
  void gather_raw(std::span<const std::int32_t> rows, double* out) const;

 private:
  const std::byte* row(std::int64_t row) const;
  double seen(double raw, std::size_t column) const;
  void tabulate();

  Dtype dtype_ = Dtype::f32;
  std::int64_t width_ = 0, rows_ = 0;
  std::vector<Stretch> stretches_;
  std::vector<double> shift_, scale_, knots_;
  bool normal_ = false;
  std::vector<float> table_;  // of types of 1 or 2 bytes under one scaling: what each pattern of bits becomes
};

}  // namespace lehr
