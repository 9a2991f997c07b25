#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/archive.h"
#include "base/table.h"

namespace lehr {

// What a row of the target is: one class, numbers, or several labels that each hold or do not (0 or 1).
enum class Targets { classes, numbers, labels };
Targets targets_of(bool has_classes, bool binary_loss);

// One evaluated batch. output: [rows, width] scores, logits where `logits`.
struct Scored {
  std::span<const float> output;
  std::int64_t rows = 0, width = 1;
  bool logits = true;
  std::span<const std::int64_t> classes;  // class index a row (negative: the row is ignored), or empty
  std::span<const float> values;          // [rows, width] regression targets, or labels, or empty
  bool labels = false;                    // values are labels, 0 or 1
  double threshold = 0.5;                 // of two classes the second is answered, and a label is said to hold, where its probability lies above
};

// value ± uncertainty (one standard error of this estimate over the rows), from `count` rows. The value is NaN where it is undefined, and `undefined` says
// why; the uncertainty is NaN where there is none: of one row, or where a row less leaves the estimate undefined.
//   accuracy, top_k, confusion  half the width of Wilson's score interval at one standard deviation (Wilson 1927): the binomial
//                               sqrt(p(1-p)/n) for large n, but not 0 at p = 0 or 1
//   auc                         DeLong, DeLong, Clarke-Pearson 1988 (mid-ranks: ties count half); of several classes, of the mean
//   precision, recall           of two classes as accuracy, over the rows answered so, over the rows that are so
//   f1 and the means over classes, balanced_accuracy, mcc
//                               delta method on the shares of the cells of the table of true class and answer; of labels the jackknife
//   accuracy of labels, mae, mape, log_loss
//                               sd / sqrt(n) of the rows' means
//   rmse, r2, explained_variance  delta method on the mean square, on the ratio of mean square and variance
//   average_precision, ece      the jackknife over rows: sqrt((n-1)/n sum (t_i - mean t)^2), t_i the estimate without row i (Efron and Stein 1981); of ece,
//                               which is pulled up by chance, it is the spread alone
struct Measured { double value = 0, uncertainty = 0; std::int64_t count = 0; const char* undefined = nullptr; };

// Rows by true class and answer.
struct Tally {
  std::int64_t classes = 0, unanswered = 0;  // unanswered: a score is NaN
  std::vector<std::int64_t> counts = {};     // [classes, classes], the true class in front
  std::int64_t at(std::int64_t truth, std::int64_t said) const { return counts[static_cast<std::size_t>(truth * classes + said)]; }
  void grow(std::int64_t to);
  void fields(Archive& a);
};
// Its lines, with the recall and precision of each class.
std::string text(const Tally& tally, std::span<const std::string> names);

class Metric {
 public:
  virtual ~Metric() = default;
  // Room for an epoch of `rows` rows of `width` scores: add() then never allocates.
  virtual void reserve(std::int64_t /*rows*/, std::int64_t /*width*/) {}
  virtual void reset() = 0;
  virtual void fields(Archive& a) = 0;  // what it holds of the rows added
  virtual void add(const Scored& batch) = 0;
  virtual Measured value() const = 0;
  virtual bool higher_is_better() const { return true; }
  virtual bool percent() const { return false; }  // shown as 98.53 %
  virtual const Tally* tally() const { return nullptr; }  // counts to be shown below the number
};

struct MetricRow {
  std::string doc;
  std::vector<Targets> takes;
  std::unique_ptr<Metric> (*make)(int argument, std::int64_t classes);  // argument: k of top-k ("top_5"), else 0
};
using MetricTable = Table<MetricRow>;
const MetricTable& standard_metrics();
// By its name in the table, top_k as "top_5"; Error naming the nearest, or where it is not for that many classes (0: unknown).
std::unique_ptr<Metric> make_metric(const std::string& name, std::int64_t classes);
const MetricRow& metric_row(const std::string& name);
// Why a metric does not go with a target, "metric rmse is for regression, the target is a class"; "" where it does.
std::string misfit(const std::string& name, Targets targets);
// Has it a decision threshold: does it depend on Scored::threshold of two classes?
bool decides(const std::string& name);

// The threshold at which a metric of two classes is best, of the rows added. Of equals the one nearest to 0.5.
class ThresholdSearch {
 public:
  // Error where the metric does not depend on a threshold.
  explicit ThresholdSearch(const std::string& metric);
  void reserve(std::int64_t rows);
  void reset();
  void add(const Scored& batch);
  // Halfway between two neighbouring probabilities; absent where the metric is undefined at all of them.
  std::optional<double> best() const;

 private:
  std::string metric_;
  std::vector<std::pair<double, bool>> rows_;  // probability of the second class, is it that
};

}  // namespace lehr
