#include "experiments/spec/scalar.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "base/text.h"

namespace lehr::spec {

namespace {
bool digit(char c) { return c >= '0' && c <= '9'; }
std::string_view unsigned_part(std::string_view text) {
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  return text;
}
// 010 is eight to some readers and ten to others.
bool leading_zero(std::string_view text) {
  text = unsigned_part(text);
  return text.size() > 1 && text[0] == '0' && digit(text[1]);
}
bool plain_digits(std::string_view text) {
  text = unsigned_part(text);
  if (text.empty()) return false;
  for (const char c : text)
    if (!digit(c)) return false;
  return true;
}
bool names_no_number(std::string_view text) {
  std::string word = lower(unsigned_part(text));
  if (word.starts_with('.')) word.erase(0, 1);
  return word == "nan" || word == "inf" || word == "infinity";
}

template <class T>
Read<T> read_whole(std::string_view text) {
  Read<T> out;
  if (leading_zero(text)) return {{}, cat("not ", quote(text), ": leading zeros are refused, since some readers take them for octal")};
  if (plain_digits(text)) {
    if (text.front() == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.value);
    if (error == std::errc{} && end == text.data() + text.size()) return out;
    if (std::is_unsigned_v<T> && text.front() == '-') return {{}, cat("not ", quote(text), ": it is negative")};
    return {{}, cat("not ", quote(text), ": it does not fit into 64 bits")};
  }
  const auto number = read_number(text);
  if (!number) return {{}, number.why};
  if (number.value != std::floor(number.value)) return {{}, cat("not ", quote(text))};
  if (text.find('.') != std::string_view::npos && text.find_first_of("eE") == std::string_view::npos)
    return {{}, cat("not ", quote(text), ": write ", lehr::number(number.value))};
  if (std::abs(number.value) > 9007199254740992.0 || (std::is_unsigned_v<T> && number.value < 0))
    return {{}, cat("not ", quote(text), number.value < 0 ? ": it is negative" : ": it is beyond 2^53, write all its digits")};
  out.value = static_cast<T>(number.value);
  return out;
}
}  // namespace

Read<double> read_number(std::string_view text) {
  const auto no = [&](std::string_view reason) { return Read<double>{0, cat("not ", quote(text), reason)}; };
  if (names_no_number(text)) return no(": it must be finite");
  if (leading_zero(text)) return no(": leading zeros are refused, since some readers take them for octal");
  const std::string_view magnitude = unsigned_part(text);
  if (magnitude.empty() || !(digit(magnitude[0]) || (magnitude[0] == '.' && magnitude.size() > 1 && digit(magnitude[1])))) return no("");
  if (text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size()) return no("");
  if (error != std::errc{}) return no(": it is too large or too small for a double");
  return {value, ""};
}

Read<std::int64_t> read_integer(std::string_view text) { return read_whole<std::int64_t>(text); }
Read<std::uint64_t> read_unsigned(std::string_view text) { return read_whole<std::uint64_t>(text); }

Read<bool> read_boolean(std::string_view text) {
  if (text == "true" || text == "false") return {text == "true", ""};
  const std::string word = lower(text);
  if (word == "yes" || word == "on" || word == "y" || word == "1" || word == "true") return {false, cat("not ", quote(text), ": write true")};
  if (word == "no" || word == "off" || word == "n" || word == "0" || word == "false") return {false, cat("not ", quote(text), ": write false")};
  return {false, cat("not ", quote(text))};
}

Read<Portion> read_portion(std::string_view text) {
  const auto no = [&](const std::string& reason) { return Read<Portion>{{}, cat("not ", quote(text), reason)}; };
  if (text.ends_with('%')) {
    const auto percent = read_number(trim(text.substr(0, text.size() - 1)));
    if (!percent) return no("");
    if (percent.value < 0 || percent.value >= 100) return no(": a percentage lies in [0, 100)");
    return {{percent.value / 100, -1}, ""};
  }
  std::string_view count = text;
  for (const std::string_view unit : {"rows", "row"})
    if (count.ends_with(unit)) {
      const auto rows = read_integer(trim(count.substr(0, count.size() - unit.size())));
      if (!rows) return no("");
      if (rows.value < 0) return no(": a number of rows is not negative");
      return {{0, rows.value}, ""};
    }
  if (const auto bare = read_number(text); bare)
    return no(cat(" without a unit: write ",
                  bare.value > 0 && bare.value < 1 ? cat(number(std::round(bare.value * 1e8) / 1e6), "%") : cat(printable(text), "%"), " or ",
                  bare.value >= 1 ? cat(printable(text), " rows") : "40 rows"));
  return no("");
}

bool looks_like_number(std::string_view text) { return static_cast<bool>(read_number(text)) || leading_zero(text) || names_no_number(text); }

}  // namespace lehr::spec
