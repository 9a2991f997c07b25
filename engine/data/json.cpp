#include "engine/data/json.h"

#include <charconv>
#include <cmath>

#include "base/error.h"
#include "base/text.h"

namespace lehr::json {

namespace {
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Value document() {
    Value value = next(0);
    skip();
    if (at_ != text_.size()) fail("the end");
    return value;
  }

 private:
  [[noreturn]] void fail(const char* expected) const { throw Error("not JSON at byte ", at_, ": ", expected, " was expected"); }
  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    return ++at_, true;
  }
  bool take_word(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    return at_ += word.size(), true;
  }

  Value next(int depth) {
    if (depth > 32) fail("less nesting");
    skip();
    if (take('{')) return members(depth);
    if (take('[')) return list(depth);
    if (take('"')) return {string()};
    if (take_word("true")) return {true};
    if (take_word("false")) return {false};
    if (take_word("null")) return {};
    return {number()};
  }

  Value members(int depth) {
    Members out;
    if (take('}')) return {out};
    do {
      if (!take('"')) fail("a member's name");
      std::string name = string();
      if (!take(':')) fail("a colon");
      out.emplace_back(std::move(name), next(depth + 1));
    } while (take(','));
    if (!take('}')) fail("a comma or }");
    return {std::move(out)};
  }

  Value list(int depth) {
    List out;
    if (take(']')) return {out};
    do out.push_back(next(depth + 1));
    while (take(','));
    if (!take(']')) fail("a comma or ]");
    return {std::move(out)};
  }

  double number() {
    double value = 0;
    const bool starts = at_ < text_.size() && (text_[at_] == '-' || (text_[at_] >= '0' && text_[at_] <= '9'));
    const auto [end, status] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (!starts || status != std::errc() || !std::isfinite(value)) fail("a value");
    at_ = static_cast<std::size_t>(end - text_.data());
    return value;
  }

  std::string string() {
    std::string out;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '"') return ++at_, out;
      if (static_cast<unsigned char>(c) < 0x20) fail("an escaped control byte");
      if (c != '\\') out += c;
      else escape(out);
    }
    fail("a closing quote");
  }

  void escape(std::string& out) {
    constexpr std::string_view names = "\"\\/bfnrt", bytes = "\"\\/\b\f\n\r\t";
    if (++at_ >= text_.size()) fail("an escape");
    if (const auto i = names.find(text_[at_]); i != std::string_view::npos) return void(out += bytes[i]);
    if (text_[at_] != 'u') fail("an escape");
    std::uint32_t code = hex();
    if (code >= 0xD800 && code < 0xDC00) {
      if (text_.substr(at_ + 1, 2) != "\\u") fail("the second half of a surrogate pair");
      at_ += 2;
      const std::uint32_t low = hex();
      if (low < 0xDC00 || low > 0xDFFF) fail("the second half of a surrogate pair");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    utf8(out, code);
  }

  std::uint32_t hex() {  // the four digits behind the byte at hand; leaves at_ on the last
    std::uint32_t code = 0;
    const char* first = text_.data() + at_ + 1;
    if (at_ + 4 >= text_.size() || std::from_chars(first, first + 4, code, 16).ptr != first + 4) fail("four hexadecimal digits");
    return at_ += 4, code;
  }

  void utf8(std::string& out, std::uint32_t code) const {
    if (code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) fail("a Unicode character");
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80) return put(code);
    if (code < 0x800) put(0xC0 | code >> 6);
    else if (code < 0x10000) put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 63));
    else put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 63)), put(0x80 | (code >> 6 & 63));
    put(0x80 | (code & 63));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

template <class T>
const T& as(const Value& value, const char* kind) {
  if (const T* held = std::get_if<T>(&value.is)) return *held;
  throw Error("a value is not ", kind);
}
}  // namespace

bool Value::boolean() const { return as<bool>(*this, "true or false"); }
double Value::real() const { return as<double>(*this, "a number"); }
const std::string& Value::text() const { return as<std::string>(*this, "a string"); }
const List& Value::list() const { return as<List>(*this, "a list"); }

std::int64_t Value::integer() const {
  const double value = real();
  if (value != std::floor(value) || std::abs(value) > 9007199254740992.0) throw Error(value, " is not an integer");
  return static_cast<std::int64_t>(value);
}

std::vector<std::string> Value::texts() const {
  std::vector<std::string> out;
  for (const Value& value : list()) out.push_back(value.text());
  return out;
}

const Value* Value::find(std::string_view member) const {
  for (const auto& [name, value] : as<Members>(*this, "an object"))
    if (name == member) return &value;
  return nullptr;
}

const Value& Value::at(std::string_view member) const {
  if (const Value* value = find(member)) return *value;
  throw Error("the member ", quote(member), " is missing");
}

Value parse(std::string_view text) { return Parser(text).document(); }

std::string string(std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') out += '\\';
    if (byte < 0x20) out += cat("\\u00", digits[byte >> 4], digits[byte & 15]);
    else out += c;
  }
  return out + "\"";
}

std::string list(const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts) quoted.push_back(string(text));
  return "[" + join(quoted, ", ") + "]";
}

}  // namespace lehr::json
