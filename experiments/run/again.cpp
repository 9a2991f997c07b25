#include "experiments/run/again.h"

#include <algorithm>
#include <cmath>

#include "engine/data/safetensors.h"

namespace lehr::run {

namespace {
struct Keeping : Observer {
  std::vector<EpochRecord> epochs;
  Saved last;
  std::int64_t until = 0;  // the epoch after which a search ended it; 0: none did
  void epoch(const EpochRecord& record) override { epochs.push_back(record); }
  bool stopping() override { return until > 0 && !epochs.empty() && epochs.back().epoch >= until; }
  bool keeps_states() const override { return true; }
  void state(Saved saved) override { last = std::move(saved); }
};

// As the store has them: NaN is null, and there is no -0.
bool same(double a, double b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

std::string tensors_differ(const std::string& before, const std::string& now) {
  const SafeTensors a = parse_safetensors(before), b = parse_safetensors(now);
  for (const auto& entry : a.entries) {
    if (entry.name == "trainer.progress") continue;  // holds seconds
    const auto it = std::ranges::find(b.entries, entry.name, &SafeTensors::Entry::name);
    if (it == b.entries.end()) return cat("the state has no ", quote(entry.name), " any more");
    if (!std::ranges::equal(entry.bytes, it->bytes)) return cat("the values of ", quote(entry.name), " after the last epoch are others");
  }
  return "";
}
}  // namespace

Again train_again(const PreparedStudy& p, std::size_t trial, std::size_t worker, const store::Store& run, std::size_t stored, std::int64_t schedule_epochs) {
  Again out{p.study.trials[trial].id, 0, ""};
  Keeping now;
  const auto rows = run.rows(stored);
  if (!rows.empty() && run.trials().at(stored).status == name(Outcome::cut)) now.until = rows.back().epoch;
  train_trial(p, trial, worker, now, nullptr, schedule_epochs);
  for (const auto& row : rows) {
    const auto at = static_cast<std::size_t>(row.epoch) - 1;
    if (at >= now.epochs.size()) {
      out.difference = cat("the store has epoch ", row.epoch, ", the training ends after ", now.epochs.size());
      return out;
    }
    const EpochRecord& record = now.epochs[at];
    const auto values = run.values(record);
    if (record.step != row.step || record.samples != row.samples) {
      out.difference = cat("epoch ", row.epoch, " ends after step ", record.step, ", in the store after ", row.step);
      return out;
    }
    for (std::size_t c = 0; c < values.size(); ++c)
      if (run.columns()[c] != "seconds" && !same(values[c], row.values[c])) {
        out.difference = cat(run.columns()[c], " of epoch ", row.epoch, " is ", number(values[c]), ", in the store ", number(row.values[c]));
        return out;
      }
    ++out.epochs;
  }
  if (now.epochs.size() != rows.size()) out.difference = cat("the training has ", now.epochs.size(), " epochs, the store ", rows.size());
  const auto saved = run.saved(stored);
  if (out.difference.empty() && saved && !now.last.state.empty()) out.difference = tensors_differ(saved->state, now.last.state);
  if (out.difference.empty() && saved && !saved->best.empty()) out.difference = tensors_differ(saved->best, now.last.best);
  return out;
}

}  // namespace lehr::run
