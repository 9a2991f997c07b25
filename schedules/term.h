#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace lehr {

// A node of the text from which schedules are made: what YAML (or the text form) holds, free of any parser's types.
struct Term {
  enum class Kind { scalar, list, mapping } kind = Kind::scalar;
  struct Entry;                // not a pair: one of Term cannot be named before Term is complete
  std::string scalar;          // as written
  std::vector<Term> items;     // list
  std::vector<Entry> entries;  // mapping, in order
  int line = 0, column = 0;    // where it stands in the file (1-based), 0 if unknown

  const Term* find(std::string_view key) const;  // of a mapping; null if absent
};
struct Term::Entry {
  std::string key;
  Term value;
};

// What went wrong in a term and where.
class TermError : public Error {
 public:
  TermError(const Term& at, const std::string& what) : Error(what), line(at.line), column(at.column) {}
  int line, column;
};

// YAML's flow style on one line: `0.1`, `{type: step, every: 5 epochs}`, `[{…}, {…}]`, quotes around text that holds , : [ ] { }.
// A text that does not begin with { [ or a quote is one scalar as it stands.
Term parse_term(std::string_view text);
// The scalar as parse_term reads it inside { } or [ ]: quoted where it must be.
std::string flow_scalar(std::string_view scalar);

// A finite decimal number written whole (no unit, no leading zero as in 010, no nan); false if the text is something else.
bool parse_number(std::string_view text, double& value);

}  // namespace lehr
