#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lehr::json {

// A JSON value (RFC 8259), just enough for the files this folder writes itself.
struct Value;
using List = std::vector<Value>;
using Members = std::vector<std::pair<std::string, Value>>;  // in order of the text
struct Value {
  std::variant<std::monostate, bool, double, std::string, List, Members> is;

  // Each an Error where the value is of another kind or the member is not there.
  bool boolean() const;
  double real() const;
  std::int64_t integer() const;
  const std::string& text() const;
  const List& list() const;
  std::vector<std::string> texts() const;
  const Value& at(std::string_view member) const;
  const Value* find(std::string_view member) const;  // nullptr
};

// Error naming the byte where the text stops being JSON; nesting up to 32.
Value parse(std::string_view text);

// A string with its quotes. Bytes pass as they are, so that a name in another encoding than UTF-8 is found again.
std::string string(std::string_view text);
std::string list(const std::vector<std::string>& texts);

}  // namespace lehr::json
