#include "engine/train/groups.h"

#include <algorithm>
#include <utility>

#include "engine/dnnl/parallel.h"
#include "graph/traits/traits.h"

namespace lehr {

namespace {
// What decides which group a parameter is in: the rules that match it.
std::vector<std::size_t> matching(const Parameter& p, const std::vector<HyperRule>& rules) {
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < rules.size(); ++i)
    if (matches(rules[i].pattern, p.name)) out.push_back(i);
  return out;
}

bool looked_up(const TrainGraph* model, const Parameter& p) {
  return model && std::ranges::any_of(model->graph.nodes(), [&](const Node& n) { return traits(n).looks_up && n.in[0] == p.value; });
}

std::size_t whole_lines(std::size_t floats) { return (floats + 15) / 16 * 16; }
std::span<float> floats(const AlignedBytes& bytes) { return {reinterpret_cast<float*>(bytes.data()), bytes.size() / sizeof(float)}; }
}  // namespace

// Of an elementwise optimizer each slot is a block laid out as the values; otherwise a slot has the shape the optimizer says.
void Groups::place_slots(std::span<const Parameter> parameters) {
  const auto kinds = optimizer_.slots();
  std::size_t count = 0;
  std::vector<std::size_t> offsets;
  for (std::size_t s = 0; s < kinds.size(); ++s)
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      const Parameter& p = parameters[i];
      Shape shape = optimizer_.elementwise() ? p.shape : optimizer_.slot_shape(s, {p.shape, embedding_[i]});
      offsets.push_back(count);
      count += whole_lines(static_cast<std::size_t>(elements(shape)));
      places_.push_back({cat(kinds[s].name, ".", p.name), std::move(shape), {}});
    }
  const std::size_t scalars = optimizer_.scalars().size() * parameters.size();
  slots_ = AlignedBytes(count * sizeof(float) + scalars * sizeof(double));
  scalars_ = {reinterpret_cast<double*>(slots_.data() + count * sizeof(float)), scalars};
  for (std::size_t i = 0; i < places_.size(); ++i) {
    places_[i].values = floats(slots_).subspan(offsets[i], static_cast<std::size_t>(elements(places_[i].shape)));
    std::ranges::fill(places_[i].values, kinds[i / parameters.size()].initial);
  }
}

// The group's own copy of a schedule; what groups share is copied once.
const Controlled* Groups::own(const std::string& name, const Controlled& given) {
  const Controlled*& known = copies_[&given];
  if (known) return known;
  known = &controlled_.emplace_back(given.clone());
  if (!given.feedback().empty()) followers_.emplace_back(name, &controlled_.back());
  return known;
}

Groups::Group Groups::group(const Job& job, const std::vector<std::size_t>& rules) {
  Group out;
  const auto hypers = optimizer_.hypers();
  for (std::size_t h = 0; h < hypers.size(); ++h) {
    const Controlled* given = nullptr;
    if (const auto it = job.hypers.find(hypers[h].name); it != job.hypers.end()) given = &it->second;
    for (const std::size_t r : rules)
      if (const auto it = job.rules[r].hypers.find(hypers[h].name); it != job.rules[r].hypers.end()) given = &it->second;
    if (hypers[h].name == "lr") lr_index_ = h;
    const Controlled* schedule = given ? own(hypers[h].name, *given) : &controlled_.emplace_back(Schedule(hypers[h].fallback));
    out.constant.push_back(schedule->constant());
    out.values.push_back(schedule->at(Clock()));
    out.schedules.push_back(schedule);
  }
  for (const std::size_t r : rules) out.lr_scale *= job.rules[r].lr_scale;
  const std::size_t scalars = optimizer_.scalars().size();
  out.scalars = scalars_.subspan(groups_.size() * scalars, scalars);
  return out;
}

Groups::Groups(const Weights& weights, const Job& job, int threads)
    : optimizer_(*job.optimizer), threads_(threads), wants_next_lr_(optimizer_.wants_next_lr()),
      parameters_(weights.parameters().begin(), weights.parameters().end()) {
  for (const Parameter& p : parameters_) embedding_.push_back(looked_up(job.model, p));
  place_slots(parameters_);
  std::vector<std::vector<std::size_t>> keys;
  bool has_rate = false;  // some group follows the run's lr
  std::size_t scratch = 0;
  for (std::size_t i = 0; i < parameters_.size();) {
    const auto key = matching(parameters_[i], job.rules);
    std::size_t end = i + 1;  // neighbours of one group become one span where the optimizer is elementwise
    while (optimizer_.elementwise() && end < parameters_.size() && matching(parameters_[end], job.rules) == key) ++end;
    auto at = static_cast<std::size_t>(std::ranges::find(keys, key) - keys.begin());
    if (at == keys.size()) {
      keys.push_back(key);
      const bool own_rate = std::ranges::any_of(key, [&](std::size_t r) { return job.rules[r].hypers.contains("lr"); });
      if (!own_rate && !std::exchange(has_rate, true)) lr_group_ = groups_.size();
      groups_.push_back(group(job, key));
    }
    const std::size_t begin = parameters_[i].offset;
    const std::size_t stop =
        end < parameters_.size() && optimizer_.elementwise() ? parameters_[end].offset : parameters_[end - 1].offset + parameters_[end - 1].size;
    Member member{weights.values().subspan(begin, stop - begin), weights.gradients().subspan(begin, stop - begin), {}, {}, begin};
    if (!optimizer_.elementwise()) member.tensor = {parameters_[i].shape, embedding_[i]};
    scratch = std::max(scratch, optimizer_.scratch(member.tensor));
    for (std::size_t s = i; s < places_.size(); s += parameters_.size())
      member.slots.emplace_back(places_[s].values.data(), optimizer_.elementwise() ? stop - begin : places_[s].values.size());
    groups_[at].members.push_back(std::move(member));
    i = end;
  }
  scratch_memory_ = AlignedBytes(scratch * sizeof(float));
  scratch_ = floats(scratch_memory_);
}

