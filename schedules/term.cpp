#include "schedules/term.h"

#include <charconv>
#include <cmath>

namespace lehr {
namespace {
constexpr int deepest = 32;

class Flow {
 public:
  explicit Flow(std::string_view text) : text_(text) {}

  Term read() {
    skip();
    const char first = peek();
    Term term;
    if (first == '{' || first == '[' || first == '"' || first == '\'') {
      term = value(0);
    } else {
      place(term);
      term.scalar = std::string(trim(text_.substr(at_)));
      at_ = text_.size();
      if (term.scalar.empty()) fail(at_, "a schedule is missing: the text is empty");
    }
    skip();
    if (at_ < text_.size()) fail(at_, cat("unexpected ", quote(text_.substr(at_, 20)), " behind the end"));
    return term;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r')) ++at_;
  }
  void place(Term& term) const { term.line = 1, term.column = static_cast<int>(at_) + 1; }
  [[noreturn]] void fail(std::size_t at, const std::string& what) const {
    Term term;
    term.line = 1, term.column = static_cast<int>(at) + 1;
    throw TermError(term, cat(what, " (column ", term.column, ")"));
  }

  Term value(int depth) {
    if (depth > deepest) fail(at_, cat("more than ", deepest, " levels of brackets"));
    skip();
    if (peek() == '{') return mapping(depth);
    if (peek() == '[') return list(depth);
    Term term;
    place(term);
    term.scalar = peek() == '"' || peek() == '\'' ? quoted() : plain();
    if (term.scalar.empty()) fail(at_, "a value is missing");
    return term;
  }

  Term list(int depth) {
    Term term;
    place(term);
    term.kind = Term::Kind::list;
    const std::size_t open = at_++;
    for (skip(); peek() != ']'; skip()) {
      term.items.push_back(value(depth + 1));
      separator(']', open);
    }
    ++at_;
    return term;
  }

  Term mapping(int depth) {
    Term term;
    place(term);
    term.kind = Term::Kind::mapping;
    const std::size_t open = at_++;
    for (skip(); peek() != '}'; skip()) {
      const std::size_t start = at_;
      std::string key = key_name();
      if (term.find(key)) fail(start, cat("key ", quote(key), " is given twice"));
      term.entries.push_back({std::move(key), value(depth + 1)});
      separator('}', open);
    }
    ++at_;
    return term;
  }

  // Behind an item: a comma, or the closing bracket left where it stands.
  void separator(char close, std::size_t open) {
    skip();
    if (peek() == ',')
      ++at_;
    else if (peek() == '\0')
      fail(open, cat("the ", text_[open], " is never closed"));
    else if (peek() != close)
      fail(at_, cat("expected , or ", close, " but found ", quote(text_.substr(at_, 12))));
  }

  std::string key_name() {
    const std::size_t start = at_;
    std::string key;
    if (peek() == '"' || peek() == '\'') {
      key = quoted();
      skip();
    } else {
      while (at_ < text_.size() && std::string_view(":,{}[]").find(text_[at_]) == std::string_view::npos) ++at_;
      key = std::string(trim(text_.substr(start, at_ - start)));
    }
    if (key.empty()) fail(start, "a key is missing");
    if (peek() != ':') fail(start, cat("key ", quote(key), " has no value: write `", printable(key), ": …`"));
    ++at_;
    if (std::string_view(" \t\n[{\"'").find(peek()) == std::string_view::npos) fail(at_, cat("a space must stand behind `", printable(key), ":`"));
    return key;
  }

  std::string quoted() {
    const std::size_t open = at_;
    const char mark = text_[at_++];
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == mark) {
        if (mark == '"' || peek() != '\'') return out;
        ++at_;
      } else if (c == '\\' && mark == '"') {
        const char escaped = peek();
        if (escaped != '"' && escaped != '\\') fail(at_ - 1, "only \\\" and \\\\ may follow a backslash in quotes");
        out += escaped, ++at_;
        continue;
      }
      out += c;
    }
    fail(open, "the quotation is never closed");
  }

  std::string plain() {
    const std::size_t start = at_;
    while (at_ < text_.size() && std::string_view(",{}[]").find(text_[at_]) == std::string_view::npos) ++at_;
    return std::string(trim(text_.substr(start, at_ - start)));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};
}  // namespace

const Term* Term::find(std::string_view key) const {
  for (const auto& [name, value] : entries)
    if (name == key) return &value;
  return nullptr;
}

Term parse_term(std::string_view text) { return Flow(text).read(); }

std::string flow_scalar(std::string_view scalar) {
  const bool plain = !scalar.empty() && scalar.find_first_of(",:#{}[]\"'\\") == std::string_view::npos &&
                     std::string_view("*!>%@`&|?").find(scalar[0]) == std::string_view::npos;
  if (plain) return std::string(scalar);
  std::string out = "\"";
  for (const char c : scalar) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

bool parse_number(std::string_view text, double& value) {
  const std::string_view s = trim(text);
  const std::size_t digit = !s.empty() && s[0] == '-' ? 1 : 0;
  if (s.size() <= digit || (s[digit] != '.' && (s[digit] < '0' || s[digit] > '9'))) return false;
  if (s[digit] == '0' && s.size() > digit + 1 && s[digit + 1] >= '0' && s[digit + 1] <= '9') return false;
  const auto [end, problem] = std::from_chars(s.data(), s.data() + s.size(), value);
  return problem == std::errc() && end == s.data() + s.size() && std::isfinite(value);
}

}  // namespace lehr
