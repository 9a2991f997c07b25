#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
#include "engine/metrics/mean.h"
#include "engine/metrics/score.h"

namespace lehr::metrics {

namespace {
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// Mid-ranks from 1 of the scores at `rows` (ties share their mean rank), written to rank[row].
void mid_ranks(const std::vector<double>& scores, std::vector<std::size_t>& rows, std::vector<double>& rank) {
  std::ranges::sort(rows, [&](std::size_t a, std::size_t b) { return scores[a] < scores[b]; });
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t j = i;
    while (j < rows.size() && scores[rows[j]] == scores[rows[i]]) ++j;
    for (std::size_t k = i; k < j; ++k) rank[rows[k]] = 0.5 * static_cast<double>(i + j + 1);
    i = j;
  }
}

// One class against the rest. With placements V (the share of the other group a row is right against) the area is their
// mean and its variance Var(V of positives)/m + Var(V of negatives)/n (DeLong 1988, by ranks as Sun and Xu 2014).
// influence[row] gains what the row adds to that variance's root, so that areas of several classes can be combined.
double area(const std::vector<double>& scores, const std::vector<std::int64_t>& truth, std::int64_t positive, std::vector<double>& influence) {
  std::vector<std::size_t> group[2], all(scores.size());
  for (std::size_t row = 0; row < truth.size(); ++row) group[truth[row] == positive].push_back(row);
  if (group[0].empty() || group[1].empty()) return nan;
  std::iota(all.begin(), all.end(), std::size_t{0});
  std::vector<double> within(scores.size()), among(scores.size());
  mid_ranks(scores, all, among);
  for (auto& rows : group) mid_ranks(scores, rows, within);
  double sum = 0;
  for (const std::size_t row : group[1]) sum += among[row] - within[row];
  const auto size = [&](int g) { return static_cast<double>(group[g].size()); };
  const double result = sum / (size(0) * size(1));
  for (const int g : {0, 1})
    for (const std::size_t row : group[g]) {
      const double below = (among[row] - within[row]) / size(1 - g);
      influence[row] += ((g == 1 ? below : 1 - below) - result) / std::sqrt(size(g) * (size(g) - 1));
    }
  return result;
}

// The area under the steps of precision over recall, ties together: sum over the thresholds of (recall - recall before) precision. without[row] gains what
// it is without that row. One pass each way: without a row the thresholds before its own are as they were, behind it are all with a row less.
double average_precision(const std::vector<double>& scores, const std::vector<std::int64_t>& truth, std::int64_t positive, std::vector<double>& without) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  struct Threshold { double own, hits, rows; };  // right ones among the ties; right ones and all up to it
  std::vector<Threshold> all;
  double out = 0, hits = 0;
  for (std::size_t i = 0; i < order.size();) {
    const double before = hits;
    const double score = scores[order[i]];
    for (; i < order.size() && scores[order[i]] == score; ++i) hits += truth[order[i]] == positive;
    all.push_back({hits - before, hits, static_cast<double>(i)});
    out += (hits - before) * hits / static_cast<double>(i);
  }
  const bool both = hits > 0 && hits < static_cast<double>(order.size());
  if (!both) return nan;
  double above = out, below[2] = {0, 0};  // the sums in front of a threshold, and behind it without a wrong row or a right one
  for (std::size_t k = all.size(), last = order.size(); k-- > 0;) {
    const Threshold& t = all[k];
    const std::size_t first = k == 0 ? 0 : static_cast<std::size_t>(all[k - 1].rows);
    above -= t.own * t.hits / t.rows;
    double own[2];
    for (const int right : {0, 1}) own[right] = t.rows > 1 ? (t.own - right) * (t.hits - right) / (t.rows - 1) : 0;
    for (std::size_t i = first; i < last; ++i) {
      const int right = truth[order[i]] == positive;
      without[order[i]] += (above + own[right] + below[right]) / (hits - right);
    }
    for (const int right : {0, 1}) below[right] += t.rows > 1 ? t.own * (t.hits - right) / (t.rows - 1) : 0;
    last = first;
  }
  return out / hits;
}

// Keeps every score until value(). Several classes: the mean of each class against the rest over the classes that have rows on
// both sides, of labels over those; its uncertainty comes from the summed influences of each row, or from what the mean is without each.
class Ranked final : public Metric {
 public:
  explicit Ranked(bool precision) : precision_(precision) {}
  void reset() override { scores_.clear(), truth_.clear(), rows_ = 0; }
  void fields(Archive& a) override {
    a(labels_), a.counted(width_, rows_), a(scores_, truth_);
    const auto rows = static_cast<std::size_t>(rows_), width = static_cast<std::size_t>(width_), scores = scores_.size();
    a.check(width_ > 0 && scores % width == 0 && scores / width == rows && truth_.size() == (labels_ ? scores : rows));
  }
  void reserve(std::int64_t rows, std::int64_t width) override {
    truth_.reserve(static_cast<std::size_t>(rows));
    scores_.reserve(static_cast<std::size_t>(rows * width));
  }

