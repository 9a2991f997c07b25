#pragma once
#include "engine/train/job.h"
#include "engine/train/numbers.h"

namespace lehr {

// The quantities of a run that follow a metric: tells each its metric when it is due, takes the numbers back where a rule asks for
// that, and writes down what happened.
class Followers {
 public:
  // Errors where a metric is not measured, or not as often as asked for.
  Followers(std::vector<std::pair<std::string, Controlled*>> quantities, const std::vector<std::string>& metrics, bool validates, const Clock& clock,
            Numbers numbers);
  // After an update whose loss was `loss`, a mean over rows that count for `counted` together; `next` is the clock of the next one. Updates of which none
  // counts leave nothing to observe.
  void update(double loss, double counted, const Clock& next);
  // After an epoch; its events are added to the record.
  void epoch(EpochRecord& record, const Clock& next);
  // "follow.<quantity>.<n>" -> Feedback::save()
  void save(std::map<std::string, std::string>& notes) const;
  // From there, and from and to an archive all that is not in the notes.
  void load(const std::map<std::string, std::string>& notes);
  void fields(Archive& a);

 private:
  enum class Source { loss, metric, val_loss, val_metric };
  struct Follower {
    std::string quantity;
    Controlled* controlled;
    Feedback* feedback;
    Source source;
    std::size_t metric;
    std::int64_t epochs = 0, steps = 0;  // one of them: how often it looks
    double sum = 0, counted = 0;         // of the losses since it looked, and of what they stand for
    NumbersCopy previous, best;                 // where its rule goes back
    bool looked = false;
  };
  void observe(Follower& f, double value, const Clock& next);

  Numbers numbers_;
  std::vector<Follower> all_;
  std::vector<FollowEvent> events_;
};

}  // namespace lehr
