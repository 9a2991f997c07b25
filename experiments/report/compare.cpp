#include "experiments/report/compare.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <tuple>

#include "base/text.h"

namespace lehr::report {

namespace {
constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

std::optional<double> as_number(const std::string& text) {
  double v = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), v);
  return error == std::errc() && stop == text.data() + text.size() ? std::optional(v) : std::nullopt;
}

// What points are ordered by, smaller is better: trials that did not finish, the selecting quantity, the validation loss.
std::tuple<std::size_t, double, double> rank(const Cell& cell, const std::vector<std::size_t>& seeds, const Quantity& select, bool higher) {
  std::vector<const TrialResult*> group;
  for (const std::size_t s : seeds) group.push_back(cell.results[s]);
  const auto mean = [&](const Quantity& q) {
    const auto v = finite(values(group, q));
    return v.empty() ? nan : summary(v).mean;
  };
  const double by = mean(select), loss = mean({false, {}, select.average});
  return {group.size() - finite(values(group, select)).size(), std::isnan(by) ? infinity : higher ? -by : by, std::isnan(loss) ? infinity : loss};
}
}  // namespace

std::string name(const Quantity& q, const RunInfo& info) {
  return cat(q.average ? "avg_" : "", q.test ? "test_" : "val_", q.metric ? info.metrics[*q.metric] : "loss");
}
bool percent(const Quantity& q, const RunInfo& info) { return q.metric && info.metric_percent[*q.metric]; }
bool higher_is_better(const Quantity& q, const RunInfo& info) { return q.metric && info.metric_higher[*q.metric]; }

namespace {
// Absent where the trial is not done or did not measure it.
std::optional<Measured> measured(const TrialResult& r, const Quantity& q) {
  if (r.outcome != Outcome::done || r.epochs.empty()) return std::nullopt;
  const EpochRecord& last = r.epochs.back();
  if (q.test ? r.test_rows == 0 : !last.evaluated) return std::nullopt;
  if (!q.metric) {
    const auto loss = q.average ? (q.test ? r.average_test_loss : last.average_loss) : std::optional(q.test ? r.test_loss : last.val_loss);
    return loss ? std::optional(Measured{*loss, nan, 0, std::isnan(*loss) ? "no row counts" : nullptr}) : std::nullopt;
  }
  const auto& all = q.average ? (q.test ? r.average_test : last.average) : q.test ? r.test : last.val;
  return *q.metric < all.size() ? std::optional(all[*q.metric]) : std::nullopt;
}
}  // namespace

double value(const TrialResult& r, const Quantity& q) {
  const auto m = measured(r, q);
  return m ? m->value : nan;
}

std::string undefined(const TrialResult& r, const Quantity& q) {
  const auto m = measured(r, q);
  return !m || !std::isnan(m->value) ? "" : m->undefined ? m->undefined : "it is not a number";
}

std::pair<std::int64_t, std::int64_t> counted(const Quantity& q, const std::vector<TrialResult>& results) {
  std::pair<std::int64_t, std::int64_t> out{0, 0};
  for (const auto& r : results)
    if (const auto m = measured(r, q); m && m->count > 0) out = {out.first == 0 ? m->count : std::min(out.first, m->count), std::max(out.second, m->count)};
  return out;
}

std::int64_t rows(const Quantity& q, const RunInfo& info, const std::vector<TrialResult>& results) {
  if (!q.test) return info.validation_rows;
  std::int64_t out = 0;
  for (const auto& r : results) out = std::max(out, r.test_rows);
  return out;
}

std::vector<Quantity> quantities(const RunInfo& info, const std::vector<TrialResult>& results) {
  std::vector<Quantity> out;
  for (const bool test : {false, true}) {
    if (rows({test, {}}, info, results) == 0) continue;
    for (const bool average : {false, true}) {
      if (average && !info.averages) continue;
      out.push_back({test, {}, average});
      for (std::size_t m = 0; m < info.metrics.size(); ++m) out.push_back({test, m, average});
    }
  }
  return out;
}

std::vector<double> values(const std::vector<const TrialResult*>& results, const Quantity& q) {
  std::vector<double> out;
  for (const TrialResult* r : results) out.push_back(value(*r, q));
  return out;
}

std::vector<double> finite(const std::vector<double>& values) {
  std::vector<double> out;
  std::ranges::copy_if(values, std::back_inserter(out), [](double v) { return std::isfinite(v); });
  return out;
}

bool Choice::any() const {
  return std::ranges::any_of(results, [](const TrialResult* r) { return r->outcome == Outcome::done; });
}

std::vector<Cell> cells(const RunInfo& info, const std::vector<TrialResult>& results) {
  std::vector<Cell> out;
  for (std::size_t i = 0; i < std::min(info.trials.size(), results.size()); ++i) {
    const Levels& levels = info.trials[i].levels;
    if (out.empty() || info.axes.cell(levels) != info.axes.cell(info.trials[i - 1].levels)) out.push_back({info.axes.variant(levels), info.axes.point(levels), {}});
    out.back().results.push_back(&results[i]);
  }
  return out;
}

namespace {
// The repeats of a cell, by their position in it, in groups of one key.
std::vector<std::vector<std::size_t>> repeats_by(const RunInfo& info, Levels (Axes::*key)(const Levels&) const) {
  std::map<Levels, std::size_t> known;
  std::vector<std::vector<std::size_t>> out;
  for (std::size_t i = 0; i < info.trials.size() && info.axes.cell(info.trials[i].levels) == info.axes.cell(info.trials[0].levels); ++i) {
    const auto [at, added] = known.try_emplace((info.axes.*key)(info.trials[i].levels), out.size());
    if (added) out.emplace_back();
    out[at->second].push_back(i);
  }
  return out;
}
}  // namespace

