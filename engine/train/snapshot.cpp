#include "engine/train/snapshot.h"

#include <algorithm>

namespace lehr {

void Snapshot::fields(Archive& a) {
  a.counted(epoch, step, samples, batches);
  a(numbers, whole, average);
  a.counted(averages);
  a(notes, followers);
}

void Moving::take(Snapshot& to, bool all) const {
  to.numbers.take(numbers(all));
  to.whole = all;
  if (!all) return;
  if (average) to.average.assign(average->values().begin(), average->values().end()), to.averages = average->count();
  std::map<std::string, std::string> notes;
  followers.save(notes);
  to.notes.clear();
  for (const auto& [name, text] : notes) to.notes.push_back(name), to.notes.push_back(text);
  Archive archive;
  followers.fields(archive);
  to.followers = archive.take();
}

void Moving::give(const Snapshot& from) const {
  from.numbers.give(numbers(from.whole));
  if (!from.whole) return;
  if (average) average->restore(from.average, from.averages);
  std::map<std::string, std::string> notes;
  for (std::size_t i = 0; i + 1 < from.notes.size(); i += 2) notes[from.notes[i]] = from.notes[i + 1];
  followers.load(notes);
  Archive archive(from.followers);
  followers.fields(archive);
}

bool Moving::fits(const Snapshot& m) const {
  return m.numbers.fits(numbers(m.whole)) && (!m.whole || !average || m.average.size() == m.numbers.values.size());
}

void Moving::save(TrialState& state) const {
  groups.save(state);
  followers.save(state.notes);
  if (!average) return;
  for (const Parameter& p : weights.parameters()) {
    const auto values = average->values().subspan(p.offset, p.size);
    state.slots.push_back({"average." + p.name, p.shape, {values.begin(), values.end()}});
  }
  state.counters["averages"] = average->count();
}

void Moving::restore(const TrialState& state, std::int64_t t) const {
  groups.restore(state, t);
  followers.load(state.notes);
  if (!average) return;
  std::vector<float> values(weights.values().begin(), weights.values().end());
  for (const Parameter& p : weights.parameters()) {
    const auto saved = std::ranges::find(state.slots, "average." + p.name, &TrialState::Tensor::name);
    if (saved == state.slots.end() || saved->values.size() != p.size) throw Error("the saved state has no average of ", quote(p.name));
    std::ranges::copy(saved->values, values.begin() + static_cast<std::ptrdiff_t>(p.offset));
  }
  const auto count = state.counters.find("averages");
  average->restore(values, count == state.counters.end() ? 0 : count->second);
}

}  // namespace lehr
