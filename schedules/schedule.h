#pragma once
#include <compare>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "schedules/clock.h"
#include "schedules/span.h"
#include "schedules/term.h"

namespace lehr {

// A moment as one part of a schedule sees it: inside a phase, `step` and `length` are the phase's own.
struct Moment {
  double step;    // updates since this part began
  double length;  // updates this part lasts: the run, or its phase
  const Clock& run;
  double t() const { return step / static_cast<double>(run.steps_per_epoch); }
  double epoch() const;  // whole epochs since this part began
};

// A value: copy it, print it, parse it back, ask it about any moment. Closed form in double, random access, no state.
class Schedule {
 public:
  Schedule() : Schedule(0.0) {}
  Schedule(double constant);  // NOLINT: a number is a schedule
  double at(const Clock& clock) const;
  double at(const Moment& moment) const { return shape_->at(moment); }
  std::string text() const;  // one line; parse_schedule(text()) == *this
  bool operator==(const Schedule& other) const { return text() == other.text(); }
  auto operator<=>(const Schedule& other) const { return text() <=> other.text(); }
  bool constant() const;

  // Problems that show only on a run's clock: ends before the run, is 0 at the first update, jumps at a phase boundary,
  // leaves [low, high], is not finite somewhere. An error must stop the run before it starts, the rest are warnings.
  struct Finding {
    bool error = false;
    std::string what;
    enum class About { other, end, momentum } about = About::other;  // end: it holds still before the run is over; momentum: see momentum()
  };
  std::vector<Finding> check(const Clock& clock, double low, double high) const;

  // What a library's schedule does to the momentum (or beta1) at the same time: torch's OneCycleLR and CyclicLR.
  std::optional<Schedule> momentum() const { return shape_->momentum(); }

  // Updates at which a phase after the first begins, for plots.
  std::vector<double> boundaries(const Clock& clock) const;

  // One shape of a schedule: at() is a pure function of the moment. Formulas hold buffers, so a copy per thread is made with clone().
  struct Shape {
    virtual ~Shape() = default;
    virtual double at(const Moment&) const = 0;
    virtual std::string text() const = 0;
    virtual std::shared_ptr<const Shape> clone() const = 0;
    virtual bool constant() const { return false; }
    // Updates after which the shape holds still because it was told to (`for`, a library's total); absent: it lasts.
    virtual std::optional<double> end(const Moment&) const { return {}; }
    virtual std::vector<double> boundaries(const Moment&) const { return {}; }
    virtual void check(const Moment&, std::vector<Finding>&) const {}  // the moment is the part's first
    virtual std::optional<Schedule> momentum() const { return {}; }
  };
  explicit Schedule(std::shared_ptr<const Shape> shape) : shape_(std::move(shape)) {}
  const Shape& shape() const { return *shape_; }
  // A copy that shares nothing mutable: one per thread.
  Schedule clone() const { return Schedule(shape_->clone()); }

 private:
  std::shared_ptr<const Shape> shape_;
};

// A number, a formula, {type: …} or a list of phases. Errors carry line:column of the term and the nearest known name.
Schedule parse_schedule(const Term& term);
Schedule parse_schedule(std::string_view text);  // the text form: YAML's flow style

// For `explain`, `schema` and docs: every type with its keys and a one-line formula.
struct ScheduleType {
  std::string name, formula, origin;
  struct Key {
    std::string name, meaning, fallback;
  };  // fallback "" = required, "none" = may be absent
  std::vector<Key> keys;
};
std::vector<ScheduleType> schedule_types();

}  // namespace lehr
