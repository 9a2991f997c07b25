#include "experiments/run/job.h"

#include <algorithm>
#include <cmath>

#include "experiments/run/faults.h"
#include "graph/traits/traits.h"

namespace lehr::run {

namespace {
// Weights that `init` draws anew, all of them, are no start.
void check_start(const spec::Experiment& e, const ModelParts& model) {
  const auto drawn = [&](const std::string& name) { return std::ranges::any_of(e.model.init, [&](const auto& rule) { return matches(rule.first, name); }); };
  if (model.taken.empty() || !std::ranges::all_of(model.taken, drawn)) return;
  throw Error(e.located("model.init", cat("model.init draws every one of the ", model.taken.size(),
                                          " tensors that model.weights gives: name the patterns that are to be new, or leave init "
                                          "out (init: null takes away what stands in an outer layer)")));
}

void set_threshold(const spec::Experiment& e, const Parts& parts, Job& job, KeyFaults& faults) {
  job.threshold = e.threshold, job.threshold_metric = e.threshold_metric;
  const bool chosen = !e.threshold_metric.empty();
  if (e.threshold == 0.5 && !chosen) return;
  const std::size_t classes = parts.data->data.classes.size();
  if (classes != 2 && (chosen || !parts.model->train.binary))
    faults.add("threshold", cat("a threshold decides between two classes, ", classes == 0 ? "the target is a number" : cat("there are ", classes)));
  else if (chosen && parts.counts.sum(parts.data->split.validation) == 0)
    faults.add("threshold", "threshold.metric needs validation rows that count: data.split.validation");
}

void set_control(const spec::Experiment& e, const Parts& parts, Job& job) {
  job.max_steps = e.max_steps;
  job.divergence = {e.on_divergence.skip, e.on_divergence.times, e.on_divergence.lr_scale};
  if (!e.early_stop) return;
  const spec::EarlyStopSpec& given = *e.early_stop;
  const Clock clock = run_clock(parts.sizes, e.epochs);
  const auto epochs = [&](const Span& span) { return std::ceil(span.steps(clock) / static_cast<double>(clock.steps_per_epoch)); };
  EarlyStop& out = job.early_stop.emplace();
  out.on = given.on;
  const bool validation = given.on.starts_with("val_");
  const std::string name = validation ? given.on.substr(4) : given.on;
  out.higher = name != "loss" && make_metric(name, static_cast<std::int64_t>(parts.data->data.classes.size()))->higher_is_better();
  const double every = validation ? static_cast<double>(e.evaluate_every) : 1;
  const auto whole = [](double value) { return static_cast<std::int64_t>(std::min(value, 1e15)); };
  out.patience = whole(std::ceil(epochs(given.patience) / every));
  if (given.start) out.start = whole(epochs(*given.start));
  out.min_delta = given.min_delta;
  out.restore = given.restores ? EarlyStop::Restore::best : EarlyStop::Restore::none;
  out.form = given.lightning ? EarlyStop::Form::lightning : EarlyStop::Form::keras;
}
}  // namespace

TrialJob make_job(const spec::Trial& trial, const Parts& parts) {
  const spec::Experiment& e = trial.experiment();
  TrialJob out;
  out.optimizer = standard_optimizers().find(e.optimizer.type).make(e.optimizer.options);
  Job& job = out.job;
  job.model = &parts.model->train;
  job.data = &parts.data->data;
  job.split = &parts.data->split;
  job.counts = &parts.counts;
  job.optimizer = out.optimizer.get();
  for (const auto& [name, schedule] : e.optimizer.hypers) job.hypers[name] = schedule.clone();
  std::vector<std::string> names;
  for (const Value& v : parts.model->train.graph.values())
    if (v.role == Role::parameter) names.push_back(v.name);
  KeyFaults faults(e);
  const auto check = [&](const char* key, const std::string& pattern) {
    if (std::ranges::none_of(names, [&](const std::string& n) { return matches(pattern, n); }))
      faults.add(key + pattern,
                 cat("pattern ", quote(pattern), " matches no parameter", did_you_mean(pattern, names), " (parameters: ", join(names, ", "), ")"));
  };
  for (const auto& rule : e.params) {
    if (rule.freeze || (rule.role && !rule.lr_scale && rule.hypers.empty())) continue;
    check("params.", rule.pattern);
    HyperRule r;
    r.pattern = rule.pattern;
    r.lr_scale = rule.lr_scale.value_or(1);
    for (const auto& [name, schedule] : rule.hypers) r.hypers[name] = schedule.clone();
    job.rules.push_back(std::move(r));
  }
  for (const auto& [key, quantity] : e.quantities) job.quantities.emplace(key, quantity.clone());
  job.clip_form = e.clip_form;
  job.clip_epsilon = e.clip_epsilon;
  if (e.average) {
    job.average = AverageRule{e.average->type, e.average->options, e.average->numbers};
    const Clock clock = run_clock(parts.sizes, e.epochs);
    for (const auto& [name, span] : e.average->moments) job.average->numbers[name] = std::max(1.0, std::round(span.steps(clock)));
  }
  if (const auto& nodes = parts.model->train.graph.nodes();
      e.quantities.contains("dropout") && std::ranges::none_of(nodes, [](const Node& node) { return traits(node).drops_out; }))
    faults.add("dropout", cat(e.model.written(), " has no Dropout: there is no ratio to set", e.model.mlp ? "; model.mlp.dropout puts some in" : ""));
  job.metrics = e.metrics;
  set_threshold(e, parts, job, faults);
  const auto classes = static_cast<std::int64_t>(parts.data->data.classes.size());
  for (const std::string& metric : e.metrics) {
    if (const std::string why = misfit(metric, targets_of(classes > 0, e.loss.kind == LossKind::binary_cross_entropy)); !why.empty()) {
      faults.add("metrics", why);
      continue;
    }
    try {
      make_metric(metric, classes);
    } catch (const Error& error) {
      faults.add("metrics", error.sentence());
    }
  }
  job.epochs = e.epochs;
  job.evaluate_every = e.evaluate_every;
  job.seed = trial.seed;
  job.shuffle = e.batch.shuffle;
  for (const std::string& name : parts.model->fresh)
    if (std::ranges::find(names, name) != names.end()) out.init.push_back({name, "glorot_uniform", true});
  check_start(e, *parts.model);
  for (const auto& [pattern, kind] : e.model.init) {
    try {
      check_init(kind);
    } catch (const Error& error) {
      faults.add("model.init." + pattern, error.sentence());
    }
    check("model.init.", pattern);
    out.init.push_back({pattern, kind});
  }
  faults.raise();
  set_control(e, parts, job);
  return out;
}

}  // namespace lehr::run
