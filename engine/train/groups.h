#pragma once
#include <deque>

#include "engine/train/checkpoint.h"
#include "engine/train/job.h"

namespace lehr {

// Parameters that share every hyperparameter, and the optimizer's state for them.
class Groups {
 public:
  Groups(const Weights& weights, const Job& job, int threads);
  // Hyperparameters of this moment; lr() is the run's own, or the first group's where rules give every group another.
  void at(const Clock& clock);
  double lr() const { return lr_; }
  void scale(double by) { rate_ = by; }  // every rate from now on, times this
  // One update of everything; t counts from 1. No allocation. Large spans of elementwise optimizers are shared among the threads;
  // each value is computed alone, so the split changes no bit.
  void update(std::int64_t t);
  void went_back(std::int64_t t) { t_ = t; }  // all numbers are those after update t
  // Memory of all slots and scalars, for copies of a moment.
  std::span<float> slots() { return {reinterpret_cast<float*>(slots_.data()), slots_.size() / sizeof(float)}; }
  // Hyperparameters that follow a metric, by name.
  const std::vector<std::pair<std::string, Controlled*>>& followers() const { return followers_; }
  // The weights to evaluate, laid out as Weights::values(), after update(); a copy of these where the optimizer has no others.
  bool has_evaluation_point() const { return optimizer_.has_evaluation_point(); }
  void evaluation_point(std::span<float> out) const;
  // The optimizer's slots and scalars, and back after update t. restore: Error naming the tensor that is missing or of another size.
  void save(TrialState& state) const;
  void restore(const TrialState& state, std::int64_t t);

 private:
  struct Member {
    std::span<float> w;
    std::span<const float> g;
    std::vector<std::span<float>> slots;
    TensorInfo tensor;
    std::size_t offset = 0;
  };
  struct Group {
    std::vector<const Controlled*> schedules;  // in the order of Optimizer::hypers
    std::vector<bool> constant;
    std::vector<double> values;
    std::span<double> scalars;
    double lr_scale = 1, next_lr = 0;
    std::vector<Member> members;
  };
  struct Place { std::string name; Shape shape; std::span<float> values; };  // of one slot of one parameter
  void place_slots(std::span<const Parameter> parameters);
  const Controlled* own(const std::string& name, const Controlled& given);
  Group group(const Job& job, const std::vector<std::size_t>& rules);
  Piece piece(const Member& m) const { return {m.w, m.g, m.slots, m.tensor, scratch_}; }
  Step step(const Group& group, std::int64_t t) const { return {group.values, t, group.next_lr, group.scalars}; }
  void update(const Group& group, const Member& member, std::int64_t t);

  const Optimizer& optimizer_;
  int threads_;
  bool wants_next_lr_;
  std::int64_t t_ = 0;
  std::size_t lr_index_ = 0, lr_group_ = 0;
  double lr_ = 0, rate_ = 1;
  std::map<const Controlled*, const Controlled*> copies_;  // given -> own
  std::deque<Controlled> controlled_;  // one a schedule given, whatever groups share it; addresses are stable
  std::vector<std::pair<std::string, Controlled*>> followers_;
  std::vector<Group> groups_;
  std::vector<Parameter> parameters_;  // tensors point at their shapes
  std::vector<bool> embedding_;
  AlignedBytes slots_;  // the slots, then room for the scalars of as many groups as parameters
  std::span<double> scalars_;
  std::vector<Place> places_;  // slot by slot, parameter by parameter
  AlignedBytes scratch_memory_;
  std::span<float> scratch_;
};

}  // namespace lehr