  void add(const Scored& b) override {
    if (rows_ > 0 && (labels_ != b.labels || width_ != b.width)) throw Error(name(), ": the rows before had ", width_, " scores each, these have ", b.width);
    labels_ = b.labels, width_ = b.width;
    if (labels_) check_values(b, name());
    else check_classes(b, name());
    const auto per_row = labels_ ? static_cast<std::size_t>(width_) : 1;
    const std::size_t rows = truth_.size() + static_cast<std::size_t>(b.rows) * per_row;
    if (truth_.capacity() < rows) truth_.reserve(2 * rows), scores_.reserve(2 * rows * static_cast<std::size_t>(width_));
    for (std::int64_t row = 0; row < b.rows; ++row) {
      const auto scores = b.output.subspan(static_cast<std::size_t>(row * b.width), static_cast<std::size_t>(b.width));
      if (labels_) {
        for (std::size_t i = 0; i < per_row; ++i) truth_.push_back(b.values[static_cast<std::size_t>(row) * per_row + i] > 0.5f), scores_.push_back(scores[i]);
      } else {
        if (b.classes[static_cast<std::size_t>(row)] < 0) continue;
        truth_.push_back(b.classes[static_cast<std::size_t>(row)]);
        add_scores(scores, b.logits);
      }
      ++rows_;
    }
  }

  Measured value() const override {
    if (rows_ == 0) return undefined(no_rows);
    if (std::ranges::any_of(scores_, [](double s) { return std::isnan(s); })) return undefined(not_numbers, rows_);
    const auto rows = static_cast<std::size_t>(rows_), width = static_cast<std::size_t>(width_);
    std::vector<double> influence(rows), scores(rows);
    std::vector<std::int64_t> holds(labels_ ? rows : 0);
    double sum = 0, defined = 0;
    for (std::int64_t c = !labels_ && width_ <= 2 ? 1 : 0; c < (labels_ ? width_ : std::max<std::int64_t>(2, width_)); ++c) {
      const std::size_t column = width_ == 1 ? 0 : static_cast<std::size_t>(c);
      for (std::size_t row = 0; row < rows; ++row) scores[row] = scores_[row * width + column];
      for (std::size_t row = 0; row < holds.size(); ++row) holds[row] = truth_[row * width + column];
      const auto& truth = labels_ ? holds : truth_;
      const std::int64_t positive = labels_ ? 1 : c;
      const double one = precision_ ? average_precision(scores, truth, positive, influence) : area(scores, truth, positive, influence);
      if (!std::isnan(one)) sum += one, ++defined;
    }
    if (defined == 0) return undefined(labels_ ? "every label has one kind of rows only" : one_class, rows_);
    if (precision_) {
      Jackknife without;
      for (const double i : influence) without.add(i / defined);
      const double error = without.error();
      return {sum / defined, std::isfinite(error) ? error : nan, rows_};
    }
    double variance = 0;
    for (const double i : influence) variance += i * i;
    return {sum / defined, std::isfinite(variance) ? std::sqrt(variance) / defined : nan, rows_};
  }

 private:
  const char* name() const { return precision_ ? "average_precision" : "auc"; }
  // Rows are compared with each other, so logits of several classes are first normalised within their row (softmax); for two
  // classes their difference, which orders the same without rounding, is kept.
  void add_scores(std::span<const float> row, bool logits) {
    if (row.size() == 2 && logits) {
      const double margin = static_cast<double>(row[1]) - static_cast<double>(row[0]);
      scores_.push_back(-margin), scores_.push_back(margin);
      return;
    }
    double top = 0, sum = 1;
    const bool normalise = row.size() > 1 && logits;
    if (normalise) {
      top = *std::ranges::max_element(row), sum = 0;
      for (const float s : row) sum += std::exp(static_cast<double>(s) - top);
    }
    for (const float s : row) scores_.push_back(normalise ? std::exp(static_cast<double>(s) - top) / sum : static_cast<double>(s));
  }

  bool precision_, labels_ = false;
  std::int64_t width_ = 1, rows_ = 0;
  std::vector<double> scores_;
  std::vector<std::int64_t> truth_;  // one a row, of labels one a score
};
}  // namespace

std::unique_ptr<Metric> make_auc(int, std::int64_t) { return std::make_unique<Ranked>(false); }
std::unique_ptr<Metric> make_average_precision(int, std::int64_t) { return std::make_unique<Ranked>(true); }

}  // namespace lehr::metrics
