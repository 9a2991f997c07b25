#pragma once
#include <algorithm>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/shape.h"
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

// What an optimizer may know of a tensor. An elementwise span has no shape.
struct TensorInfo {
  std::span<const std::int64_t> shape;
  bool embedding = false;  // rows are looked up, not multiplied
};

// One trained tensor, or where the optimizer is elementwise a span that may hold several and the gaps between them.
struct Piece {
  std::span<float> w;
  std::span<const float> g;
  std::span<const std::span<float>> slots;  // in the order of slots()
  TensorInfo tensor;
  std::span<float> scratch;  // at least scratch(tensor) floats, not kept from one call to the next
};

// What the pieces of one group share in one update.
struct Step {
  std::span<const double> hypers;   // in the order of hypers()
  std::int64_t t = 1;               // counts updates from 1
  double next_lr = 0;               // the rate of the update after this one, where wants_next_lr()
  std::span<const double> scalars;  // in the order of scalars(), as settle() left them
};

// Pure maths; state and hyperparameters are handed in, counters belong to the trainer. A group is updated by observe() on each of
// its pieces where observes(), settle() once, update() on each piece. None of them may allocate.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // Elementwise: a whole group is one span, cut and shared among threads at will. Otherwise a piece is one tensor.
  virtual bool elementwise() const { return true; }
  virtual std::vector<Slot> slots() const = 0;
  virtual Shape slot_shape(std::size_t, const TensorInfo& tensor) const { return {tensor.shape.begin(), tensor.shape.end()}; }  // not for elementwise ones
  virtual std::size_t scratch(const TensorInfo&) const { return 0; }
  virtual std::vector<Hyper> hypers() const = 0;
  virtual bool wants_next_lr() const { return false; }

  // Numbers a group keeps from update to update, 0 before the first.
  virtual std::vector<std::string> scalars() const { return {}; }
  // Sums over all pieces of a group; observe() may also change the slots.
  struct Sums {
    double first = 0, second = 0;
  };
  virtual bool observes() const { return false; }
  virtual Sums observe(const Piece&, const Step&) const { return {}; }
  virtual void settle(const Sums&, const Step&, std::span<double> /*scalars*/) const {}

  // Padding elements (w, g and slots 0) must stay 0.
  virtual void update(const Piece& piece, const Step& step) const = 0;

  // Where the weights to evaluate and to export are not the trained ones. After an update, with its Step; out has the size of w.
  virtual bool has_evaluation_point() const { return false; }
  virtual void evaluation_point(const Piece& piece, const Step&, std::span<float> out) const { std::copy(piece.w.begin(), piece.w.end(), out.begin()); }
};

// Options that are on no schedule: form: keras|torch, nesterov: true, initial_accumulator: 0.1. As written.
using OptimizerOptions = std::map<std::string, std::string>;
// An option that takes any number of a range, both ends inclusive.
struct NumberOption {
  std::string name;
  double low = 0, high = 0;
  std::string fallback;  // "0.1", "0.1, with form: torch 0"
  bool whole = false;
};
// What an option means, the same for all that have it.
const std::string& option_doc(const std::string& option);
struct OptimizerRow {
  std::string doc;                                              // one line with the formula
  std::map<std::string, std::string> options;                   // name -> allowed values "keras | torch", first is the default
  std::unique_ptr<Optimizer> (*make)(const OptimizerOptions&);  // Error on an unknown option or value
  std::vector<NumberOption> numbers = {};
};
using OptimizerTable = Table<OptimizerRow>;
const OptimizerTable& standard_optimizers();  // a constant table, built on first use

}  // namespace lehr
