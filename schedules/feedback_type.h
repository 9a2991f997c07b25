#pragma once
#include <memory>
#include <string>
#include <vector>

#include "schedules/feedback.h"
#include "schedules/type.h"

namespace lehr {

// A type that follows a metric: keys as of a schedule, and what makes the rule.
struct FeedbackType {
  Type type;  // make is null
  std::shared_ptr<const Feedback::Rule> (*make)(const Args&);
};
const std::vector<FeedbackType>& standard_feedback_types();
std::vector<FeedbackType> plateau_types();
std::vector<FeedbackType> other_feedback_types();

// Whether more of the metric is better: `mode`, or the metric's name where that is auto. undecided: it does not tell.
bool rises(const Args& args, const std::string& metric);
bool undecided(const Args& args, const std::string& metric);

// What all rules share: text, metric and base.
class RuleOf : public Feedback::Rule {
 public:
  RuleOf(const Args& args, std::string metric, Schedule base, bool errors_on_missing = false)
      : text_(cat("{type: ", args.type().name, args.text().empty() ? "" : ", ", args.text(), "}")),
        metric_(std::move(metric)),
        base_(std::move(base)),
        errors_(errors_on_missing),
        undecided_(lehr::undecided(args, metric_)) {}
  std::string text() const override { return text_; }
  const std::string& metric() const override { return metric_; }
  const Schedule& base() const override { return base_; }
  bool errors_on_missing() const override { return errors_; }
  bool undecided() const override { return undecided_; }

 private:
  std::string text_, metric_;
  Schedule base_;
  bool errors_, undecided_;
};

}  // namespace lehr
