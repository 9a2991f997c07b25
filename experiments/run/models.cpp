#include "experiments/run/models.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/train/checkpoint.h"
#include "experiments/report/compare.h"
#include "experiments/run/exported.h"

namespace lehr::run {

const char* name(Which which) { return which == Which::last ? "last" : which == Which::best ? "best" : "average"; }

namespace {
using Keep = spec::Experiment::KeepModels;

bool trained(const TrialResult& r) { return r.outcome != Outcome::failed && !r.epochs.empty(); }

// The validation loss of the weights, where it was measured with them.
std::optional<double> reported(const TrialResult& r, Which which) {
  if (r.epochs.empty()) return std::nullopt;
  const EpochRecord& last = r.epochs.back();
  if (which == Which::best) return r.best_val_loss;
  if (which == Which::average) return last.average_loss;
  if (!last.evaluated || r.outcome == Outcome::failed || r.outcome == Outcome::interrupted) return std::nullopt;
  const bool others = std::ranges::any_of(last.events, [&](const FollowEvent& e) { return !e.restored.empty() && e.step >= last.step; });
  return others ? std::nullopt : std::optional(last.val_loss);
}
}  // namespace

std::vector<std::size_t> kept(const PreparedStudy& p, const std::vector<TrialResult>& results) {
  Keep keep = p.study.trials.front().experiment().keep_models;
  constexpr std::size_t few = 10;
  if (keep == Keep::automatic) keep = results.size() <= few ? Keep::all : Keep::best;
  std::vector<std::size_t> out;
  if (keep == Keep::none) return out;
  if (keep == Keep::all) {
    for (std::size_t i = 0; i < results.size(); ++i)
      if (trained(results[i])) out.push_back(i);
    return out;
  }
  const auto quantity = report::selecting(p.info);
  const bool higher = report::higher_is_better(quantity, p.info);
  const auto cells = report::cells(p.info, results);
  for (const report::Choice& choice : report::choose(p.info, cells)) {
    const TrialResult* best = nullptr;
    for (const TrialResult* r : choice.results) {
      if (!trained(*r)) continue;
      if (keep == Keep::chosen) {
        out.push_back(static_cast<std::size_t>(r - results.data()));
        continue;
      }
      const auto worth = [&](const TrialResult& of) {
        const double v = report::value(of, quantity);
        return std::isnan(v) ? -HUGE_VAL : higher ? v : -v;
      };
      if (!best || worth(*r) > worth(*best)) best = r;
    }
    if (best) out.push_back(static_cast<std::size_t>(best - results.data()));
  }
  std::ranges::sort(out);
  return out;
}

void write_model(const Parts& parts, Workspace::Place& place, TrialResult& result, const Saved& saved, double given_threshold, Which which, const std::string& file,
                 const ModelFiles& files) {
  const Weights& w = place.bench.weights();
  const std::string& from = which == Which::best ? saved.best : which == Which::average ? saved.average : saved.point.empty() ? saved.state : saved.point;
  if (from.empty())
    throw Error("the trial ", quote(result.id), which == Which::best ? " has no best epoch: it never evaluated one" : " keeps no average of its weights");
  if (which == Which::last && saved.point.empty()) read_safetensors(from, w);
  else read_weights(from, w);
  const std::optional<double> chosen = which == Which::best ? saved.threshold : which == Which::average ? result.average_threshold : result.threshold;
  const std::string threshold = chosen || given_threshold != 0.5 ? threshold_entry(chosen.value_or(given_threshold)) : "";
  auto written = export_model(parts, w);
  Measure measure = place.verifier.measure(parts, place.bench, result.epochs.empty() ? 0 : result.epochs.back().samples, reported(result, which));
  measure.behind = threshold;
  // External data keep their names, so a model that has some lies in a folder of its own.
  const std::string folder = written.files.empty() ? "" : file.substr(0, file.size() - std::string_view(".onnx").size()) + "/";
  const std::string model = written.files.empty() ? file : folder + name(which) + ".onnx";
  for (const auto& [data, content] : written.files) files.put(folder + data, content);
  const auto path = files.put(model, written.model + threshold);
  try {
    place.verifier.check(path, parts, place.bench, measure);
    if (!measure.note.empty()) result.notes.push_back(cat(model, " ", measure.note));
  } catch (const Error& error) {
    files.remove(model);
    for (const auto& [data, content] : written.files) files.remove(folder + data);
    throw Error("the model written to ", model, " was read back and removed: ", error.what()).code(Exit::failed);
  }
}

void write_models(const PreparedStudy& p, std::vector<TrialResult>& results, store::RunFolder& folder,
                  const std::vector<report::Reporter*>& reporters) {
  std::vector<std::string> written;
  const ModelFiles files{[&](const std::string& name, const std::string& content) {
                           written.push_back(name);
                           return folder.model(name, content);
                         },
                         [&](const std::string& name) { folder.remove_model(name); }};
  const auto trials = kept(p, results);
  std::set<std::string> preparations;
  for (const std::size_t i : trials) preparations.insert(p.parts[i]->data->preprocess.json());
  std::vector<std::string> names;
  if (preparations.size() == 1) names.push_back("preprocess.json");
  const auto file_of = [&](std::size_t i, Which which) { return cat(results[i].id, which == Which::last ? "" : cat(".", name(which)), ".onnx"); };
  for (const std::size_t i : trials)
    for (const Which which : {Which::last, Which::best, Which::average}) names.push_back(file_of(i, which));
  folder.announce(names);
  if (preparations.size() == 1) files.put("preprocess.json", *preparations.begin());
  for (const std::size_t i : trials) {
    const auto saved = folder.saved(i);
    if (!saved) continue;
    const Parts& parts = *p.parts[i];
    TrialResult& result = results[i];
    const std::size_t notes = result.notes.size();
    const Outcome before = result.outcome;
    if (preparations.size() > 1) files.put(result.id + ".preprocess.json", parts.data->preprocess.json());
    for (const Which which : {Which::last, Which::best, Which::average}) {
      if (which == Which::best && saved->best.empty()) continue;
      if (which == Which::average && saved->average.empty()) continue;
      try {
        write_model(parts, p.workspace->at(0, parts), result, *saved, p.study.trials[i].experiment().threshold, which,
                    file_of(i, which), files);
      } catch (const Error& error) {
        result.message += cat(result.message.empty() ? "" : "\n", error.what());
        result.outcome = Outcome::failed;
      }
    }
    for (auto* r : reporters) {
      for (std::size_t n = notes; n < result.notes.size(); ++n) r->noted(p.info.trials[i], result.notes[n]);
      if (result.outcome != before) r->noted(p.info.trials[i], "failed: " + result.message);
    }
    if (result.outcome != before || result.notes.size() != notes) folder.trial_finished(p.info.trials[i], result);
  }
  folder.keep_models(written);
}

}  // namespace lehr::run
