#include "engine/train/groups.h"

#include <algorithm>
#include <utility>

#include "engine/dnnl/parallel.h"

namespace lehr {

namespace {
// What decides which group a parameter is in: the rules that match it.
std::vector<std::size_t> matching(const Parameter& p, const std::vector<HyperRule>& rules) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (matches(rules[i].pattern, p.name)) out.push_back(i);
  return out;
}
}  // namespace

Groups::Groups(const Weights& weights, const Job& job, int threads) : optimizer_(*job.optimizer), threads_(threads) {
  const auto hypers = optimizer_.hypers();
  const auto kinds = optimizer_.slots();
  const std::size_t count = weights.values().size();
  slots_ = AlignedBytes(kinds.size() * count * sizeof(float));
  auto* memory = reinterpret_cast<float*>(slots_.data());
  const auto slot = [&](std::size_t s, std::size_t offset, std::size_t size) { return std::span<float>(memory + s * count + offset, size); };

  std::map<const Controlled*, const Controlled*> copies;
  const auto copy = [&](const std::string& name, const Controlled& given) {
    const Controlled*& known = copies[&given];
    if (known) return known;
    known = &controlled_.emplace_back(given.clone());
    if (!given.feedback().empty()) followers_.emplace_back(name, &controlled_.back());
    return known;
  };

  std::vector<std::vector<std::size_t>> keys;
  bool has_rate = false;  // some group follows the run's lr
  const auto& parameters = weights.parameters();
  for (std::size_t i = 0; i < parameters.size();) {
    const auto key = matching(parameters[i], job.rules);
    std::size_t end = i + 1;  // neighbours of one group become one span where the optimizer is elementwise
    while (optimizer_.elementwise() && end < parameters.size() && matching(parameters[end], job.rules) == key) ++end;
    auto at = static_cast<std::size_t>(std::ranges::find(keys, key) - keys.begin());
    if (at == keys.size()) {
      keys.push_back(key);
      Group group;
      for (std::size_t h = 0; h < hypers.size(); ++h) {
        const Controlled* given = nullptr;
        if (const auto it = job.hypers.find(hypers[h].name); it != job.hypers.end()) given = &it->second;
        for (const std::size_t r : key) {
          if (const auto it = job.rules[r].hypers.find(hypers[h].name); it != job.rules[r].hypers.end()) given = &it->second;
        }
        const Controlled* schedule = given ? copy(hypers[h].name, *given) : &controlled_.emplace_back(Schedule(hypers[h].fallback));
        if (hypers[h].name == "lr") lr_index_ = h;
        group.constant.push_back(schedule->constant());
        group.values.push_back(schedule->at(Clock()));
        group.schedules.push_back(schedule);
      }
      bool own_rate = false;
      for (const std::size_t r : key) group.lr_scale *= job.rules[r].lr_scale, own_rate |= job.rules[r].hypers.contains("lr");
      if (!own_rate && !std::exchange(has_rate, true)) lr_group_ = groups_.size();
      groups_.push_back(std::move(group));
    }
    const std::size_t begin = parameters[i].offset;
    const std::size_t stop = end < parameters.size() && optimizer_.elementwise() ? parameters[end].offset : parameters[end - 1].offset + parameters[end - 1].size;
    Piece piece{weights.values().subspan(begin, stop - begin), weights.gradients().subspan(begin, stop - begin), {}};
    for (std::size_t s = 0; s < kinds.size(); ++s) {
      piece.slots.push_back(slot(s, begin, stop - begin));
      for (std::size_t p = i; p < end; ++p) std::ranges::fill(slot(s, parameters[p].offset, parameters[p].size), kinds[s].initial);
    }
    groups_[at].pieces.push_back(std::move(piece));
    i = end;
  }
}

void Groups::at(const Clock& clock) {
  for (Group& group : groups_) {
    for (std::size_t h = 0; h < group.schedules.size(); ++h)
      if (!group.constant[h] || h == lr_index_) group.values[h] = group.schedules[h]->at(clock);
    if (&group == &groups_[lr_group_]) lr_ = group.values[lr_index_];
    group.values[lr_index_] *= group.lr_scale;
  }
}

namespace {
constexpr std::size_t worth_sharing = 1 << 15;  // floats a thread: some ten microseconds of memory traffic
constexpr std::size_t most_slots = 8;
}  // namespace

void Groups::update(const Group& group, const Piece& piece, std::int64_t t) const {
  const std::size_t size = piece.w.size(), parts = std::min<std::size_t>(static_cast<std::size_t>(threads_), size / worth_sharing);
  if (parts < 2 || !optimizer_.elementwise() || piece.slots.size() > most_slots) return optimizer_.update(piece.w, piece.g, piece.slots, group.values, t);
  struct Share { const Optimizer& optimizer; const Group& group; const Piece& piece; std::int64_t t; std::size_t length; } share{
      optimizer_, group, piece, t, (size / parts + 15) / 16 * 16};
  onednn::parallel(static_cast<int>(parts), [](void* context, int i) {
    const auto& s = *static_cast<const Share*>(context);
    const std::size_t begin = std::min(s.piece.w.size(), static_cast<std::size_t>(i) * s.length);
    const std::size_t count = std::min(s.length, s.piece.w.size() - begin);
    std::span<float> slots[most_slots];
    for (std::size_t k = 0; k < s.piece.slots.size(); ++k) slots[k] = s.piece.slots[k].subspan(begin, count);
    s.optimizer.update(s.piece.w.subspan(begin, count), s.piece.g.subspan(begin, count), std::span(slots, s.piece.slots.size()), s.group.values, s.t);
  }, &share);
}

void Groups::update(std::int64_t t) {
  for (const Group& group : groups_)
    for (const Piece& piece : group.pieces) update(group, piece, t);
}

}  // namespace lehr
