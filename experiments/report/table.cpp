#include "experiments/report/table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "experiments/report/statistics.h"

namespace lehr::report {

namespace {
// What a table is about: a metric (or the loss, where there is none) of the validation or the test rows.
struct Quantity {
  bool test = false;
  std::size_t metric = 0;
  bool loss = false;
};

double last_value(const TrialResult& r, const Quantity& q) {
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  if (r.outcome != Outcome::done || r.epochs.empty()) return nan;
  const EpochRecord& last = r.epochs.back();
  if (q.test ? r.test_rows == 0 : !last.evaluated) return nan;
  if (q.loss) return q.test ? r.test_loss : last.val_loss;
  const auto& measured = q.test ? r.test : last.val;
  return q.metric < measured.size() ? measured[q.metric].value : nan;
}

// Of each trial of a variant, in order of seed; NaN where the trial has none.
std::vector<double> last_values(const std::vector<TrialResult>& results, const std::string& variant, const Quantity& q, double scale) {
  std::vector<double> out;
  for (const auto& r : results)
    if (r.variant == variant) out.push_back(scale * last_value(r, q));
  return out;
}

std::vector<double> finite(const std::vector<double>& values) {
  std::vector<double> out;
  std::ranges::copy_if(values, std::back_inserter(out), [](double v) { return std::isfinite(v); });
  return out;
}

std::string shown(double v, bool percent) {
  return percent ? fixed(v, 2) : number(std::strtod(cat(fixed(v, std::fabs(v) >= 100 ? 1 : std::fabs(v) >= 1 ? 3 : 5)).c_str(), nullptr));
}
std::string with_sign(double v, bool percent) { return (v < 0 ? "" : "+") + (percent ? fixed(v, 2) : shown(v, false)); }

TableRow row(const std::string& variant, const std::vector<double>& values, const std::vector<double>& base, bool is_base, bool percent) {
  TableRow out;
  const auto done = finite(values);
  const Summary s = summary(done);
  out.variant = variant.empty() ? "-" : printable(variant);
  out.runs = s.count == values.size() ? cat(s.count) : cat(s.count, "/", values.size());
  if (s.count == 0) return out.value = "none finished", out;
  out.value = shown(s.mean, percent) + (s.count > 1 ? " ± " + shown(s.deviation, percent) : "") + (percent ? " %" : "");
  if (s.count > 1) out.range = shown(s.low, percent) + ".." + shown(s.high, percent);
  if (is_base) return out.difference = out.wins = "-", out;
  std::vector<double> a, b;
  for (std::size_t i = 0; i < std::min(values.size(), base.size()); ++i)
    if (std::isfinite(values[i]) && std::isfinite(base[i])) a.push_back(values[i]), b.push_back(base[i]);
  const Paired p = paired(a, b);
  if (p.count == 0) return out;
  out.difference = with_sign(p.mean, percent);
  if (p.count > 1) out.difference += cat("  [", with_sign(p.low, percent), ", ", with_sign(p.high, percent), "]", p.significant() ? "" : "  n.s.");
  out.wins = cat(p.greater, "/", p.smaller);
  return out;
}
}  // namespace

namespace {
MetricTableView table(const RunInfo& info, const std::vector<TrialResult>& results, const Quantity& q, std::int64_t rows) {
  const bool percent = !q.loss && info.metric_percent[q.metric], several = info.variants.size() > 1;
  const double scale = percent ? 100 : 1;
  MetricTableView view;
  view.metric = cat(q.test ? "test_" : "val_", q.loss ? "loss" : info.metrics[q.metric]);
  view.header_and_rows.push_back({"variant", "runs", view.metric + " @last", "min..max", several ? cat("paired vs ", printable(info.against), ", 95% CI") : "",
                                  several ? "win/loss" : ""});
  const auto base = last_values(results, info.against, q, scale);
  bool spread = false;
  for (const auto& variant : info.variants) {
    const auto values = last_values(results, variant, q, scale);
    spread |= finite(values).size() > 1;
    view.header_and_rows.push_back(row(variant, values, base, !several || variant == info.against, percent));
  }
  if (!several)
    for (auto& r : view.header_and_rows) r.difference = r.wins = "";
  if (!spread)
    for (auto& r : view.header_and_rows) r.range = "";
  if (spread) view.footnote = "± is the sample standard deviation over seeds (n-1)";
  if (percent) view.footnote += cat(spread ? "; " : "", "1 row = ", fixed(100.0 / static_cast<double>(rows), 2), " %");
  return view;
}
}  // namespace

std::vector<MetricTableView> tables(const RunInfo& info, const std::vector<TrialResult>& results) {
  std::int64_t test_rows = 0;
  for (const auto& r : results) test_rows = std::max(test_rows, r.test_rows);
  std::vector<MetricTableView> out;
  for (const bool test : {false, true})
    for (std::size_t m = 0; m < std::max<std::size_t>(info.metrics.size(), 1); ++m)
      if (const std::int64_t rows = test ? test_rows : info.validation_rows; rows > 0)
        out.push_back(table(info, results, {test, m, info.metrics.empty()}, rows));
  return out;
}

namespace {
std::array<std::string, 6> cells(const TableRow& r) { return {r.variant, r.runs, r.value, r.range, r.difference, r.wins}; }
}  // namespace

std::string render(const MetricTableView& table, std::size_t columns) {
  std::array<std::size_t, 6> widths{};
  for (const auto& r : table.header_and_rows)
    for (std::size_t i = 0; i < 6; ++i) widths[i] = std::max(widths[i], width(cells(r)[i]));
  std::array<bool, 6> shown_column{};
  std::size_t total = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    shown_column[i] = widths[i] > 0;
    if (shown_column[i]) total += widths[i] + 2;
  }
  for (const std::size_t optional : {std::size_t{3}, std::size_t{5}, std::size_t{1}})
    if (columns > 0 && total > columns + 2 && shown_column[optional]) shown_column[optional] = false, total -= widths[optional] + 2;
  std::string out;
  for (const auto& r : table.header_and_rows) {
    std::string line;
    for (std::size_t i = 0; i < 6; ++i)
      if (shown_column[i]) line += (i == 1 ? pad_left(cells(r)[i], widths[i]) : pad_right(cells(r)[i], widths[i])) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out + (table.footnote.empty() ? "" : table.footnote + "\n");
}

std::string render_markdown(const MetricTableView& table) {
  std::string out;
  bool header = true;
  for (const auto& r : table.header_and_rows) {
    out += "|";
    for (const auto& cell : cells(r)) out += " " + (cell.empty() ? std::string("-") : cell) + " |";
    out += "\n";
    if (std::exchange(header, false)) out += "|---|---:|---|---|---|---|\n";
  }
  return out + (table.footnote.empty() ? "" : "\n" + table.footnote + "\n");
}

}  // namespace lehr::report
