#include "schedules/type.h"

#include <algorithm>
#include <cmath>

#include "base/readable.h"
#include "schedules/formula.h"

namespace lehr {
namespace {

double read_number(const Term& term, const Range& range, const std::string& key, bool whole) {
  if (term.kind != Term::Kind::scalar) throw TermError(term, cat("key ", quote(key), " takes a number"));
  double value = 0;
  if (!parse_number(term.scalar, value)) value = constant_formula(term);
  if (!std::isfinite(value)) throw TermError(term, cat("key ", quote(key), " must be a finite number, but ", quote(term.scalar), " is ", value));
  if (whole && value != std::floor(value)) throw TermError(term, cat("key ", quote(key), " must be a whole number, but ", value, " is not"));
  if (!range.holds(value)) throw TermError(term, cat("key ", quote(key), " must be ", range.text(), ", but it is ", value));
  return value;
}

Span read_span(const Term& term, const Range& range, const std::string& key) {
  if (term.kind != Term::Kind::scalar) throw TermError(term, cat("key ", quote(key), " takes a length of training such as `5 epochs`"));
  Span span;
  try {
    span = parse_span(term.scalar);
  } catch (const Error& error) {
    throw TermError(term, cat("key ", quote(key), ": ", error.what()));
  }
  if (!range.holds(span.count)) throw TermError(term, cat("key ", quote(key), " must be ", range.text(), ", but it is ", span.text()));
  return span;
}

bool read_flag(const Term& term, const std::string& key) {
  if (term.kind == Term::Kind::scalar && (term.scalar == "true" || term.scalar == "false")) return term.scalar == "true";
  throw TermError(term, cat("key ", quote(key), " takes true or false", term.kind == Term::Kind::scalar ? cat(", not ", quote(term.scalar)) : ""));
}

std::string read_word(const Term& term, const Key& key) {
  if (term.kind != Term::Kind::scalar)
    throw TermError(term, cat("key ", quote(key.name), key.words.empty() ? " takes a name" : " takes one of ", join(key.words, ", ")));
  if (key.words.empty()) return term.scalar;
  if (std::find(key.words.begin(), key.words.end(), term.scalar) == key.words.end())
    throw TermError(
        term, cat("key ", quote(key.name), " cannot be ", quote(term.scalar), did_you_mean(term.scalar, key.words), "; it is one of ", join(key.words, ", ")));
  return term.scalar;
}

const std::vector<Term>& items(const Term& term, const std::string& key) {
  if (term.kind != Term::Kind::list || term.items.empty()) throw TermError(term, cat("key ", quote(key), " takes a list: [a, b, …]"));
  return term.items;
}

Knots read_knots(const Term& term, const Key& key) {
  if (term.kind != Term::Kind::mapping) throw TermError(term, cat("key ", quote(key.name), " takes {boundary: value, …}"));
  Knots knots;
  for (const auto& [name, value] : term.entries) {
    double at = 0;
    if (!parse_number(name, at) || at < 0 || at != std::floor(at))
      throw TermError(value, cat("key ", quote(key.name), ": ", quote(name), " is no whole, non-negative boundary"));
    knots.emplace_back(at, read_number(value, key.range, cat(key.name, ".", name), false));
  }
  std::sort(knots.begin(), knots.end());
  return knots;
}

// A child schedule; what it lacks and the parent hands on is added to its text.
Schedule read_child(const Term& term, const Key& key, const Type& type, const Term& parent) {
  Term child = term;
  if (child.kind == Term::Kind::mapping) {
    if (!key.words.empty() && !child.find("type")) {
      Term name = child;
      name.kind = Term::Kind::scalar, name.scalar = key.words[0], name.entries.clear();
      child.entries.insert(child.entries.begin(), {"type", name});
    }
    if (child.find("type"))
      for (const std::string& inherited : type.inherits) {
        const auto& keys = find_type(child).keys;
        const bool takes = std::any_of(keys.begin(), keys.end(), [&](const Key& k) { return k.name == inherited; });
        if (const Term* value = parent.find(inherited); value && takes && !child.find(inherited)) child.entries.push_back({inherited, *value});
      }
  }
  return parse_schedule(child);
}

ArgValue read_value(const Key& key, const Term& term, const Type& type, const Term& parent) {
  switch (key.kind) {
    case Key::Kind::number:
      return read_number(term, key.range, key.name, false);
    case Key::Kind::integer:
      return read_number(term, key.range, key.name, true);
    case Key::Kind::span:
      return read_span(term, key.range, key.name);
    case Key::Kind::flag:
      return read_flag(term, key.name);
    case Key::Kind::word:
      return read_word(term, key);
    case Key::Kind::numbers: {
      std::vector<double> out;
      for (const Term& item : items(term, key.name)) out.push_back(read_number(item, key.range, key.name, false));
      return out;
    }
    case Key::Kind::spans: {
      std::vector<Span> out;
      for (const Term& item : items(term, key.name)) out.push_back(read_span(item, key.range, key.name));
      return out;
    }
    case Key::Kind::formula:
      if (term.kind != Term::Kind::scalar) throw TermError(term, cat("key ", quote(key.name), " takes a formula"));
      return Schedule(formula(term));
    case Key::Kind::schedule:
      return read_child(term, key, type, parent);
    case Key::Kind::schedules: {
      std::vector<Schedule> out;
      for (const Term& item : items(term, key.name)) out.push_back(read_child(item, key, type, parent));
      return out;
    }
    case Key::Kind::knots:
      return read_knots(term, key);
  }
  return {};
}

struct Print {
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(double v) const { return number(v); }
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(const Span& v) const { return v.text(); }
  std::string operator()(const std::string& v) const { return flow_scalar(v); }
  std::string operator()(const Schedule& v) const {
    const std::string text = v.text();
    return text[0] == '{' || text[0] == '[' ? text : flow_scalar(text);
  }
  std::string operator()(const Knots& v) const {
    std::vector<std::string> parts;
    for (const auto& [at, value] : v) parts.push_back(cat(at, ": ", value));
    return "{" + join(parts, ", ") + "}";
  }
  template <class T>
  std::string operator()(const std::vector<T>& v) const {
    std::vector<std::string> parts;
    for (const T& item : v) parts.push_back((*this)(item));
    return "[" + join(parts, ", ") + "]";
  }
};

// null in any of its spellings: an optional key that is not given.
bool nothing(const Term& term) {
  return term.kind == Term::Kind::scalar && (term.scalar == "null" || term.scalar == "none" || term.scalar == "None" || term.scalar == "~");
}

Key key_of(std::string name, Key::Kind kind, std::string meaning, std::string fallback, Range range = any_number, std::vector<std::string> words = {}) {
  return Key{std::move(name), kind, std::move(fallback), std::move(meaning), range, std::move(words)};
}
}  // namespace

std::string Range::text() const {
  if (std::isinf(high)) return std::isinf(low) ? "any number" : cat(open ? "above " : "at least ", readable(low));
  const double next = std::nextafter(high, std::numeric_limits<double>::infinity());
  if (next == std::round(next) && high != std::round(high)) return cat("from ", readable(low), " to below ", readable(next));
  return open ? cat("between ", readable(low), " and ", readable(high), " (both excluded)") : cat("from ", readable(low), " to ", readable(high));
}

Key number_key(std::string name, std::string meaning, std::string fallback, Range range) {
  return key_of(std::move(name), Key::Kind::number, std::move(meaning), std::move(fallback), range);
}
Key integer_key(std::string name, std::string meaning, std::string fallback, Range range) {
  return key_of(std::move(name), Key::Kind::integer, std::move(meaning), std::move(fallback), range);
}
Key span_key(std::string name, std::string meaning, std::string fallback, Range range) {
  return key_of(std::move(name), Key::Kind::span, std::move(meaning), std::move(fallback), range);
}
Key flag_key(std::string name, std::string meaning, std::string fallback) {
  return key_of(std::move(name), Key::Kind::flag, std::move(meaning), std::move(fallback));
}
Key word_key(std::string name, std::string meaning, std::string fallback, std::vector<std::string> words) {
  return key_of(std::move(name), Key::Kind::word, std::move(meaning), std::move(fallback), any_number, std::move(words));
}
Key list_key(std::string name, Key::Kind kind, std::string meaning, std::string fallback, Range range) {
  return key_of(std::move(name), kind, std::move(meaning), std::move(fallback), range);
}
Key schedule_key(std::string name, std::string meaning, std::string fallback) {
  return key_of(std::move(name), Key::Kind::schedule, std::move(meaning), std::move(fallback));
}

Args::Args(const Type& type, const Term& mapping, const std::vector<std::string>& skip) : type_(&type), term_(mapping), values_(type.keys.size()) {
  std::vector<std::string> names;
  for (const Key& key : type.keys) names.push_back(key.name);
  for (const auto& [name, value] : mapping.entries) {
    if (name == "type" || std::find(skip.begin(), skip.end(), name) != skip.end()) continue;
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end())
      throw TermError(value,
                      cat("schedule type ", quote(type.name), " has no key ", quote(name), did_you_mean(name, names), "; its keys are ", join(names, ", ")));
    const auto index = static_cast<std::size_t>(found - names.begin());
    if (type.keys[index].fallback == "none" && nothing(value)) continue;
    if (!std::holds_alternative<std::monostate>(values_[index])) throw TermError(value, cat("key ", quote(name), " is given twice"));
    values_[index] = read_value(type.keys[index], value, type, mapping);
  }
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Key& key = type.keys[i];
    if (!std::holds_alternative<std::monostate>(values_[i]) || key.fallback == "none") continue;
    if (key.fallback.empty()) throw TermError(mapping, cat("schedule type ", quote(type.name), " needs the key ", quote(key.name), " (", key.meaning, ")"));
    values_[i] = read_value(key, parse_term(key.fallback), type, mapping);
  }
}

