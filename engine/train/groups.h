#pragma once
#include <deque>

#include "engine/train/trainer.h"

namespace lehr {

// Parameters that share every hyperparameter, and the optimizer's state for them.
class Groups {
 public:
  Groups(const Weights& weights, const Job& job, int threads);
  // Hyperparameters of this moment; lr() is the run's own, or the first group's where rules give every group another.
  void at(const Clock& clock);
  double lr() const { return lr_; }
  // One update of everything; t counts from 1. No allocation. Large spans of elementwise optimizers are shared among the threads;
  // each value is computed alone, so the split changes no bit.
  void update(std::int64_t t);
  // The optimizer's state, a block a slot, each laid out as Weights::values().
  std::span<float> slots() { return {reinterpret_cast<float*>(slots_.data()), slots_.size() / sizeof(float)}; }
  // Hyperparameters that follow a metric, by name.
  const std::vector<std::pair<std::string, Controlled*>>& followers() const { return followers_; }
  std::span<const float> slots() const { return {reinterpret_cast<const float*>(slots_.data()), slots_.size() / sizeof(float)}; }

 private:
  struct Piece { std::span<float> w; std::span<const float> g; std::vector<std::span<float>> slots; };
  struct Group {
    std::vector<const Controlled*> schedules;  // in the order of Optimizer::hypers
    std::vector<bool> constant;
    std::vector<double> values;
    double lr_scale = 1;
    std::vector<Piece> pieces;
  };
  void update(const Group& group, const Piece& piece, std::int64_t t) const;

  const Optimizer& optimizer_;
  int threads_;
  std::size_t lr_index_ = 0, lr_group_ = 0;
  double lr_ = 0;
  std::deque<Controlled> controlled_;  // one a schedule given, whatever groups share it; addresses are stable
  std::vector<std::pair<std::string, Controlled*>> followers_;
  std::vector<Group> groups_;
  AlignedBytes slots_;
};

}  // namespace lehr
