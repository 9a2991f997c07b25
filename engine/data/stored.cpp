#include "engine/data/stored.h"

#include <cstring>
#include <type_traits>

#include "base/error.h"
#include "base/tensor.h"
#include "engine/data/mapped.h"
#include "engine/data/scalers.h"

namespace lehr {

namespace {
// Two floats of 16 bits and a truth value, to be told from the integers that hold them.
struct Half {
  std::uint16_t bits;
};
struct Brain {
  std::uint16_t bits;
};
struct Truth {
  std::uint8_t bits;
};
double as_double(Half v) { return half_to_float(v.bits); }
double as_double(Brain v) { return bfloat_to_float(v.bits); }
double as_double(Truth v) { return v.bits != 0; }
template <class T>
double as_double(T v) {
  return static_cast<double>(v);
}

template <class T>
T load(const std::byte* from, std::size_t index) {
  T value;
  std::memcpy(&value, from + index * sizeof(T), sizeof(T));
  return value;
}

// f(T()) for the type of the values.
template <class F>
auto typed(Dtype dtype, const F& f) {
  switch (dtype) {
    case Dtype::f64:
      return f(double());
    case Dtype::f16:
      return f(Half());
    case Dtype::bf16:
      return f(Brain());
    case Dtype::i8:
      return f(std::int8_t());
    case Dtype::u8:
      return f(std::uint8_t());
    case Dtype::boolean:
      return f(Truth());
    case Dtype::i16:
      return f(std::int16_t());
    case Dtype::u16:
      return f(std::uint16_t());
    case Dtype::i32:
      return f(std::int32_t());
    case Dtype::u32:
      return f(std::uint32_t());
    case Dtype::i64:
      return f(std::int64_t());
    case Dtype::u64:
      return f(std::uint64_t());
    case Dtype::f32:
      return f(float());
    case Dtype::string:
      break;
  }
  throw Error("values of type ", name(dtype), " are not held as data");
}

// Each row's place and where its values go.
template <class Row, class To, class Each>
void each_row(std::span<const std::int32_t> rows, std::size_t width, To* out, const Row& row, const Each& each) {
  for (const std::int32_t r : rows) each(row(r), out), out += width;
  check_mapped();
}

template <class Index, class Row>
void look_up(std::span<const std::int32_t> rows, std::size_t width, const Row& row, const float* table, float* out) {
  each_row(rows, width, out, row, [&](const std::byte* from, float* to) {
    for (std::size_t i = 0; i < width; ++i) to[i] = table[load<Index>(from, i)];
  });
}
}  // namespace

Stored::Stored(Dtype dtype, std::int64_t width) : dtype_(dtype), width_(width) {
  typed(dtype, [](auto) {});
  scale({}, {});
}

void Stored::add(Stretch stretch) {
  rows_ += stretch.rows;
  stretches_.push_back(std::move(stretch));
}

void Stored::scale(std::vector<double> shift, std::vector<double> scale) {
  if (shift.size() != scale.size() || (shift.size() > 1 && static_cast<std::int64_t>(shift.size()) != width_))
    throw Error(shift.size(), " shifts and ", scale.size(), " scales for ", width_, " columns");
  shift_ = std::move(shift), scale_ = std::move(scale), knots_.clear();
  tabulate();
}

void Stored::place(std::vector<double> knots, bool normal) {
  shift_.clear(), scale_.clear();
  knots_ = std::move(knots), normal_ = normal;
  tabulate();
}

double Stored::seen(double raw, std::size_t column) const {
  if (!knots_.empty()) return among(knots_, normal_, raw);
  if (shift_.empty()) return raw;
  if (shift_.size() == 1) column = 0;
  return (raw - shift_[column]) * scale_[column];
}

void Stored::tabulate() {
  table_.clear();
  const std::size_t size = bytes(dtype_);
  if (size > 2 || shift_.size() > 1) return;
  typed(dtype_, [&]<class T>(T) {
    for (std::uint32_t bits = 0; bits < (std::uint32_t{1} << (8 * size)); ++bits) {
      std::array<std::byte, 2> pattern{static_cast<std::byte>(bits & 255), static_cast<std::byte>(bits >> 8)};
      if constexpr (sizeof(T) <= 2) table_.push_back(static_cast<float>(seen(as_double(load<T>(pattern.data(), 0)), 0)));
    }
  });
}

const std::byte* Stored::row(std::int64_t row) const {
  const std::byte* bytes_of = stretches_.front().bytes;
  for (std::size_t s = 0; s + 1 < stretches_.size() && row >= stretches_[s].rows; ++s) row -= stretches_[s].rows, bytes_of = stretches_[s + 1].bytes;
  return bytes_of + static_cast<std::size_t>(row * width_) * bytes(dtype_);
}

Stored Stored::copied(std::span<const std::int32_t> rows, std::span<const std::int32_t> dealt, std::optional<std::size_t> column) const {
  if (dealt.size() != rows.size()) throw Error(dealt.size(), " rows to deal to ", rows.size());
  const std::size_t size = bytes(dtype_), line = size * static_cast<std::size_t>(width_);
  const auto held = std::make_shared<std::vector<std::byte>>(rows.size() * line);
  for (std::size_t i = 0; i < rows.size() && line > 0; ++i) {
    std::byte* to = held->data() + i * line;
    std::memcpy(to, row(column ? rows[i] : dealt[i]), line);
    if (column) std::memcpy(to + *column * size, row(dealt[i]) + *column * size, size);
  }
  Stored out = *this;
  out.stretches_ = {{held, held->data(), static_cast<std::int64_t>(rows.size())}};
  out.rows_ = static_cast<std::int64_t>(rows.size());
  return out;
}

void Stored::gather(std::span<const std::int32_t> rows, float* out) const {
  const auto width = static_cast<std::size_t>(width_);
  const auto at = [&](std::int32_t r) { return row(r); };
  if (!table_.empty())
    return bytes(dtype_) == 1 ? look_up<std::uint8_t>(rows, width, at, table_.data(), out) : look_up<std::uint16_t>(rows, width, at, table_.data(), out);
  if (dtype_ == Dtype::f32 && !scaled())
    return each_row(rows, width, out, at, [&](const std::byte* from, float* to) { std::memcpy(to, from, width * sizeof(float)); });
  typed(dtype_, [&]<class T>(T) {
    if (shift_.size() > 1 || !knots_.empty())
      return each_row(rows, width, out, at, [&](const std::byte* from, float* to) {
        for (std::size_t i = 0; i < width; ++i) to[i] = static_cast<float>(seen(as_double(load<T>(from, i)), i));
      });
    const double by = shift_.empty() ? 0 : shift_[0], times = scale_.empty() ? 1 : scale_[0];
    each_row(rows, width, out, at, [&](const std::byte* from, float* to) {
      for (std::size_t i = 0; i < width; ++i) to[i] = static_cast<float>((as_double(load<T>(from, i)) - by) * times);
    });
  });
}

void Stored::gather(std::span<const std::int32_t> rows, std::int64_t* out) const {
  if (!whole()) throw Error("values of type ", name(dtype_), scaled() ? ", scaled," : "", " are no integers");
  typed(dtype_, [&]<class T>(T) {
    if constexpr (std::is_integral_v<T> || std::is_same_v<T, Truth>)
      each_row(
          rows, static_cast<std::size_t>(width_), out, [&](std::int32_t r) { return row(r); },
          [&](const std::byte* from, std::int64_t* to) {
            for (std::size_t i = 0; i < static_cast<std::size_t>(width_); ++i) {
              if constexpr (std::is_integral_v<T>)
                to[i] = static_cast<std::int64_t>(load<T>(from, i));
              else
                to[i] = load<T>(from, i).bits != 0;
            }
          });
  });
}

void Stored::gather(std::span<const std::int32_t> rows, std::uint8_t* out) const {
  if (dtype_ != Dtype::boolean) throw Error("values of type ", name(dtype_), " are no truth values");
  each_row(
      rows, static_cast<std::size_t>(width_), out, [&](std::int32_t r) { return row(r); },
      [&](const std::byte* from, std::uint8_t* to) {
        for (std::size_t i = 0; i < static_cast<std::size_t>(width_); ++i) to[i] = from[i] != std::byte{};
      });
}

void Stored::gather_raw(std::span<const std::int32_t> rows, double* out) const {
  typed(dtype_, [&]<class T>(T) {
    each_row(
        rows, static_cast<std::size_t>(width_), out, [&](std::int32_t r) { return row(r); },
        [&](const std::byte* from, double* to) {
          for (std::size_t i = 0; i < static_cast<std::size_t>(width_); ++i) to[i] = as_double(load<T>(from, i));
        });
  });
}

void Stored::leave() const {
  for (const Stretch& stretch : stretches_) leave_mapped(stretch.bytes);
}

double Stored::raw(std::size_t index) const {
  const auto width = static_cast<std::size_t>(width_);
  const double out = typed(dtype_, [&]<class T>(T) { return as_double(load<T>(row(static_cast<std::int64_t>(index / width)), index % width)); });
  check_mapped();
  return out;
}

double Stored::value(std::size_t index) const {
  return static_cast<double>(static_cast<float>(seen(raw(index), index % static_cast<std::size_t>(width_))));
}

}  // namespace lehr
