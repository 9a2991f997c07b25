#include <cmath>

#include "base/error.h"
#include "engine/metrics/mean.h"
#include "engine/metrics/score.h"

namespace lehr::metrics {

namespace {
class Hits : public Metric {
 public:
  void reset() override { right_ = count_ = 0, of_labels_.reset(); }
  void fields(Archive& a) override { a.counted(right_, count_), a(of_labels_); }
  Measured value() const override { return of_labels_.value().count > 0 ? of_labels_.value() : proportion(right_, count_); }
  bool percent() const override { return true; }

 protected:
  void tally(bool right) { right_ += right, ++count_; }
  SampleMean of_labels_;

 private:
  std::int64_t right_ = 0, count_ = 0;
};

class Accuracy final : public Hits {
 public:
  void add(const Scored& b) override {
    if (b.labels) return labels(b);
    check_classes(b, "accuracy");
    for (std::int64_t row = 0; row < b.rows; ++row)
      if (const std::int64_t truth = b.classes[static_cast<std::size_t>(row)]; truth >= 0) tally(answer(b, row) == truth);
  }

 private:
  void labels(const Scored& b) {  // those of a row belong together: its share is one sample
    check_values(b, "accuracy");
    for (std::int64_t row = 0; row < b.rows; ++row) {
      std::int64_t right = 0;
      for (std::int64_t i = row * b.width; i < (row + 1) * b.width; ++i)
        right += holds(b, static_cast<std::size_t>(i)) == (b.values[static_cast<std::size_t>(i)] > 0.5f);
      of_labels_.add(static_cast<double>(right) / static_cast<double>(b.width));
    }
  }
};

// Right where fewer than k scores stand before the true class's; of equal scores the lower index stands first.
class TopK final : public Hits {
 public:
  explicit TopK(int k) : k_(k) {}
  void add(const Scored& b) override {
    check_classes(b, "top_k");
    if (b.width == 1) throw Error("top_", k_, " needs one score a class, the model gives a single one");
    for (std::int64_t row = 0; row < b.rows; ++row)
      if (const std::int64_t truth = b.classes[static_cast<std::size_t>(row)]; truth >= 0)
        tally(among(b.output.data() + row * b.width, b.width, truth));
  }

 private:
  bool among(const float* scores, std::int64_t width, std::int64_t truth) const {
    std::int64_t before = 0;
    for (std::int64_t c = 0; c < width; ++c) {
      if (std::isnan(scores[c])) return false;
      before += scores[c] > scores[truth] || (scores[c] == scores[truth] && c < truth);
    }
    return before < k_;
  }
  int k_;
};
}  // namespace

std::unique_ptr<Metric> make_accuracy(int, std::int64_t) { return std::make_unique<Accuracy>(); }

std::unique_ptr<Metric> make_top_k(int k, std::int64_t classes) {
  if (k < 1) throw Error("write top_k with a number, such as top_5");
  if (classes > 0 && k >= classes) throw Error("top_", k, " of ", classes, " classes is always right");
  return std::make_unique<TopK>(k);
}

}  // namespace lehr::metrics
