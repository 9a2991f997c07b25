#include <algorithm>

#include "base/error.h"
#include "engine/metrics/score.h"

namespace lehr {

void Tally::fields(Archive& a) {
  a.counted(classes, unanswered), a(counts);
  a.check(classes < (1 << 20) && static_cast<std::size_t>(classes * classes) == counts.size());
  a.check(std::ranges::all_of(counts, [](std::int64_t n) { return n >= 0 && n <= std::int64_t{1} << 32; }));  // their sum stays a number, too
}

void Tally::grow(std::int64_t to) {
  if (to <= classes) return;
  std::vector<std::int64_t> wider(static_cast<std::size_t>(to * to));
  for (std::int64_t t = 0; t < classes; ++t)
    for (std::int64_t c = 0; c < classes; ++c) wider[static_cast<std::size_t>(t * to + c)] = at(t, c);
  counts = std::move(wider), classes = to;
}

namespace {
std::string share(std::int64_t part, std::int64_t of) {
  return of == 0 ? "-" : fixed(100 * static_cast<double>(part) / static_cast<double>(of), 1) + " %";
}

std::string lay_out(const std::vector<std::vector<std::string>>& cells) {
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
}  // namespace

std::string text(const Tally& tally, std::span<const std::string> names) {
  const auto name = [&](std::int64_t c) {
    return static_cast<std::size_t>(c) < names.size() ? printable(names[static_cast<std::size_t>(c)]) : std::to_string(c);
  };
  std::vector<std::vector<std::string>> cells(1, {"true \\ answer"});
  for (std::int64_t c = 0; c < tally.classes; ++c) cells[0].push_back(name(c));
  cells[0].insert(cells[0].end(), {"recall", "precision"});
  for (std::int64_t t = 0; t < tally.classes; ++t) {
    auto& line = cells.emplace_back(1, name(t));
    std::int64_t truths = 0, answers = 0;
    for (std::int64_t c = 0; c < tally.classes; ++c) {
      line.push_back(std::to_string(tally.at(t, c)));
      truths += tally.at(t, c), answers += tally.at(c, t);
    }
    line.push_back(share(tally.at(t, t), truths));
    line.push_back(share(tally.at(t, t), answers));
  }
  return lay_out(cells) +
         (tally.unanswered > 0 ? cat(tally.unanswered, tally.unanswered == 1 ? " row has" : " rows have", " NaN scores and no answer\n") : "");
}

namespace metrics {

void Tallied::reset() { std::ranges::fill(tally_.counts, 0), tally_.unanswered = 0; }

void Tallied::add(const Scored& b) {
  check_classes(b, name());
  tally_.grow(b.width == 1 ? 2 : b.width);
  for (std::int64_t row = 0; row < b.rows; ++row) {
    const std::int64_t truth = b.classes[static_cast<std::size_t>(row)];
    if (truth < 0) continue;
    const std::int64_t said = answer(b, row);
    if (said < 0) ++tally_.unanswered;
    else ++tally_.counts[static_cast<std::size_t>(truth * tally_.classes + said)];
  }
}

Measured Tallied::value() const {
  std::int64_t rows = 0;
  for (const std::int64_t n : tally_.counts) rows += n;
  if (tally_.unanswered > 0) return undefined(not_numbers, rows + tally_.unanswered);
  return rows == 0 ? undefined(no_rows) : of(tally_, rows);
}

namespace {
// Its number is the accuracy; a row without an answer is wrong.
class Confusion final : public Tallied {
 public:
  using Tallied::Tallied;
  bool percent() const override { return true; }
  const Tally* tally() const override { return &tally_; }
  Measured value() const override {
    std::int64_t right = 0, all = tally_.unanswered;
    for (std::int64_t c = 0; c < tally_.classes; ++c) right += tally_.at(c, c);
    for (const std::int64_t n : tally_.counts) all += n;
    return proportion(right, all);
  }

 private:
  const char* name() const override { return "confusion"; }
  Measured of(const Tally&, std::int64_t) const override { return value(); }
};
}  // namespace

std::unique_ptr<Metric> make_confusion(int, std::int64_t classes) { return std::make_unique<Confusion>(classes); }

}  // namespace metrics
}  // namespace lehr
