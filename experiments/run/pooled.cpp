#include "experiments/run/pooled.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "engine/train/evaluate.h"
#include "experiments/report/compare.h"
#include "experiments/run/job.h"

namespace lehr::run {

namespace {
using Trials = std::vector<std::size_t>;

// The repeats of a choice that deal the same table with one seed: levels of seed and dealing, without the fold itself.
std::map<Levels, Trials> dealings(const Axes& axes, const report::RunInfo& info, const Trials& trials) {
  std::map<Levels, Trials> out;
  std::map<std::vector<std::string>, std::uint32_t> known;
  for (const std::size_t i : trials) {
    std::vector<std::string> dealing = axes.level(info.trials[i].levels, Axis::Role::fold)->values;
    dealing.pop_back();
    const auto number = known.try_emplace(dealing, static_cast<std::uint32_t>(known.size())).first->second;
    out[{number, info.trials[i].levels.back()}].push_back(i);
  }
  return out;
}

std::string name_of(const report::RunInfo& info, const std::string& variant, std::size_t trial) {
  const auto& values = info.axes.level(info.trials[trial].levels, Axis::Role::fold)->values;
  const std::string& seed = info.axes.level(info.trials[trial].levels, Axis::Role::seed)->name;
  return cat(variant, variant.empty() ? "" : "/", values.size() > 1 ? cat("repeat-", values.front(), "/") : "", seed);
}

std::optional<report::Pooled::Sample> score(const PreparedStudy& p, const std::vector<TrialResult>& results, store::RunFolder& folder, const Trials& trials) {
  report::Pooled::Sample out;
  const TrialJob made = make_job(p.study.trials[trials.front()], *p.parts[trials.front()]);
  std::size_t most = 0;
  struct Part { std::size_t trial; const std::vector<std::int32_t>* rows; std::vector<float> scores; };
  std::vector<Part> parts;
  for (const std::size_t i : trials) {
    if (results[i].outcome != Outcome::done) return std::nullopt;
    const Split& split = p.parts[i]->data->split;
    const bool tested = !split.test.empty();
    Part& part = parts.emplace_back(Part{i, tested ? &split.test : &split.validation, folder.predictions(i, tested ? "test" : "val")});
    if (part.scores.empty() || part.scores.size() % part.rows->size() != 0) return std::nullopt;
    most = std::max(most, part.rows->size());
    out.rows += static_cast<std::int64_t>(part.rows->size());
  }
  const auto width = static_cast<std::int64_t>(parts.front().scores.size() / parts.front().rows->size());
  Scorer scorer(made.job, width, out.rows, static_cast<std::int64_t>(most));
  double loss = 0, counted = 0;
  for (const Part& part : parts) {
    const TrialResult& r = results[part.trial];
    const bool tested = r.test_rows > 0;
    // A threshold that was chosen on validation rows is not for these themselves: they are measured as they are everywhere.
    scorer.decide_by(tested && r.threshold ? *r.threshold : made.job.threshold);
    scorer.add(part.scores, *part.rows, p.parts[part.trial]->data->data);
    const double counts = p.parts[part.trial]->counts.sum(*part.rows);
    loss += counts * (tested ? r.test_loss : r.epochs.back().val_loss), counted += counts;
  }
  out.loss = loss / counted;
  scorer.measured(out.metrics);
  return out;
}
}  // namespace

std::vector<report::Pooled> pooled(const PreparedStudy& p, const std::vector<TrialResult>& results, store::RunFolder& folder) {
  std::vector<report::Pooled> out;
  const Axis* folds = p.info.axes.find(Axis::Role::fold);
  if (!folds || folds->levels.size() < 2) return out;
  const auto cells = report::cells(p.info, results);
  for (const report::Choice& choice : report::choose(p.info, cells)) {
    report::Pooled& one = out.emplace_back(report::Pooled{choice.variant, {}});
    Trials trials;
    for (const TrialResult* r : choice.results) trials.push_back(static_cast<std::size_t>(r - results.data()));
    for (const auto& [dealing, own] : dealings(p.info.axes, p.info, trials))
      if (auto sample = score(p, results, folder, own)) {
        sample->trial = name_of(p.info, choice.variant, own.front());
        one.samples.push_back(std::move(*sample));
      }
  }
  return out;
}

}  // namespace lehr::run