std::vector<std::vector<std::size_t>> choosers(const RunInfo& info) { return repeats_by(info, &Axes::chooser); }

Quantity selecting(const RunInfo& info) {
  for (const Quantity& q : quantities(info, {}))
    if (name(q, info) == info.select) return q;
  return {};
}

std::vector<const Cell*> ranked(const RunInfo& info, std::vector<const Cell*> points, const std::vector<std::size_t>& repeats) {
  const Quantity select = selecting(info);
  const bool higher = higher_is_better(select, info);
  using Rank = decltype(rank(*points.front(), repeats, select, higher));
  std::vector<std::pair<Rank, const Cell*>> by_rank;
  by_rank.reserve(points.size());
  for (const Cell* cell : points) by_rank.emplace_back(rank(*cell, repeats, select, higher), cell);
  std::ranges::stable_sort(by_rank, {}, &std::pair<Rank, const Cell*>::first);
  std::ranges::transform(by_rank, points.begin(), &std::pair<Rank, const Cell*>::second);
  return points;
}

std::vector<Choice> choose(const RunInfo& info, const std::vector<Cell>& cells) {
  std::vector<Choice> out;
  const auto groups = choosers(info);
  for (const std::string& variant : info.axes.variants()) {
    std::vector<const Cell*> points;
    for (const Cell& cell : cells)
      if (cell.variant == variant) points.push_back(&cell);
    if (points.empty()) continue;
    Choice choice;
    choice.variant = variant;
    for (const Cell* cell : points)
      for (const TrialResult* r : cell->results) choice.complete &= r->outcome != Outcome::interrupted;
    choice.results.resize(points.front()->results.size());
    for (const auto& group : groups) {
      const Cell* best = ranked(info, points, group).front();
      for (const std::size_t s : group) choice.results[s] = best->results[s];
      const auto found = std::ranges::find(choice.cells, best, &std::pair<const Cell*, std::size_t>::first);
      if (found == choice.cells.end())
        choice.cells.emplace_back(best, group.size());
      else
        found->second += group.size();
    }
    std::ranges::stable_sort(choice.cells, std::ranges::greater{}, &std::pair<const Cell*, std::size_t>::second);
    out.push_back(std::move(choice));
  }
  return out;
}

std::vector<std::string> edge_notes(const RunInfo& info, const std::vector<Cell>& cells, const std::vector<Choice>& choices) {
  std::vector<std::string> out;
  for (std::size_t k = 0; k < info.axes.swept().size(); ++k) {
    std::set<double> grid;
    for (const Cell& cell : cells)
      if (const auto v = as_number(cell.point[k])) grid.insert(*v);
    if (grid.size() < 3) continue;  // of two values each is an end
    for (const double end : {*grid.begin(), *grid.rbegin()}) {
      std::vector<std::string> names;
      for (const Choice& choice : choices)
        if (const auto& [cell, seeds] = choice.cells.front();
            choice.complete && choice.any() && 2 * seeds > choice.results.size() && as_number(cell->point[k]) == end)
          names.push_back(choice.variant.empty() ? "it" : printable(choice.variant));
      if (names.empty()) continue;
      out.push_back(cat("the ", end == *grid.begin() ? "smallest " : "largest ", printable(info.axes.swept()[k]), " of the sweep, ", end, ", was best",
                        info.axes.count(Axis::Role::variant) == 1 ? "" : " for " + join(names, ", "), ": a better one may lie outside"));
    }
  }
  return out;
}

namespace {
// Of each sample that has a finite value.
std::vector<double> means(const std::vector<std::vector<std::size_t>>& samples, const std::vector<double>& values) {
  std::vector<double> out;
  for (const auto& sample : samples) {
    std::vector<double> own;
    for (const std::size_t i : sample)
      if (i < values.size() && std::isfinite(values[i])) own.push_back(values[i]);
    if (!own.empty()) out.push_back(summary(own).mean);
  }
  return out;
}
}  // namespace

Comparison compare(const RunInfo& info, const std::vector<Choice>& choices, const Quantity& q) {
  const double overlap = !info.axes.split_varies() ? 0 : q.test ? info.test_share : info.validation_share;
  std::vector<double> base;
  for (const Choice& choice : choices)
    if (choice.variant == info.against) base = values(choice.results, q);
  Comparison out;
  const auto samples = repeats_by(info, &Axes::sample);
  std::vector<double> p;
  for (const Choice& choice : choices) {
    Standing s;
    s.variant = choice.variant;
    s.values = values(choice.results, q);
    s.repeats = finite(s.values).size();
    s.summary = summary(means(samples, s.values));
    if (choice.variant != info.against && info.axes.count(Axis::Role::variant) > 1) {
      std::vector<double> a = s.values, b = base;
      b.resize(a.size(), nan);
      for (std::size_t i = 0; i < a.size(); ++i)
        if (!std::isfinite(a[i] + b[i])) a[i] = b[i] = nan;
      s.difference = paired(means(samples, a), means(samples, b), overlap);
    }
    p.push_back(s.difference && s.difference->count > 0 ? s.difference->p : nan);
    out.standings.push_back(std::move(s));
  }
  const auto adjusted = holm(p);
  for (std::size_t i = 0; i < adjusted.size(); ++i) out.standings[i].holm = adjusted[i];
  out.tests = finite(p).size();
  return out;
}

}  // namespace lehr::report
