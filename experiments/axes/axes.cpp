#include "experiments/axes/axes.h"

#include <algorithm>

namespace lehr {

namespace {
using Role = Axis::Role;
const std::vector<std::string> none;

template <class Taken>
Levels taken(const Axes& axes, const Levels& levels, Taken take) {
  Levels out;
  for (std::size_t i = 0; i < axes.all.size(); ++i)
    if (take(axes.all[i])) out.push_back(levels.at(i));
  return out;
}
bool repeats(const Axis& axis) { return axis.role == Role::fold || axis.role == Role::seed; }
}  // namespace

const Axis* Axes::find(Role role) const {
  const auto it = std::ranges::find(all, role, &Axis::role);
  return it == all.end() ? nullptr : &*it;
}

std::size_t Axes::count(Role role) const {
  const Axis* axis = find(role);
  return axis ? axis->levels.size() : 1;
}

const Axis::Level* Axes::level(const Levels& levels, Role role) const {
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].role == role) return &all[i].levels.at(levels.at(i));
  return nullptr;
}

std::vector<std::string> Axes::variants() const {
  std::vector<std::string> out;
  if (const Axis* axis = find(Role::variant))
    for (const auto& level : axis->levels) out.push_back(level.values.at(0));
  if (out.empty()) out.emplace_back();
  return out;
}

std::string Axes::variant(const Levels& levels) const {
  const Axis::Level* at = level(levels, Role::variant);
  return at ? at->values.at(0) : std::string();
}

const std::vector<std::string>& Axes::swept() const {
  const Axis* axis = find(Role::point);
  return axis ? axis->keys : none;
}

const std::vector<std::string>& Axes::point(const Levels& levels) const {
  const Axis::Level* at = level(levels, Role::point);
  return at ? at->values : none;
}

std::string Axes::name(const Levels& levels) const {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i)
    if (const std::string& part = all[i].levels.at(levels.at(i)).name; !part.empty()) out.append(out.empty() ? "" : "/").append(part);
  return out;
}

bool Axes::split_varies() const { return std::ranges::any_of(all, &Axis::splits); }

Levels Axes::cell(const Levels& levels) const {
  return taken(*this, levels, [](const Axis& axis) { return !repeats(axis); });
}
Levels Axes::chooser(const Levels& levels) const {
  return taken(*this, levels, [](const Axis& axis) { return axis.splits && axis.chooses; });
}
Levels Axes::sample(const Levels& levels) const {
  const bool any = split_varies();
  return taken(*this, levels, [&](const Axis& axis) { return any ? axis.splits : repeats(axis); });
}

std::string Axes::sample_word() const {
  for (const Axis& axis : all)
    if (axis.splits) return axis.role == Role::fold ? "fold" : "split";
  return "seed";
}

std::string Axes::split_of(const Levels& levels) const {
  std::string out;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t k = 0; all[i].splits && k < all[i].keys.size(); ++k)
      out.append(out.empty() ? "" : ", ").append(all[i].keys[k]).append(" ").append(all[i].levels.at(levels.at(i)).values.at(k));
  return out;
}

}  // namespace lehr
