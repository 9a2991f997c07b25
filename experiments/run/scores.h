#pragma once
#include <span>
#include <string>
#include <vector>

#include "engine/train/feed.h"
#include "experiments/run/assemble.h"

namespace lehr::run {

// What rows of scores look like: whether a model's outputs are probabilities shows in its numbers, whatever its nodes are called.
class ScoreLook {
 public:
  explicit ScoreLook(std::int64_t width) : width_(static_cast<std::size_t>(width)) {}
  void add(std::span<const float> scores);  // whole rows
  std::int64_t width() const { return static_cast<std::int64_t>(width_); }
  std::int64_t rows() const { return rows_; }
  bool inside() const { return rows_ > 0 && inside_; }             // all in [0, 1]
  bool sums() const { return inside() && width_ > 1 && sums_; }    // and every row sums to 1
  bool differ() const { return differ_; }                          // the rows are not all equal
  float outlier() const { return outlier_; }                       // the first score outside [0, 1]

 private:
  std::size_t width_;
  std::int64_t rows_ = 0;
  bool inside_ = true, sums_ = true, differ_ = false;
  float outlier_ = 0;
  std::vector<float> first_;
};

// Looks at the scores of the first training rows, 64 of them where there are so many, with the weights as they are: are they what the loss takes
// them for? The states of `bench` are as before. Returns notes. Error (Exit::mismatch) where probabilities would be taken for logits, or the
// other way about, with the ways out.
std::vector<std::string> check_scores(const spec::Experiment& experiment, const Parts& parts, Workbench& bench, Plan& plan, const Feed& feed);

}  // namespace lehr::run
