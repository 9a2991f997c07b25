#include <algorithm>
#include <cmath>
#include <limits>

#include "experiments/spec/experiment.h"

namespace lehr::spec {

namespace {
struct Range {
  double low = 0, high = std::numeric_limits<double>::infinity();
};
Range range_of(const std::string& hyper, const Experiment& experiment, const Vocabulary& vocabulary) {
  if (const auto row = vocabulary.optimizers.find(experiment.optimizer.type); row != vocabulary.optimizers.end())
    for (const auto& known : row->second.hypers)
      if (known.name == hyper) return {known.low, known.high};
  return {-std::numeric_limits<double>::infinity(), std::numeric_limits<double>::infinity()};
}
}  // namespace

std::vector<ScheduleProblem> check_schedules(const Experiment& experiment, const Clock& clock, const Vocabulary& vocabulary) {
  std::vector<ScheduleProblem> out;
  const auto add = [&](const std::string& key, bool error, const std::string& what) {
    out.push_back({error, key, experiment.located(key, cat(error ? "" : "warning: ", printable(key), ": ", what))});
  };
  const bool driven = std::ranges::any_of(experiment.optimizer.hypers, [](const auto& hyper) {
    return (hyper.first == "momentum" || hyper.first == "beta1") && !hyper.second.constant();
  });
  const auto check = [&](const std::string& key, const Controlled& schedule, Range range) {
    for (const auto& finding : schedule.check(clock, range.low, range.high))
      if (!driven || finding.about != Schedule::Finding::About::momentum) add(key, finding.error, finding.what);
  };
  for (const auto& [name, schedule] : experiment.optimizer.hypers) check("optimizer." + name, schedule, range_of(name, experiment, vocabulary));
  if (const auto lr = experiment.optimizer.hypers.find("lr"); lr != experiment.optimizer.hypers.end() && lr->second.constant() && lr->second.at(clock) == 0)
    add("optimizer.lr", false, "it is 0: nothing is trained");
  for (const ParamRule& rule : experiment.params)
    for (const auto& [name, schedule] : rule.hypers) check("params." + rule.pattern + "." + name, schedule, range_of(name, experiment, vocabulary));
  for (const auto& [key, quantity] : experiment.quantities) check(key, quantity, key == "dropout" ? Range{0, std::nextafter(1.0, 0.0)} : Range{});
  if (experiment.average)
    for (const auto& [name, span] : experiment.average->moments)
      if (name == "start" && span.steps(clock) > static_cast<double>(clock.steps))
        add("average.start", true, cat(span.text(), " lie beyond the run of ", clock.epochs, " epochs (", clock.steps, " steps): nothing would be averaged"));
  const auto steps = static_cast<double>(clock.steps);
  const auto never = [&](const char* key, const Span& span) {
    add(key, false, cat(span.text(), " are the whole run of ", clock.epochs, " epochs (", clock.steps, " steps) or more: it never stops early"));
  };
  if (const auto& early = experiment.early_stop) {
    if (early->start && early->start->steps(clock) > steps) never("early_stop.start", *early->start);
    else if (early->patience.steps(clock) >= steps) never("early_stop.patience", early->patience);
  }
  if (static_cast<double>(experiment.max_steps) > steps) add("max_steps", false, cat("the run has ", clock.steps, " steps: it ends before"));
  if (experiment.batch.schedule) check("batch.size", *experiment.batch.schedule, {1, static_cast<double>(clock.samples_per_epoch)});
  return out;
}

}  // namespace lehr::spec
