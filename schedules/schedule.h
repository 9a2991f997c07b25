#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "schedules/clock.h"

namespace lehr {

// A length of training with its unit: `5 epochs`, `300 steps`, `10%` (of the run), `50k samples`.
struct Span {
  enum class Unit { steps, epochs, percent, samples } unit = Unit::steps;
  double count = 0;
  double steps(const Clock& clock) const;  // in updates, on this run's clock
  std::string text() const;                // parse_span(text()) == *this
  bool operator==(const Span&) const = default;
};
// Error on a bare number: the message shows the spellings.
Span parse_span(std::string_view text);

// A node of the text from which schedules are made: what YAML (or the text form) holds, free of any parser's types.
struct Term {
  enum class Kind { scalar, list, mapping } kind = Kind::scalar;
  std::string scalar;                                   // as written
  std::vector<Term> items;                              // list
  std::vector<std::pair<std::string, Term>> entries;    // mapping, in order
  int line = 0, column = 0;                             // where it stands in the file (1-based), 0 if unknown
};

// A value: copy it, print it, parse it back, ask it about any moment. Closed form in double, random access, no state.
class Schedule {
 public:
  Schedule() : Schedule(0.0) {}
  Schedule(double constant);  // NOLINT: a number is a schedule
  double at(const Clock& clock) const;
  std::string text() const;                       // one line; parse(text()) == *this
  bool operator==(const Schedule& other) const { return text() == other.text(); }
  bool constant() const;

  // Problems that show only on a run's clock: ends before the run, is 0 at the first update, jumps at a phase boundary, leaves [low, high], is not finite somewhere.
  struct Finding { bool error = false; std::string what; };
  std::vector<Finding> check(const Clock& clock, double low, double high) const;

  // One shape of a schedule: at() is a pure function of the clock. Formulas hold buffers, so copies may be made per thread with clone().
  struct Shape {
    virtual ~Shape() = default;
    virtual double at(const Clock& clock) const = 0;
    virtual std::string text() const = 0;
    virtual std::shared_ptr<const Shape> clone() const = 0;
    virtual bool constant() const { return false; }
    virtual void check(const Clock&, std::vector<Finding>&) const {}
  };
  explicit Schedule(std::shared_ptr<const Shape> shape) : shape_(std::move(shape)) {}
  // A copy that shares nothing mutable: one per thread.
  Schedule clone() const { return Schedule(shape_->clone()); }

 private:
  std::shared_ptr<const Shape> shape_;
};

// A number, a formula, {type: …} or a list of phases. Errors carry line:column of the term (Located) and the nearest known name.
Schedule parse_schedule(const Term& term);
Schedule parse_schedule(std::string_view text);  // the text form: YAML's flow style

// What went wrong in a term and where.
class TermError : public Error {
 public:
  TermError(const Term& at, const std::string& what) : Error(what), line(at.line), column(at.column) {}
  int line, column;
};

// For `explain`, `schema` and docs: every type with its keys and a one-line formula.
struct ScheduleType {
  std::string name, formula, origin;
  struct Key { std::string name, meaning, fallback; };  // fallback "" = required
  std::vector<Key> keys;
};
std::vector<ScheduleType> schedule_types();

}  // namespace lehr
