#include "experiments/run/halving.h"

#include <algorithm>
#include <cmath>

#include "base/readable.h"
#include "experiments/report/compare.h"

namespace lehr::run {

namespace {
std::size_t left_of(std::size_t points, double factor) {
  return std::max<std::size_t>(1, static_cast<std::size_t>(std::ceil(static_cast<double>(points) / factor - 1e-9)));
}
}  // namespace

std::vector<std::int64_t> looks(const PreparedStudy& p) {
  std::vector<std::int64_t> out;
  if (!p.study.search || !p.study.search->halving) return out;
  const spec::SearchSpec& search = *p.study.search;
  const spec::Experiment& first = p.study.trials.front().experiment();
  for (const spec::Trial& trial : p.study.trials)
    if (trial.experiment().epochs != first.epochs)
      throw Error(first.located("epochs", cat("halving compares points after the same number of epochs, and epochs is ", first.epochs, " in ",
                                              printable(p.study.trials.front().id), " and ", trial.experiment().epochs, " in ", printable(trial.id))));
  const auto points = static_cast<double>(p.study.axes.count(Axis::Role::point)), epochs = static_cast<double>(first.epochs);
  double at = epochs / std::pow(search.factor, std::floor(std::log(points) / std::log(search.factor) + 1e-9));
  if (search.from) {
    const Clock clock = run_clock(p.parts.front()->sizes, first.epochs);
    at = search.from->steps(clock) / static_cast<double>(clock.steps_per_epoch);
  }
  const std::int64_t every = first.evaluate_every;
  for (at = std::max(at, 1.0); at < epochs; at *= search.factor) {
    const std::int64_t look = (static_cast<std::int64_t>(std::round(at)) + every - 1) / every * every;
    if (look < first.epochs && (out.empty() || look > out.back())) out.push_back(look);
  }
  if (out.empty() && search.from)
    throw Error(first.located("search.from", cat("search.from: all ", first.epochs, first.epochs == 1 ? " epoch is" : " epochs are",
                                                 " over when halving would look first, so it would end no point early: look sooner, or leave search out")));
  return out;
}

double halved_share(const PreparedStudy& p) {
  const std::size_t points = p.study.axes.count(Axis::Role::point);
  std::size_t left = points;
  std::int64_t before = 0;
  double epochs = 0;
  for (const std::int64_t look : p.info.looks) {
    epochs += static_cast<double>(left) * static_cast<double>(look - before);
    left = left_of(left, p.study.search->factor), before = look;
  }
  epochs += static_cast<double>(left) * static_cast<double>(p.info.epochs - before);
  return epochs / static_cast<double>(points) / static_cast<double>(p.info.epochs);
}

std::vector<Cut> cut(const PreparedStudy& p, const std::vector<TrialResult>& standing, const std::vector<bool>& there, std::int64_t epoch) {
  std::vector<Cut> out;
  const auto cells = report::cells(p.info, standing);
  const auto groups = report::choosers(p.info);
  const auto index = [&](const TrialResult* r) { return static_cast<std::size_t>(r - standing.data()); };
  for (const std::string& variant : p.info.axes.variants())
    for (const auto& group : groups) {
      std::vector<const report::Cell*> points;
      for (const report::Cell& cell : cells)
        if (cell.variant == variant && std::ranges::any_of(group, [&](std::size_t s) { return there[index(cell.results[s])]; })) points.push_back(&cell);
      points = report::ranked(p.info, std::move(points), group);
      for (std::size_t k = left_of(points.size(), p.study.search->factor); k < points.size(); ++k)
        for (const std::size_t s : group)
          if (const std::size_t i = index(points[k]->results[s]); there[i])
            out.push_back({i, cat("after epoch ", epoch, " of ", p.study.trials[i].experiment().epochs, ": number ", k + 1, " of ", points.size(), " points by ",
                                  p.info.select)});
    }
  return out;
}

}  // namespace lehr::run
