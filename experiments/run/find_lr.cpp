#include "experiments/run/find_lr.h"
#include "experiments/run/job.h"

#include <algorithm>
#include <cmath>

namespace lehr::run {

namespace {
constexpr double decay = 0.9, too_much = 4;

std::vector<double> smoothed(const std::vector<double>& losses) {
  std::vector<double> out;
  double mean = 0, weight = 0;
  for (const double loss : losses) {
    mean = decay * mean + (1 - decay) * loss, weight = decay * weight + (1 - decay);
    out.push_back(mean / weight);
  }
  return out;
}

// First and last of the longest falling subsequence; of several the one that begins last.
std::pair<std::size_t, std::size_t> longest_fall(const std::vector<double>& v, std::size_t count) {
  std::vector<std::size_t> length(count, 1), first(count);
  std::size_t end = 0;
  for (std::size_t i = 0; i < count; ++i) {
    first[i] = i;
    for (std::size_t j = 0; j < i; ++j)
      if (v[i] < v[j] - 1e-9 * std::fabs(v[j]) && length[j] + 1 >= length[i]) length[i] = length[j] + 1, first[i] = first[j];
    if (length[i] > length[end]) end = i;
  }
  return {first[end], end};
}
}  // namespace

void suggest(RangeResult& r) {
  r.smooth = smoothed(r.losses);
  r.steepest.reset(), r.valley.reset(), r.tenth.reset();
  std::size_t count = 0;  // up to where the losses are numbers
  while (count < r.smooth.size() && std::isfinite(r.smooth[count])) ++count;
  if (count < 3) return;
  const auto lowest = static_cast<std::size_t>(std::min_element(r.smooth.begin(), r.smooth.begin() + static_cast<std::ptrdiff_t>(count)) - r.smooth.begin());
  if (lowest == 0) return;
  r.tenth = r.rates[lowest] / 10;
  double fall = 0;
  const std::size_t reach = std::max<std::size_t>(1, count / 20);  // over a tenth of the updates, and not where the mean has not settled
  for (std::size_t i = std::max(reach, count / 10); i + reach < count && i <= lowest; ++i)
    if (const double slope = (r.smooth[i + reach] - r.smooth[i - reach]) / std::log(r.rates[i + reach] / r.rates[i - reach]); slope < fall)
      fall = slope, r.steepest = r.rates[i];
  const auto [first, last] = longest_fall(r.smooth, count);
  if (last > first) r.valley = r.rates[(first + last) / 2];
}

RangeResult find_lr(Workbench& bench, const TrialJob& trial, const RangeTest& test) {
  const Weights& w = bench.weights();
  const std::vector<float> values(w.values().begin(), w.values().end()), state(w.state().begin(), w.state().end());
  RangeResult out;
  const double growth = test.updates > 1 ? std::log(test.to / test.from) / static_cast<double>(test.updates - 1) : 0;
  const auto rate = [&](std::int64_t step) { return test.from * std::exp(growth * static_cast<double>(step)); };
  Job job = trial.job;
  job.hypers["lr"] = parse_schedule(cat(number(test.from), " * exp(", number(growth), " * step)"));
  job.metrics.clear(), job.average.reset();
  job.epochs = (test.updates + run_clock(bench.sizes(), 1).steps_per_epoch - 1) / run_clock(bench.sizes(), 1).steps_per_epoch;
  job.evaluate_every = job.epochs + 1;
  double mean = 0, weight = 0, lowest = std::numeric_limits<double>::infinity();
  struct Ending : Observer {
    std::function<bool(std::int64_t, double)> ends;
    bool enough(std::int64_t step, double loss) override { return ends(step, loss); }
  } observer;
  job.observer = &observer;
  observer.ends = [&](std::int64_t step, double loss) {
    out.rates.push_back(rate(step));
    out.losses.push_back(loss);
    mean = decay * mean + (1 - decay) * loss, weight = decay * weight + (1 - decay);
    const double smooth = mean / weight;
    lowest = std::min(lowest, smooth);
    out.blew_up = !std::isfinite(loss) || (smooth > too_much * std::fabs(lowest) && step > 0);
    return out.blew_up || step + 1 >= test.updates;
  };
  train(bench, job);
  std::ranges::copy(values, w.values().begin());
  std::ranges::copy(state, w.state().begin());
  suggest(out);
  return out;
}

}  // namespace lehr::run
