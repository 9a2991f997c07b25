#pragma once
#include "engine/data/dataset.h"
#include "engine/plan/plan.h"

namespace lehr {

// A plan's inputs beside the dataset's fields, matched by name once; a dataset of one field feeds a model of one input
// whatever their names. Class indices become 0.0, 1.0, … where the loss takes floats; integers of an array feed inputs of either kind, truth values of a
// boolean one, too, as do 0 and 1 of a table (another number is an Error). fill() copies rows and does not allocate. Errors (Exit::mismatch) name both shapes.
class Feed {
 public:
  // weights: the input that takes what each row weighs, "" without one; row_weights: of all rows of the data, empty: all 1.
  Feed(Plan& plan, const Dataset& data, const std::string& target, const std::string& weights = "", std::span<const float> row_weights = {});
  void fill(std::span<const std::int32_t> rows) const;

 private:
  struct Edge {
    const Field* field;
    std::span<float> f32 = {};
    std::span<std::int64_t> i64 = {};
    std::span<std::uint8_t> truth = {};
  };
  std::vector<Edge> edges_;
  std::span<const float> row_weights_;
  std::span<float> weights_;
};

}  // namespace lehr
