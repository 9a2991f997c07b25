#include "engine/train/followers.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/train/progress.h"

namespace lehr {

Followers::Followers(std::vector<std::pair<std::string, Controlled*>> quantities, const std::vector<std::string>& metrics, bool validates, const Clock& clock,
                     Numbers numbers)
    : numbers_(numbers) {
  const auto names = measured_names(metrics, validates);
  for (auto& [quantity, controlled] : quantities)
    for (Feedback& feedback : controlled->feedback()) {
      const auto at = static_cast<std::size_t>(std::ranges::find(names, feedback.metric()) - names.begin());
      if (at == names.size()) throw Error(quantity, " follows ", quote(feedback.metric()), ", which is not measured (measured: ", join(names, ", "), ")");
      std::vector<Schedule::Finding> findings;
      feedback.check(clock, findings);
      for (const auto& finding : findings)
        if (finding.error) throw Error(quantity, ": ", finding.what);
      Follower f{quantity, controlled, &feedback, Source::loss, 0, 0, 0, 0, 0, {}, {}, false};
      const bool val = at > metrics.size();
      const std::size_t i = val ? at - metrics.size() - 1 : at;
      f.source = i == 0 ? (val ? Source::val_loss : Source::loss) : val ? Source::val_metric : Source::metric;
      if (i > 0) f.metric = i - 1;
      const std::int64_t steps = feedback.updates(clock);
      if (steps % clock.steps_per_epoch == 0) f.epochs = steps / clock.steps_per_epoch;
      else f.steps = steps;
      if (feedback.restores()) f.previous.take(numbers_), f.best.take(numbers_);
      all_.push_back(std::move(f));
    }
}

void Followers::update(double loss, double counted, const Clock& next) {
  for (Follower& f : all_) {
    if (f.steps == 0) continue;
    f.sum += loss * counted, f.counted += counted;
    if (next.step % f.steps != 0) continue;
    if (f.counted > 0) observe(f, f.sum / f.counted, next);
    f.sum = 0, f.counted = 0;
  }
}

void Followers::epoch(EpochRecord& r, const Clock& next) {
  for (Follower& f : all_) {
    if (f.epochs == 0 || r.epoch % f.epochs != 0) continue;
    const bool val = f.source == Source::val_loss || f.source == Source::val_metric;
    if (val && !r.evaluated) continue;
    observe(f, f.source == Source::loss ? r.loss : f.source == Source::val_loss ? r.val_loss : (val ? r.val : r.train)[f.metric].value, next);
  }
  r.events = std::move(events_);
  events_.clear();
}

void Followers::save(std::map<std::string, std::string>& notes) const {
  std::map<std::string, int> count;
  for (const Follower& f : all_) notes[cat("follow.", f.quantity, ".", count[f.quantity]++)] = f.feedback->save();
}

void Followers::load(const std::map<std::string, std::string>& notes) {
  std::map<std::string, int> count;
  for (Follower& f : all_) {
    const auto note = notes.find(cat("follow.", f.quantity, ".", count[f.quantity]++));
    if (note != notes.end()) f.feedback->load(note->second, true);  // a rule that was not there before starts afresh
  }
}

void Followers::fields(Archive& a) {
  a(events_);
  for (Follower& f : all_) {
    a(f.sum, f.counted, f.looked, f.previous, f.best);
    for (const NumbersCopy* copy : {&f.previous, &f.best}) a.check(!f.feedback->restores() || copy->fits(numbers_));
  }
}

void Followers::observe(Follower& f, double value, const Clock& next) {
  const double best = f.feedback->state().best, before = f.controlled->at(next);
  const Reaction reaction = f.feedback->observe(value, next);
  const bool back = reaction.restore_previous || reaction.restore_best;
  if (reaction.lowered || reaction.raised || back)
    events_.push_back({next.step, f.quantity, f.feedback->metric(), value, before, f.controlled->at(next),
                       reaction.restore_best ? "best"
                       : back                ? "previous"
                                             : ""});
  if (!f.feedback->restores()) return;
  if (back) return (reaction.restore_best ? f.best : f.previous).give(numbers_);
  f.previous.take(numbers_);
  if (const double now = f.feedback->state().best; now != best && !std::isnan(now)) f.best.take(numbers_);
}

}  // namespace lehr
