#include <algorithm>

#include "base/error.h"
#include "engine/metrics/score.h"

namespace lehr::metrics {

namespace {
// Counts by true class (row) and answer (column).
class Confusion final : public Metric {
 public:
  explicit Confusion(std::int64_t classes) { grow(classes); }
  void reset() override { std::ranges::fill(counts_, 0), unanswered_ = 0; }
  bool percent() const override { return true; }

  void add(const Scored& b) override {
    check_classes(b, "confusion");
    grow(b.width == 1 ? 2 : b.width);
    for (std::int64_t row = 0; row < b.rows; ++row) {
      const std::int64_t truth = b.classes[static_cast<std::size_t>(row)];
      if (truth < 0) continue;
      const std::int64_t said = answer(b, row);
      if (said < 0) ++unanswered_;
      else ++counts_[static_cast<std::size_t>(truth * classes_ + said)];
    }
  }

  Measured value() const override {
    std::int64_t right = 0, all = unanswered_;
    for (std::int64_t c = 0; c < classes_; ++c) right += at(c, c);
    for (const std::int64_t n : counts_) all += n;
    return proportion(right, all);
  }

  std::string detail(std::span<const std::string> names) const override {
    const auto name = [&](std::int64_t c) {
      return static_cast<std::size_t>(c) < names.size() ? printable(names[static_cast<std::size_t>(c)]) : std::to_string(c);
    };
    std::vector<std::vector<std::string>> cells(1, {"true \\ answer"});
    for (std::int64_t c = 0; c < classes_; ++c) cells[0].push_back(name(c));
    cells[0].insert(cells[0].end(), {"recall", "precision"});
    for (std::int64_t t = 0; t < classes_; ++t) {
      auto& line = cells.emplace_back(1, name(t));
      std::int64_t truths = 0, answers = 0;
      for (std::int64_t c = 0; c < classes_; ++c) {
        line.push_back(std::to_string(at(t, c)));
        truths += at(t, c), answers += at(c, t);
      }
      line.push_back(share(at(t, t), truths));
      line.push_back(share(at(t, t), answers));
    }
    return lay_out(cells) + (unanswered_ > 0 ? cat(unanswered_, unanswered_ == 1 ? " row has" : " rows have", " NaN scores and no answer\n") : "");
  }

 private:
  std::int64_t at(std::int64_t truth, std::int64_t said) const { return counts_[static_cast<std::size_t>(truth * classes_ + said)]; }

  void grow(std::int64_t classes) {
    if (classes <= classes_) return;
    std::vector<std::int64_t> wider(static_cast<std::size_t>(classes * classes));
    for (std::int64_t t = 0; t < classes_; ++t)
      for (std::int64_t c = 0; c < classes_; ++c) wider[static_cast<std::size_t>(t * classes + c)] = at(t, c);
    counts_ = std::move(wider), classes_ = classes;
  }

  static std::string share(std::int64_t part, std::int64_t of) {
    return of == 0 ? "-" : fixed(100 * static_cast<double>(part) / static_cast<double>(of), 1) + " %";
  }

  static std::string lay_out(const std::vector<std::vector<std::string>>& cells) {
    std::vector<std::size_t> widths(cells[0].size());
    for (const auto& line : cells)
      for (std::size_t c = 0; c < line.size(); ++c) widths[c] = std::max(widths[c], width(line[c]));
    std::string out;
    for (const auto& line : cells) {
      out += pad_right(line[0], widths[0]);
      for (std::size_t c = 1; c < line.size(); ++c) out += "  " + pad_left(line[c], widths[c]);
      out += '\n';
    }
    return out;
  }

  std::int64_t classes_ = 0, unanswered_ = 0;
  std::vector<std::int64_t> counts_;
};
}  // namespace

std::unique_ptr<Metric> make_confusion(int, std::int64_t classes) { return std::make_unique<Confusion>(classes); }

}  // namespace lehr::metrics
