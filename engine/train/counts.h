#pragma once
#include <span>
#include <vector>

#include "engine/data/dataset.h"

namespace lehr {

// What each row of a dataset counts for in a mean over rows: its weight (Dataset::row_weights) times the weight of its class, 0 where its class is negative
// (an ignored row). The loss of a batch, of an epoch and of an evaluation is sum(w l) / sum(w) over its rows, and the parts of an accumulated gradient have
// the shares of their sums. Metrics are not weighted: they count every row whose class is not negative as one.
class Counts {
 public:
  Counts() = default;  // every row counts 1
  // class_weights: in the order of the classes, empty: all 1. by_loss: the loss multiplies by them itself, for it needs them one by one.
  explicit Counts(const Dataset& data, std::span<const float> class_weights = {}, bool by_loss = false);
  // Of some rows, their number where every row counts 1. No allocation.
  double sum(std::span<const std::int32_t> rows) const;
  // One a row: what the loss is fed; empty: all 1, and no input for it is needed.
  std::span<const float> fed() const { return fed_; }

 private:
  std::vector<float> all_, fed_;  // all_ empty: 1
};

// rows / (classes x rows of the class) among some rows that count: what makes all classes weigh the same (King and Zeng 2001; scikit-learn's `balanced`).
// Error (Exit::mismatch): a class has no row.
std::vector<float> balanced_weights(const Dataset& data, std::span<const std::int32_t> rows);

}  // namespace lehr
