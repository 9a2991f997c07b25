#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "base/error.h"
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

// Keeps every score until value(). Several classes: the mean of each class against the rest over the classes that have rows on
// both sides; its uncertainty comes from the summed influences of each row.
class Auc final : public Metric {
 public:
  void reset() override { scores_.clear(), truth_.clear(); }
  void reserve(std::int64_t rows, std::int64_t width) override {
    truth_.reserve(static_cast<std::size_t>(rows));
    scores_.reserve(static_cast<std::size_t>(rows * width));
  }

  void add(const Scored& b) override {
    check_classes(b, "auc");
    width_ = b.width;
    const std::size_t rows = truth_.size() + static_cast<std::size_t>(b.rows);
    if (truth_.capacity() < rows) truth_.reserve(2 * rows), scores_.reserve(2 * rows * static_cast<std::size_t>(width_));
    for (std::int64_t row = 0; row < b.rows; ++row) {
      if (b.classes[static_cast<std::size_t>(row)] < 0) continue;
      truth_.push_back(b.classes[static_cast<std::size_t>(row)]);
      add_scores(b.output.subspan(static_cast<std::size_t>(row * b.width), static_cast<std::size_t>(b.width)), b.logits);
    }
  }

  Measured value() const override {
    const auto count = static_cast<std::int64_t>(truth_.size());
    if (std::ranges::any_of(scores_, [](double s) { return std::isnan(s); })) return {nan, nan, count};
    std::vector<double> influence(truth_.size()), scores(truth_.size());
    double sum = 0, defined = 0;
    for (std::int64_t c = width_ <= 2 ? 1 : 0; c < std::max<std::int64_t>(2, width_); ++c) {
      const std::int64_t column = width_ == 1 ? 0 : c;
      for (std::size_t row = 0; row < scores.size(); ++row)
        scores[row] = scores_[row * static_cast<std::size_t>(width_) + static_cast<std::size_t>(column)];
      const double auc = area(scores, truth_, c, influence);
      if (!std::isnan(auc)) sum += auc, ++defined;
    }
    if (defined == 0) return {nan, nan, count};
    double variance = 0;
    for (const double i : influence) variance += i * i;
    return {sum / defined, std::isfinite(variance) ? std::sqrt(variance) / defined : nan, count};
  }

 private:
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

  std::int64_t width_ = 1;
  std::vector<double> scores_;
  std::vector<std::int64_t> truth_;
};
}  // namespace

std::unique_ptr<Metric> make_auc(int, std::int64_t) { return std::make_unique<Auc>(); }

}  // namespace lehr::metrics
