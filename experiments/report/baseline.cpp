#include "experiments/report/baseline.h"

#include <algorithm>
#include <cmath>

#include "base/readable.h"
#include "base/text.h"

namespace lehr::report {

std::vector<std::string> baseline_notes(const RunInfo& info, const std::vector<TrialResult>& results, const std::vector<Choice>& choices, const Quantity& q) {
  std::vector<std::string> out;
  const auto given_for = [&](const TrialInfo& trial) { return trial.baseline && trial.baseline->metric == info.metrics[*q.metric]; };
  if (!q.metric || std::ranges::none_of(info.trials, given_for)) return out;
  const double scale = percent(q, info) ? 100 : 1, sign = higher_is_better(q, info) ? 1 : -1;
  const double overlap = q.test ? info.test_share : info.validation_share;
  const auto shown = [&](double v) { return scale == 1 ? readable(v, 3) : fixed(v, 2); };
  for (const Choice& choice : choices) {
    std::vector<double> reached, given;
    for (const TrialResult* result : choice.results) {
      const TrialInfo& trial = info.trials.at(static_cast<std::size_t>(result - results.data()));
      if (!given_for(trial)) continue;
      const double own = value(*result, q), base = q.test ? trial.baseline->test : trial.baseline->validation;
      if (std::isfinite(own) && std::isfinite(base)) reached.push_back(sign * scale * own), given.push_back(sign * scale * base);
    }
    if (reached.size() < 2) continue;
    const Paired d = paired(reached, given, overlap);
    const bool worse = d.mean < -1e-9;  // not by rounding
    const std::string name = choice.variant.empty() ? "this network" : printable(choice.variant), unit = scale == 1 ? "" : " %";
    out.push_back(cat("always answering the ", info.classes.empty() ? "mean" : "most frequent class", " of the training rows has ", report::name(q, info), " ",
                      shown(sign * summary(given).mean), unit, "; ", name, " is ", worse ? "worse" : "better", " by ", shown(std::fabs(d.mean)), unit,
                      ", 95% CI [", shown(worse ? -d.high : d.low), ", ", shown(worse ? -d.low : d.high), "]",
                      d.low > 0    ? ""
                      : d.high < 0 ? ": what it learnt does not hold for other rows"
                                   : ": the two are not told apart, so these runs do not show that the columns tell of the target"));
  }
  return out;
}

}  // namespace lehr::report
