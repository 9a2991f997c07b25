#pragma once
#include <optional>
#include <string>

#include "engine/train/records.h"

namespace lehr {

// Where a training stands, as safetensors files; what is "" does not exist. A training that goes on from `state` gives the same bits as one that was never
// stopped.
struct Saved {
  std::int64_t epoch = 0, step = 0;  // epochs finished, updates made
  bool finished = false;             // nothing is left to do
  std::string state;                 // see checkpoint.h: weights, optimizer, counters, what was summed of an epoch under way
  std::string best;                  // parameters and states of TrialResult::best_epoch
  std::optional<double> threshold;   // chosen for these, where one is
  // At the end only: what is evaluated where the optimizer trains other weights (Schedule-Free), and the average of the weights, each with statistics of its own.
  std::string point, average;
};

// Hears of a training while it goes, on its thread.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void updated(std::int64_t /*step*/, double /*loss*/) {}
  // After each update, or with the loss that is not finite: true ends the training there, as done.
  virtual bool enough(std::int64_t /*step*/, double /*loss*/) { return false; }
  virtual void epoch(const EpochRecord&) {}
  // Asked after each update and between two batches of an evaluation: true ends the training as interrupted, after its state was handed over.
  virtual bool stopping() { return false; }
  // Asked after each update (steps made; epochs finished by it, 0 within one): is a state wanted now? One is handed over at the end and at an interruption in any
  // case, after the epoch it belongs to; never one that is not finite.
  virtual bool wants_state(std::int64_t /*step*/, std::int64_t /*epochs*/) { return false; }
  virtual bool keeps_states() const { return false; }  // false: none is made at all
  virtual void state(Saved) {}
};

}  // namespace lehr
