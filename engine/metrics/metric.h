#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/table.h"

namespace lehr {

// One evaluated batch. output: [rows, width] scores, logits where `logits` (a threshold is 0, else 0.5).
struct Scored {
  std::span<const float> output;
  std::int64_t rows = 0, width = 1;
  bool logits = true;
  std::span<const std::int64_t> classes;  // class index a row (negative: the row is ignored), or empty
  std::span<const float> values;          // [rows, width] regression targets, or empty
};

// value ± uncertainty (one standard error of this estimate over the rows), from `count` rows. NaN where undefined (auc of one
// class, r2 of constant targets, no rows; a spread of one row).
//   accuracy, top_k, confusion  half the width of Wilson's score interval at one standard deviation (Wilson 1927): the binomial
//                               sqrt(p(1-p)/n) for large n, but not 0 at p = 0 or 1
//   auc                         DeLong, DeLong, Clarke-Pearson 1988 (mid-ranks: ties count half); of several classes, of the mean
//   mae                         sd / sqrt(n) of the rows' mean absolute errors
//   rmse, r2                    delta method on the mean square, on the ratio of mean square and variance
struct Measured { double value = 0, uncertainty = 0; std::int64_t count = 0; };

class Metric {
 public:
  virtual ~Metric() = default;
  // Room for an epoch of `rows` rows of `width` scores: add() then never allocates.
  virtual void reserve(std::int64_t /*rows*/, std::int64_t /*width*/) {}
  virtual void reset() = 0;
  virtual void add(const Scored& batch) = 0;
  virtual Measured value() const = 0;
  virtual bool higher_is_better() const { return true; }
  virtual bool percent() const { return false; }  // shown as 98.53 %
  // A table below the number (confusion matrix), "" if there is none.
  virtual std::string detail(std::span<const std::string> /*classes*/) const { return {}; }
};

struct MetricRow {
  std::string doc;
  bool classification = true;  // needs classes; otherwise needs values
  std::unique_ptr<Metric> (*make)(int argument, std::int64_t classes);  // argument: k of top-k ("top_5"), else 0
};
using MetricTable = Table<MetricRow>;
const MetricTable& standard_metrics();
// "accuracy", "top_5", "auc", "confusion", "mae", "rmse", "r2"; Error naming the nearest.
std::unique_ptr<Metric> make_metric(const std::string& name, std::int64_t classes);
const MetricRow& metric_row(const std::string& name);

}  // namespace lehr
