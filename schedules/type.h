#pragma once
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "schedules/schedule.h"

namespace lehr {

// What a number may be; `open` excludes the ends.
struct Range {
  double low = -std::numeric_limits<double>::infinity(), high = std::numeric_limits<double>::infinity();
  bool open = false;
  bool holds(double value) const { return open ? value > low && value < high : value >= low && value <= high; }
  std::string text() const;  // "above 0", "from 0 to 1"
};
inline constexpr Range any_number{};
inline constexpr Range positive{0, std::numeric_limits<double>::infinity(), true};
inline constexpr Range not_negative{0};
inline constexpr Range fraction{0, 1};

// One key of a type: how it is read, checked, printed and explained.
struct Key {
  enum class Kind { number, integer, span, flag, word, numbers, spans, formula, schedule, schedules, knots };
  std::string name;
  Kind kind;
  std::string fallback;  // "" = required, "none" = may be absent
  std::string meaning;
  Range range = any_number;        // of numbers, and of a span's count
  std::vector<std::string> words;  // of a word: the choices, none: any name; of a schedule: the type a child without one has
};
Key number_key(std::string name, std::string meaning, std::string fallback = "", Range range = any_number);
Key integer_key(std::string name, std::string meaning, std::string fallback = "", Range range = not_negative);
Key span_key(std::string name, std::string meaning, std::string fallback = "", Range range = positive);
Key flag_key(std::string name, std::string meaning, std::string fallback);
Key word_key(std::string name, std::string meaning, std::string fallback, std::vector<std::string> words);
Key list_key(std::string name, Key::Kind kind, std::string meaning, std::string fallback = "", Range range = any_number);
Key schedule_key(std::string name, std::string meaning, std::string fallback = "");

using Knots = std::vector<std::pair<double, double>>;  // boundary -> value, boundaries rising
using ArgValue = std::variant<std::monostate, double, bool, Span, std::string, std::vector<double>, std::vector<Span>, Schedule, std::vector<Schedule>, Knots>;

struct Type;

// The checked values of one mapping, in the order of the type's keys.
class Args {
 public:
  // Reads every entry but `type` (and what `skip` names); throws TermError at the entry concerned.
  Args(const Type& type, const Term& mapping, const std::vector<std::string>& skip = {});
  const Type& type() const { return *type_; }
  const Term& term() const { return term_; }

  bool has(std::string_view key) const { return !std::holds_alternative<std::monostate>(value(key)); }
  double number(std::string_view key) const { return std::get<double>(value(key)); }
  bool flag(std::string_view key) const { return std::get<bool>(value(key)); }
  const Span& span(std::string_view key) const { return std::get<Span>(value(key)); }
  const std::string& word(std::string_view key) const { return std::get<std::string>(value(key)); }
  const std::vector<double>& numbers(std::string_view key) const { return std::get<std::vector<double>>(value(key)); }
  const std::vector<Span>& spans(std::string_view key) const { return std::get<std::vector<Span>>(value(key)); }
  const Schedule& schedule(std::string_view key) const { return std::get<Schedule>(value(key)); }
  const std::vector<Schedule>& schedules(std::string_view key) const { return std::get<std::vector<Schedule>>(value(key)); }
  const Knots& knots(std::string_view key) const { return std::get<Knots>(value(key)); }
  // Error at the entry (or at the mapping, if the key is absent).
  [[noreturn]] void fail(std::string_view key, const std::string& what) const;

  std::string text() const;  // `key: value, …` of the values that differ from their fallback
  Args clone() const;        // children cloned

 private:
  const ArgValue& value(std::string_view key) const;
  const Type* type_;
  Term term_;
  std::vector<ArgValue> values_;
};

// What a type makes of its arguments: a pure function of the moment, and what can be said about it on a clock.
struct Curve {
  std::function<double(const Moment&)> at;
  std::function<std::optional<double>(const Moment&)> end = {};  // see Schedule::Shape
  std::function<void(const Moment&, std::vector<Schedule::Finding>&)> check = {};
  bool constant = false;
};

struct Type {
  std::string name, formula, origin;
  std::vector<Key> keys;
  Curve (*make)(const Args&);
  std::vector<std::string> inherits = {};  // keys that children without them take over (torch: the optimizer's lr)
};

// The list of all types; families below.
const std::vector<Type>& standard_types();
std::vector<Type> decay_types();
std::vector<Type> cycle_types();
std::vector<Type> combining_types();

Schedule make_schedule(const Type& type, const Term& mapping, const std::vector<std::string>& skip = {});
// Throws TermError with the nearest known name.
const Type& find_type(const Term& mapping);
Schedule parse_phases(const Term& list);

// Spans passed since the part began: 0 at its first update, exactly k after k whole spans.
inline double share(const Moment& m, const Span& span) { return m.step / span.steps(m.run); }
// u = x / T clipped to [0, 1]; T is `for` if the key is given, else the part's length.
std::function<double(const Moment&)> unit_time(const Args& args);
std::function<std::optional<double>(const Moment&)> unit_end(const Args& args);

}  // namespace lehr
