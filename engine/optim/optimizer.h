#pragma once
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/table.h"

namespace lehr {

// A hyperparameter an optimizer takes; every one may carry a Schedule.
struct Hyper {
  std::string name;
  double fallback = 0;
  bool required = false;     // lr
  double low = 0, high = 0;  // allowed range, both inclusive; high may be infinity
  std::string doc;
};
struct Slot {
  std::string name;
  float initial = 0;
};

// Pure maths on one span of parameters; state and hyperparameters are handed in, counters belong to the trainer.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Elementwise: a whole group is one span. Otherwise the trainer calls update once per tensor.
  virtual bool elementwise() const { return true; }
  virtual std::vector<Slot> slots() const = 0;
  virtual std::vector<Hyper> hypers() const = 0;
  // t counts updates from 1. hypers in the order of hypers(). Must not allocate. Padding elements (w = g = 0) must stay 0.
  virtual void update(std::span<float> w, std::span<const float> g, std::span<const std::span<float>> slots, std::span<const double> hypers,
                      std::int64_t t) const = 0;
};

// Options that are not numbers on a schedule: form: keras|torch, nesterov: true, amsgrad: false. As written.
using OptimizerOptions = std::map<std::string, std::string>;
struct OptimizerRow {
  std::string doc;                                              // one line with the formula
  std::map<std::string, std::string> options;                   // name -> allowed values "keras | torch", first is the default
  std::unique_ptr<Optimizer> (*make)(const OptimizerOptions&);  // Error on an unknown option or value
};
using OptimizerTable = Table<OptimizerRow>;
const OptimizerTable& standard_optimizers();  // a constant table, built on first use

}  // namespace lehr
