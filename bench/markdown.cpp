#include "bench/markdown.h"

#include <algorithm>
#include <map>
#include <ostream>

#include "base/text.h"

namespace lehr::bench {

namespace {
double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t n = values.size();
  return n == 0 ? 0 : (values[(n - 1) / 2] + values[n / 2]) / 2;
}

// Three significant digits.
std::string short_number(double value) {
  const double size = value < 0 ? -value : value;
  return fixed(value, size >= 100 || size == 0 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4);
}
}  // namespace

bool Markdown::ReportContext(const Context&) {
  GetOutputStream() << "| benchmark | median | min..max | counters |\n|---|---|---|---|\n";
  return true;
}

void Markdown::ReportRuns(const std::vector<Run>& runs) {
  std::vector<double> times;
  std::map<std::string, std::vector<double>> counters;
  std::string name, unit, label;
  for (const Run& run : runs) {
    if (run.run_type != Run::RT_Iteration) continue;
    name = run.run_name.function_name + (run.run_name.args.empty() ? "" : "/" + run.run_name.args), unit = benchmark::GetTimeUnitString(run.time_unit),
    label = run.report_label;
    if (run.iterations == 0) continue;  // ended with an error
    times.push_back(run.GetAdjustedRealTime());
    for (const auto& [key, counter] : run.counters) counters[key].push_back(counter.value);
  }
  if (name.empty()) return;
  std::string list;
  for (const auto& [key, values] : counters) list += cat(list.empty() ? "" : ", ", key, " ", short_number(median(values)));
  if (!label.empty()) list += cat(list.empty() ? "" : "; ", label);
  if (times.empty())
    GetOutputStream() << "| " << name << " | failed | | " << list << " |\n";
  else
    GetOutputStream() << "| " << name << " | " << short_number(median(times)) << " " << unit << " | " << short_number(*std::ranges::min_element(times)) << ".."
                      << short_number(*std::ranges::max_element(times)) << " | " << list << " |\n";
  GetOutputStream().flush();
}

}  // namespace lehr::bench
