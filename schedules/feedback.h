#pragma once
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "schedules/schedule.h"

namespace lehr {

// What following a metric has led to so far; plain values, so that a checkpoint can hold them.
struct FeedbackState {
  double factor = 1;                                       // multiplies the schedule
  double best = std::numeric_limits<double>::quiet_NaN();  // NaN: nothing observed yet
  double bad = 0, good = 0, cooldown = 0, warmup = 0;      // checks counted
  double at_floor = 0;                                     // cuts asked for at the lowest value
  double observed = 0;                                     // metrics seen
  std::vector<double> window;                              // metrics not yet averaged, or the last ones
};

// What one observation asks of the trainer beside the new factor.
struct Reaction {
  bool lowered = false, raised = false;
  bool restore_previous = false;  // go back to the parameters of the observation before
  bool restore_best = false;      // go back to the parameters of the best observation
};

// A factor that follows a metric: plateau, GreedyLR, stalled decay, bold driver. A value: a copy goes on by itself.
class Feedback {
 public:
  // The rule: immutable, shared by copies.
  struct Rule {
    virtual ~Rule() = default;
    virtual Reaction observe(FeedbackState& state, double value, const Clock& clock) const = 0;
    virtual std::string text() const = 0;
    virtual const std::string& metric() const = 0;
    virtual const Schedule& base() const = 0;
    virtual bool errors_on_missing() const = 0;
    virtual Span every() const { return {Span::Unit::epochs, 1}; }
    virtual bool restores() const { return false; }
    virtual bool undecided() const { return false; }  // `mode: auto`, and the metric's name does not tell
    virtual void check(const Clock&, std::vector<Schedule::Finding>&) const {}
  };
  explicit Feedback(std::shared_ptr<const Rule> rule) : rule_(std::move(rule)) {}

  const std::string& metric() const { return rule_->metric(); }  // `on`, e.g. val_loss
  const Schedule& base() const { return rule_->base(); }         // what factor() multiplies by itself: {type: plateau, initial: 0.1, …} has 0.1
  Span every() const { return rule_->every(); }                  // distance of two observations
  bool restores() const { return rule_->restores(); }            // may ask for earlier parameters
  // One value of the metric; `clock` is that of the next update. NaN: the metric is missing or not a number.
  // Error if that is not allowed (`on_missing`).
  Reaction observe(double value, const Clock& clock);
  double factor() const { return state_.factor; }
  std::string text() const { return rule_->text(); }
  std::int64_t updates(const Clock& clock) const;  // every(), in updates, at least 1
  // Whether the metric can be looked at that often (only the training loss is known inside an epoch), and what the rule says.
  void check(const Clock& clock, std::vector<Schedule::Finding>& findings) const;

  // One line; load() into a fresh Feedback of the same text goes on identically. Error if the text differs, unless `changed` is allowed.
  std::string save() const;
  void load(std::string_view saved, bool changed = false);
  const FeedbackState& state() const { return state_; }

 private:
  std::shared_ptr<const Rule> rule_;
  FeedbackState state_;
};

// Names of what a run measures: loss and each metric, and with validation rows the same of those, as val_loss.
std::vector<std::string> measured_names(const std::vector<std::string>& metrics, bool validation);

// A hyperparameter: a schedule, times the factors of what follows a metric. Without feedback it is the schedule.
class Controlled {
 public:
  Controlled() : Controlled(Schedule()) {}
  Controlled(Schedule schedule);  // NOLINT: a schedule is one
  Controlled(std::vector<Schedule> schedules, std::vector<Feedback> feedback);
  double at(const Clock& clock) const;
  bool constant() const { return feedback_.empty() && schedule_.constant(); }
  std::string text() const;                               // parse_controlled(text()) has the same text
  bool operator==(const Controlled& other) const { return text() == other.text(); }
  const Schedule& schedule() const { return schedule_; }  // all that depends on the clock alone, the feedback's bases included
  std::vector<Feedback>& feedback() { return feedback_; }
  const std::vector<Feedback>& feedback() const { return feedback_; }
  Controlled clone() const;
  Controlled scaled(double by) const;  // times a constant
  // Findings of the schedule (before any cut), and feedback that can never act in this run.
  std::vector<Schedule::Finding> check(const Clock& clock, double low, double high) const;

 private:
  std::vector<Schedule> written_;  // as written, without the bases
  std::vector<Feedback> feedback_;
  Schedule schedule_;
};

// A schedule, {type: plateau, …} (and the other types that follow a metric), or a product with such factors.
Controlled parse_controlled(const Term& term);
Controlled parse_controlled(std::string_view text);

// Types that follow a metric, as schedule_types() has the others.
std::vector<ScheduleType> feedback_types();

}  // namespace lehr