namespace {
// The moment of the update after this one, were its batch as large as an epoch's mean.
Clock next(Clock clock) {
  ++clock.step;
  clock.samples += clock.samples_per_epoch / clock.steps_per_epoch;
  return clock;
}
}  // namespace

void Groups::at(const Clock& clock) {
  for (Group& group : groups_) {
    for (std::size_t h = 0; h < group.schedules.size(); ++h)
      if (!group.constant[h] || h == lr_index_) group.values[h] = group.schedules[h]->at(clock);
    if (&group == &groups_[lr_group_]) lr_ = group.values[lr_index_] * rate_;
    group.values[lr_index_] *= group.lr_scale * rate_;
    if (wants_next_lr_) group.next_lr = group.schedules[lr_index_]->at(next(clock)) * group.lr_scale * rate_;
  }
}

namespace {
constexpr std::size_t worth_sharing = 1 << 15;  // floats a thread: some ten microseconds of memory traffic
constexpr std::size_t most_slots = 8;
}  // namespace

void Groups::update(const Group& group, const Member& member, std::int64_t t) {
  const std::size_t size = member.w.size(), parts = std::min<std::size_t>(static_cast<std::size_t>(threads_), size / worth_sharing);
  if (parts < 2 || !optimizer_.elementwise() || member.slots.size() > most_slots) return optimizer_.update(piece(member), step(group, t));
  struct Share { const Optimizer& optimizer; const Member& member; Step step; std::size_t length; } share{
      optimizer_, member, step(group, t), (size / parts + 15) / 16 * 16};
  onednn::parallel(static_cast<int>(parts), [](void* context, int i) {
    const auto& s = *static_cast<const Share*>(context);
    const std::size_t begin = std::min(s.member.w.size(), static_cast<std::size_t>(i) * s.length);
    const std::size_t count = std::min(s.length, s.member.w.size() - begin);
    std::span<float> slots[most_slots];
    for (std::size_t k = 0; k < s.member.slots.size(); ++k) slots[k] = s.member.slots[k].subspan(begin, count);
    s.optimizer.update({s.member.w.subspan(begin, count), s.member.g.subspan(begin, count), std::span(slots, s.member.slots.size()), {}, {}}, s.step);
  }, &share);
}

void Groups::update(std::int64_t t) {
  t_ = t;
  for (Group& group : groups_) {
    Optimizer::Sums sums;
    if (optimizer_.observes())
      for (const Member& member : group.members) {
        const auto part = optimizer_.observe(piece(member), step(group, t));
        sums.first += part.first, sums.second += part.second;
      }
    optimizer_.settle(sums, step(group, t), group.scalars);
    for (const Member& member : group.members) update(group, member, t);
  }
}

void Groups::evaluation_point(std::span<float> out) const {
  for (const Group& group : groups_)
    for (const Member& member : group.members) optimizer_.evaluation_point(piece(member), step(group, t_), out.subspan(member.offset, member.w.size()));
}

void Groups::save(TrialState& state) const {
  state.slots.clear();
  for (const Place& place : places_)
    if (!place.values.empty()) state.slots.push_back({place.name, place.shape, {place.values.begin(), place.values.end()}});
  state.scalars.clear();
  const auto names = optimizer_.scalars();
  for (std::size_t i = 0; i < names.size(); ++i)
    for (const Group& group : groups_) state.scalars[names[i]].push_back(group.scalars[i]);
}

void Groups::restore(const TrialState& state, std::int64_t t) {
  t_ = t;
  for (const Place& place : places_) {
    if (place.values.empty()) continue;
    const auto saved = std::ranges::find(state.slots, place.name, &TrialState::Tensor::name);
    if (saved == state.slots.end()) throw Error("the saved state has no optimizer slot ", quote(place.name));
    if (saved->values.size() != place.values.size())
      throw Error("the saved optimizer slot ", quote(place.name), " has ", saved->values.size(), " values, this model's has ", place.values.size());
    std::ranges::copy(saved->values, place.values.begin());
  }
  const auto names = optimizer_.scalars();
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto saved = state.scalars.find(names[i]);
    if (saved == state.scalars.end() || saved->second.size() != groups_.size())
      throw Error("the saved state has ", saved == state.scalars.end() ? 0 : saved->second.size(), " values of ", quote(names[i]), ", this experiment has ",
                  groups_.size(), " parameter groups");
    for (std::size_t g = 0; g < groups_.size(); ++g) groups_[g].scalars[i] = saved->second[g];
  }
}

}  // namespace lehr