const ArgValue& Args::value(std::string_view key) const {
  for (std::size_t i = 0; i < values_.size(); ++i)
    if (type_->keys[i].name == key) return values_[i];
  throw Error("schedule type ", quote(type_->name), " has no key ", quote(key));
}

void Args::fail(std::string_view key, const std::string& what) const {
  const Term* at = term_.find(key);
  throw TermError(at ? *at : term_, cat("schedule type ", quote(type_->name), ": ", what));
}

std::string Args::text() const {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Key& key = type_->keys[i];
    const std::string text = std::visit(Print{}, values_[i]);
    if (text.empty() && std::holds_alternative<std::monostate>(values_[i])) continue;
    if (!key.fallback.empty() && key.fallback != "none" && text == std::visit(Print{}, read_value(key, parse_term(key.fallback), *type_, term_))) continue;
    parts.push_back(cat(key.name, ": ", text));
  }
  return join(parts, ", ");
}

Args Args::clone() const {
  Args copy = *this;
  for (ArgValue& value : copy.values_) {
    if (auto* child = std::get_if<Schedule>(&value)) *child = child->clone();
    if (auto* children = std::get_if<std::vector<Schedule>>(&value))
      for (Schedule& each : *children) each = each.clone();
  }
  return copy;
}

std::function<double(const Moment&)> unit_time(const Args& args) {
  if (!args.has("for")) return [](const Moment& m) { return m.length > 0 ? std::clamp(m.step / m.length, 0.0, 1.0) : 1.0; };
  return [span = args.span("for")](const Moment& m) { return std::clamp(share(m, span), 0.0, 1.0); };
}

std::function<std::optional<double>(const Moment&)> unit_end(const Args& args) {
  if (!args.has("for")) return {};
  return [span = args.span("for")](const Moment& m) { return std::optional<double>(span.steps(m.run)); };
}

}  // namespace lehr
