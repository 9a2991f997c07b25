#include "experiments/report/board.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "base/readable.h"
#include "experiments/report/lines.h"
#include "experiments/report/statistics.h"

namespace lehr::report {

namespace {
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr std::size_t most_bar = 32, least_bar = 8, most_ended = 10;

std::string rate_text(double rate) {
  if (!(rate > 0)) return "";
  const auto text = rate < 10 ? fixed(rate, 1) : rate < 1e5 ? grouped(std::llround(rate)) : grouped(std::llround(rate / 1000)) + "k";
  return text + " steps/s";
}

std::string bar(double share, std::size_t columns, bool colour) {
  const std::size_t all = columns - 2, full = static_cast<std::size_t>(std::floor(share * static_cast<double>(all) + 1e-9));
  const std::string done(full, '#'), open(all - full, '.');
  return "[" + (colour && full > 0 ? "\x1b[32m" + done + "\x1b[0m" : done) + open + "]";
}

// Columns of equal width; the smallest `keep` goes first where there is not enough room.
struct Field {
  int keep;
  bool right;
};
constexpr std::size_t field_count = 8;
constexpr Field fields[field_count] = {{9, false}, {8, true}, {3, false}, {6, false}, {2, false}, {5, true}, {4, true}, {7, true}};
using Texts = std::array<std::string, field_count>;

std::size_t widest(const std::vector<Texts>& rows, std::size_t field) {
  std::size_t out = 0;
  for (const Texts& row : rows) out = std::max(out, width(row[field]));
  return out;
}

// The rows with a bar behind the name, each narrower than `columns`.
std::vector<std::string> laid_out(std::vector<Texts> rows, const std::vector<double>& shares, std::size_t columns, bool colour) {
  const std::size_t room = columns > 1 ? columns - 1 : 1, most_name = std::max<std::size_t>(8, room / 4);
  for (Texts& row : rows)
    if (width(row[0]) > most_name) row[0] = cut(row[0], most_name - 1) + "…";
  std::array<bool, field_count> kept{};
  std::size_t used = 0;
  for (int keep = 9; keep > 0; --keep)
    for (std::size_t f = 0; f < field_count; ++f) {
      const std::size_t w = widest(rows, f);
      if (fields[f].keep != keep || w == 0 || used + w + 2 + least_bar > room) continue;
      kept[f] = true;
      used += w + 2;
    }
  std::vector<std::string> out;
  const std::size_t bars = std::min(most_bar, room > used ? room - used : 0);
  for (std::size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (std::size_t f = 0; f < field_count; ++f) {
      if (kept[f]) line += (line.empty() ? "" : "  ") + (fields[f].right ? pad_left : pad_right)(rows[r][f], widest(rows, f));
      if (f == 0 && bars >= least_bar) line += (line.empty() ? "" : "  ") + bar(shares[r], bars, colour);
    }
    out.push_back(std::move(line));
  }
  return out;
}
}  // namespace

struct Board::Standings {
  std::string name, where, latest;
  double passed = 0, total = 0;  // steps
  double loss = unknown;         // of the last updates, a mean over the trials under way
  double rate = 0, elapsed = 0, left = unknown;
  double share() const { return total > 0 ? std::clamp(passed / total, 0.0, 1.0) : 1; }
  std::string percent() const { return cat(static_cast<int>(100 * share()), " %"); }
  std::string loss_text() const { return std::isfinite(loss) ? "loss " + readable(loss, 4) : ""; }
  std::string left_text() const { return std::isfinite(left) && left >= 0 ? "left " + clock_text(left) : ""; }
  Texts texts() const { return {name, percent(), where, loss_text(), latest, rate_text(rate), clock_text(elapsed), left_text()}; }
};

// The rows of an epoch may come in more updates than were counted before, where the batch size moves: epochs that are over count whole.
double Board::Course::position() const {
  const auto steps = static_cast<double>(trial->steps), made = static_cast<double>(live->step.load(std::memory_order_relaxed));
  if (epoch == 0 || trial->epochs < 1) return std::min(made, steps);
  const double one = steps / static_cast<double>(trial->epochs);
  return std::min(steps, static_cast<double>(epoch) * one + std::clamp(made - static_cast<double>(step), 0.0, one));
}

Board::Board(const RunInfo& info) : info_(info) {
  const bool validated = info.validation_rows > 0, metric = validated && !info.metrics.empty();
  figure_name_ = !validated ? "loss" : metric ? "val_" + info.metrics[0] : "val_loss";
  percent_ = metric && info.metric_percent[0];
  std::map<Levels, std::size_t> known;
  for (const TrialInfo& trial : info.trials) {
    const auto [at, added] = known.try_emplace(info.axes.cell(trial.levels), lots_.size());
    if (added) {
      std::vector<std::string> words;
      if (const std::string variant = info.axes.variant(trial.levels); !variant.empty()) words.push_back(printable(variant));
      for (const std::string& value : info.axes.point(trial.levels)) words.push_back(printable(value));
      lots_.emplace_back().label = words.empty() ? "run" : join(words, " ");
    }
    Lot& lot = lots_[at->second];
    ++lot.trials, lot.steps += trial.steps;
    lot_of_.push_back(at->second);
  }
}

std::string Board::shown(double figure) const { return !std::isfinite(figure) ? "undefined" : percent_ ? fixed(100 * figure, 2) + " %" : readable(figure, 4); }

void Board::started(const TrialInfo& trial, double now) {
  Lot& lot = lots_[lot_of_.at(trial.index)];
  if (lot.began < 0) lot.began = now;
  running_[trial.index] = {&trial, std::make_unique<Live>()};
}

Live* Board::live(const TrialInfo& trial) {
  const auto at = running_.find(trial.index);
  return at == running_.end() ? nullptr : at->second.live.get();
}

namespace {
double figure(const RunInfo& info, const EpochRecord& r) {
  if (info.validation_rows == 0) return r.loss;
  if (!r.evaluated) return unknown;
  return info.metrics.empty() || r.val.empty() ? r.val_loss : r.val[0].value;
}
}  // namespace

void Board::epoch(const TrialInfo& trial, const EpochRecord& record) {
  if (const auto at = running_.find(trial.index); at != running_.end()) at->second.epoch = record.epoch, at->second.step = record.step;
  if (record.evaluated && info_.validation_rows > 0) lots_[lot_of_.at(trial.index)].latest = figure_name_ + " " + shown(figure(info_, record));
}

void Board::finished(const TrialInfo& trial, const TrialResult& result, double now) {
  const std::size_t which = lot_of_.at(trial.index);
  Lot& lot = lots_[which];
  if (const auto at = running_.find(trial.index); at != running_.end()) {
    lot.made += at->second.live->made.load(std::memory_order_relaxed);
    if (result.outcome == Outcome::interrupted) lot.settled += static_cast<std::int64_t>(at->second.position());
    running_.erase(at);
  }
  if (result.outcome == Outcome::interrupted) return;
  ++finished_, ++lot.finished;
  lot.settled += trial.steps;
  if (result.outcome == Outcome::done && !result.epochs.empty()) lot.figures.push_back(figure(info_, result.epochs.back()));
  if (lot.finished == lot.trials) ended_.emplace_back(which, lot.began < 0 ? 0 : now - lot.began);
}

Board::Standings Board::standings(std::size_t which, double now) const {
  Standings s;
  const bool all = which == lots_.size();
  double made = 0, losses = 0, count = 0, began = now;
  for (const auto& [index, course] : running_) {
    if (!all && lot_of_[index] != which) continue;
    s.passed += course.position();
    made += static_cast<double>(course.live->made.load(std::memory_order_relaxed));
    if (const double loss = course.live->loss.load(std::memory_order_relaxed); std::isfinite(loss)) losses += loss, ++count;
    if (all || lots_[which].trials > 1) continue;
    const std::int64_t epoch = course.trial->steps > 0 ? static_cast<std::int64_t>(course.position() * static_cast<double>(course.trial->epochs) /
                                                                                   static_cast<double>(course.trial->steps)) : 0;
    s.where = cat("epoch ", std::min(course.trial->epochs, epoch + 1), "/", course.trial->epochs);
  }
  for (std::size_t i = all ? 0 : which; i < (all ? lots_.size() : which + 1); ++i) {
    s.total += static_cast<double>(lots_[i].steps), s.passed += static_cast<double>(lots_[i].settled);
    made += static_cast<double>(lots_[i].made);
    if (lots_[i].began >= 0) began = std::min(began, lots_[i].began);
  }
  s.name = all ? "all" : lots_[which].label;
  if (!all) s.latest = lots_[which].latest;
  if (count > 0 && !all) s.loss = losses / count;
  if (all) s.where = cat(grouped(static_cast<long long>(finished_)), "/", grouped(static_cast<long long>(info_.trials.size())), " runs");
  else if (lots_[which].trials > 1) s.where = cat(lots_[which].finished, "/", lots_[which].trials, " runs");
  s.elapsed = all ? now : now - began;
  if (s.elapsed > 0) s.rate = made / s.elapsed;
  if (s.rate > 0) s.left = (s.total - s.passed) / s.rate;
  return s;
}

std::vector<std::string> Board::lines(double now, std::size_t columns, std::size_t rows, bool colour) const {
  std::vector<std::size_t> under_way;
  for (const auto& [index, course] : running_)
    if (std::ranges::find(under_way, lot_of_[index]) == under_way.end()) under_way.push_back(lot_of_[index]);
  const bool several = lots_.size() > 1;
  const std::size_t most = std::max<std::size_t>(rows, 3) - 1;
  std::size_t left = most - (several ? 1 : 0), hidden = 0;
  if (under_way.size() > left) {
    const std::size_t fit = left > 1 ? left - 1 : 1;
    hidden = left > 1 ? under_way.size() - fit : 0;  // a line of its own says how many
    under_way.resize(fit);
  }
  left -= std::min(left, under_way.size() + (hidden > 0 ? 1 : 0));

  std::vector<std::string> out;
  if (several && !ended_.empty() && left >= 2) {
    const std::size_t shown_rows = std::min({ended_.size(), left - 1, most_ended});
    std::vector<std::vector<std::string>> table{{"finished", figure_name_, "sd", "runs", "time"}};
    for (std::size_t i = ended_.size() - shown_rows; i < ended_.size(); ++i) {
      const Lot& lot = lots_[ended_[i].first];
      std::vector<double> values;
      std::ranges::copy_if(lot.figures, std::back_inserter(values), [](double v) { return std::isfinite(v); });
      const Summary s = summary(values);
      table.push_back({lot.label, values.empty() ? "none" : shown(s.mean), values.size() < 2 ? "" : shown(s.deviation),
                       lot.figures.size() == lot.trials ? cat(lot.trials) : cat(lot.figures.size(), " of ", lot.trials), clock_text(ended_[i].second)});
    }
    std::vector<std::size_t> widths(table[0].size());
    for (auto& row : table) {
      if (const std::size_t most_label = std::max<std::size_t>(8, columns / 3); width(row[0]) > most_label) row[0] = cut(row[0], most_label - 1) + "…";
      for (std::size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width(row[c]));
    }
    for (const auto& row : table) {
      std::string line = pad_right(row[0], widths[0]);
      for (std::size_t c = 1; c < row.size(); ++c)
        if (widths[c] > 0) line += "  " + pad_left(row[c], widths[c]);
      out.push_back(cut(line, columns > 1 ? columns - 1 : 1));
    }
  }
  std::vector<Texts> texts;
  std::vector<double> shares;
  const auto add = [&](std::size_t lot) {
    const Standings s = standings(lot, now);
    texts.push_back(s.texts());
    shares.push_back(s.share());
  };
  for (const std::size_t lot : under_way) add(lot);
  if (several || under_way.empty()) add(lots_.size());
  std::vector<std::string> bars = laid_out(std::move(texts), shares, columns, colour);
  if (hidden > 0) bars.insert(bars.end() - 1, cut(cat("… and ", hidden, " more under way"), columns > 1 ? columns - 1 : 1));
  std::ranges::move(bars, std::back_inserter(out));
  return out;
}

std::string Board::line(double now) const {
  Standings s = standings(lots_.size(), now);
  if (lots_.size() == 1) {
    const Standings only = standings(0, now);
    s.loss = only.loss, s.latest = only.latest;
    if (info_.trials.size() == 1 && !only.where.empty()) s.where = only.where;
  }
  std::string out = "run    " + s.where;
  for (const std::string& part : {s.percent(), s.loss_text(), s.latest, rate_text(s.rate), clock_text(s.elapsed), s.left_text()})
    if (!part.empty()) out += "  " + part;
  return out;
}

}  // namespace lehr::report
