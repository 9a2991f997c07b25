#pragma once
#include <ranges>
#include <concepts>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lehr {

// Shortest text that reads back to the same bits; "nan", "inf", "-inf" where there is no number.
std::string number(double value);
std::string number(float value);
// Fixed number of decimals.
std::string fixed(double value, int decimals);
// 1234567 -> "1,234,567"
std::string grouped(long long value);

// A name from a file, safe to print: control bytes, ESC and broken UTF-8 are escaped, long ones shortened; in single quotes.
std::string quote(std::string_view name);
// The same without quotes.
std::string printable(std::string_view text);

// Columns a terminal needs for this UTF-8 text; padding counts them, not bytes.
std::size_t width(std::string_view text);
std::string pad_right(std::string_view text, std::size_t columns);
std::string pad_left(std::string_view text, std::size_t columns);

std::string lower(std::string_view text);
std::string_view trim(std::string_view text);
std::vector<std::string> split(std::string_view text, char separator);

// The known name nearest to `name` (edit distance, at most a third of its length, at least one edit allowed), "" if none.
std::string nearest(std::string_view name, std::span<const std::string> known);
// ", did you mean 'x'?" or "".
std::string did_you_mean(std::string_view name, std::span<const std::string> known);

// `*` matches any run of characters, `?` one; everything else itself.
bool matches(std::string_view pattern, std::string_view name);

namespace detail {
inline void append(std::string& out, std::string_view part) { out += part; }
inline void append(std::string& out, const std::string& part) { out += part; }
inline void append(std::string& out, const char* part) { out += part; }
inline void append(std::string& out, char part) { out += part; }
inline void append(std::string& out, bool part) { out += part ? "true" : "false"; }
template <std::integral T>
void append(std::string& out, T part) { out += std::to_string(part); }
template <std::floating_point T>
void append(std::string& out, T part) { out += number(part); }
template <std::ranges::range R>
  requires(!std::convertible_to<R, std::string_view>)
void append(std::string& out, const R& parts) {  // a shape: [28,34]
  out += '[';
  const char* separator = "";
  for (const auto& part : parts) {
    out += separator;
    append(out, part);
    separator = ",";
  }
  out += ']';
}
}  // namespace detail

// The parts as one string; numbers as number() writes them, ranges as [a,b].
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

template <std::ranges::range R>
std::string join(const R& parts, std::string_view separator) {
  std::string out;
  std::string_view s;
  for (const auto& part : parts) {
    out += s;
    detail::append(out, part);
    s = separator;
  }
  return out;
}

}  // namespace lehr
