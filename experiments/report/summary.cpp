#include "experiments/report/summary.h"

#include <cmath>
#include <limits>
#include <set>

#include "experiments/report/table.h"

namespace lehr::report {

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::vector<Final> finals(const TrialResult& r) {
  std::vector<Final> out;
  if (r.epochs.empty()) return out;
  const EpochRecord& last = r.epochs.back();
  constexpr double none = std::numeric_limits<double>::quiet_NaN();
  const auto loss = [&](const char* name, double value, std::optional<std::int64_t> rows = {}) { out.push_back({name, value, none, rows, nullptr}); };
  const auto measured = [&](const std::string& prefix, const std::vector<Measured>& values) {
    for (std::size_t m = 0; m < values.size(); ++m)
      out.push_back({prefix + r.metrics.at(m), values[m].value, values[m].uncertainty, values[m].count, values[m].undefined});
  };
  const std::optional<std::int64_t> validation = last.val.empty() ? std::nullopt : std::optional(last.val.front().count);
  loss("loss", last.loss);
  if (last.evaluated) loss("val_loss", last.val_loss, validation);
  measured("val_", last.val);
  if (last.average_loss) loss("avg_val_loss", *last.average_loss, validation);
  measured("avg_val_", last.average);
  if (r.average_test_loss) loss("avg_test_loss", *r.average_test_loss, r.test_rows);
  measured("avg_test_", r.average_test);
  if (r.test_rows > 0) loss("test_loss", r.test_loss, r.test_rows);
  measured("test_", r.test);
  return out;
}

namespace {
std::string cell(double v) { return std::isnan(v) ? std::string() : number(v); }

// A column for each key of an axis between variant and seed: swept ones, the fold.
std::string axes_header(const RunInfo& info) {
  std::string out;
  for (const Axis& axis : info.axes.all)
    if (axis.role == Axis::Role::point || axis.role == Axis::Role::fold)
      for (const auto& key : axis.keys) out += "," + csv_cell(key);
  return out;
}
std::string axes_cells(const RunInfo& info, const TrialInfo& trial) {
  std::string out;
  for (const Axis::Role role : {Axis::Role::point, Axis::Role::fold})
    if (const Axis::Level* level = info.axes.level(trial.levels, role))
      for (const auto& value : level->values) out += "," + csv_cell(value);
  return out;
}
}  // namespace

std::string summary_csv(const RunInfo& info, const std::vector<TrialResult>& results) {
  const bool swept = !info.axes.swept().empty();
  std::set<const TrialResult*> chosen;
  if (swept) {
    const auto all = cells(info, results);
    for (const Choice& choice : choose(info, all))
      if (choice.any()) chosen.insert(choice.results.begin(), choice.results.end());
  }
  std::string out = cat("trial,variant", axes_header(info), ",seed", swept ? ",chosen" : "", ",status,epoch,quantity,value,uncertainty,count\n");
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TrialResult& r = results[i];
    const std::string head = cat(csv_cell(r.id), ",", csv_cell(info.axes.variant(info.trials[i].levels)), axes_cells(info, info.trials[i]), ",", r.seed,
                                 !swept                ? ""
                                 : chosen.contains(&r) ? ",yes"
                                                       : ",no",
                                 ",", name(r.outcome), ",", r.epochs.empty() ? 0 : r.epochs.back().epoch, ",");
    if (r.epochs.empty()) out += head + "none,,,\n";
    for (const Final& f : finals(r)) {
      out += cat(head, f.quantity, ",", cell(f.value), ",", cell(f.uncertainty), ",");
      out += f.count ? cat(*f.count, "\n") : "\n";
    }
  }
  return out;
}

std::string summary_md(const RunInfo& info, const std::vector<TrialResult>& results, const std::vector<Pooled>& pooled) {
  std::string out = cat("# ", info.name, "\n\n", info.data_line, "\n\n", info.plan_line, "\n");
  for (const auto& table : tables(info, results, pooled)) out += cat("\n## ", table.quantity, "\n\n", render_markdown(table));
  for (const auto& table : point_tables(info, results)) out += cat("\n## Every point: ", table.quantity, "\n\n", render_markdown(table));
  std::string notes;
  for (const TrialResult& r : results) {
    if (!r.message.empty()) notes += cat("- ", printable(r.id), ": ", name(r.outcome), ": ", printable(r.message), "\n");
    for (const std::string& note : r.notes) notes += cat("- ", printable(r.id), ": ", printable(note), "\n");
  }
  return notes.empty() ? out : cat(out, "\n## Notes\n\n", notes);
}

}  // namespace lehr::report
