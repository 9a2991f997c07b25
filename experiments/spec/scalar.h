#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace lehr::spec {

// A scalar typed by the schema. `why` is set where it does not fit: the end of "epochs must be a whole number …".
template <class T>
struct Read {
  T value{};
  std::string why;
  explicit operator bool() const { return why.empty(); }
};
// Decimal numbers only; nan, inf, hexadecimal and leading zeros are refused, and what overflows a double.
Read<double> read_number(std::string_view text);
// Whole numbers of 64 bits; 1e3 is one.
Read<std::int64_t> read_integer(std::string_view text);
Read<std::uint64_t> read_unsigned(std::string_view text);
// true and false only.
Read<bool> read_boolean(std::string_view text);
// "33%" or "40 rows".
struct Portion {
  double fraction = 0;
  std::int64_t rows = -1;
};
Read<Portion> read_portion(std::string_view text);

bool looks_like_number(std::string_view text);

}  // namespace lehr::spec
