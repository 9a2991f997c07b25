#include "engine/train/progress.h"

#include <algorithm>
#include <mutex>
#include <set>

namespace lehr {

namespace {
// The reasons why a metric is undefined are literals; what is read gets one that stays.
const char* kept(const std::string& text) {
  static std::mutex mutex;
  static std::set<std::string> texts;
  const std::lock_guard lock(mutex);
  return texts.insert(text).first->c_str();
}
}  // namespace

void fields(Archive& a, Measured& m) {
  std::optional<std::string> why = m.undefined ? std::optional<std::string>(m.undefined) : std::nullopt;
  a(m.value, m.uncertainty, m.count, why);
  m.undefined = why ? kept(*why) : nullptr;
}

void fields(Archive& a, FollowEvent& e) { a(e.step, e.quantity, e.metric, e.value, e.before, e.after, e.restored); }

void fields(Archive& a, EpochRecord& r) {
  a.counted(r.epoch, r.step, r.samples);
  a(r.lr_first, r.lr_last, r.loss, r.evaluated, r.val_loss, r.train, r.val, r.seconds, r.average_loss, r.average, r.events);
  a.counted(r.left_out);
  a(r.grad_norm);
}

void fields(Archive& a, TrialResult::Counted& c) { a(c.rows, c.tally); }
void fields(Archive& a, TrialResult::Predicted& p) { a(p.rows, p.width, p.values); }

void fields(Archive& a, TrialResult& r) {
  std::optional<EpochRecord> last = r.epochs.empty() ? std::nullopt : std::optional(r.epochs.back());
  a(r.outcome, r.message, r.notes, last, r.seconds, r.test_loss, r.test, r.average_test_loss, r.average_test, r.test_rows, r.threshold, r.average_threshold,
    r.tallies, r.predictions, r.best_epoch, r.best_val_loss);
  a.check(r.outcome >= Outcome::done && r.outcome <= Outcome::cut);
  if (a.reading()) {
    r.epochs.clear();
    if (last) r.epochs.push_back(std::move(*last));
  }
}

bool within_metrics(const EpochRecord& r, std::size_t metrics) { return std::max({r.train.size(), r.val.size(), r.average.size()}) <= metrics; }
bool within_metrics(const TrialResult& r, std::size_t metrics) {
  return std::max(r.test.size(), r.average_test.size()) <= metrics && std::ranges::all_of(r.epochs, [&](const EpochRecord& e) { return within_metrics(e, metrics); });
}

void Progress::fields(Archive& a) {
  a.counted(epoch, step, samples, batches, seen, last_rows);
  a(loss, counted, record, norm, best, best_threshold, result, patience, ended);
  a.counted(retries, left_out, first_left_out);
  a(rate, last_left_out, told, events);
}

}  // namespace lehr
