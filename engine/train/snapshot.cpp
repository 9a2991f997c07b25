#include "engine/train/snapshot.h"

#include <algorithm>

namespace lehr {

void Snapshot::fields(Archive& a) { a(epoch, step, samples, batches, values, state, whole, slots, average, averages, notes, followers); }

void Moving::take(Snapshot& to, bool all) const {
  to.values.assign(weights.values().begin(), weights.values().end());
  to.state.assign(weights.state().begin(), weights.state().end());
  to.whole = all;
  if (!all) return;
  const auto slots = groups.slots();
  to.slots.assign(slots.begin(), slots.end());
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
  std::ranges::copy(from.values, weights.values().begin());
  std::ranges::copy(from.state, weights.state().begin());
  if (!from.whole) return;
  std::ranges::copy(from.slots, groups.slots().begin());
  if (average) average->restore(from.average, from.averages);
  std::map<std::string, std::string> notes;
  for (std::size_t i = 0; i + 1 < from.notes.size(); i += 2) notes[from.notes[i]] = from.notes[i + 1];
  followers.load(notes);
  Archive archive(from.followers);
  followers.fields(archive);
}

bool Moving::fits(const Snapshot& m) const {
  return m.values.size() == weights.values().size() && m.state.size() == weights.state().size() && (!m.whole || m.slots.size() == groups.slots().size()) &&
         (!m.whole || !average || m.average.size() == m.values.size());
}

}  // namespace lehr
