#include "experiments/run/keys.h"

#include <algorithm>

namespace lehr::run {

DataKey data_key(const spec::Experiment& e, const Wants& wants) {
  DataKey key{e.data, wants.labels, e.loss.ignore_index};
  key.data.file_as_written.clear();
  key.data.test_file_as_written.clear();
  key.data.table.classify = loss_row(e.loss.kind).classifies() && e.data.table.targets.size() == 1 && !e.data.table.target_inputs;
  key.data.arrays.labels = loss_row(e.loss.kind).target == TargetKind::binary;
  key.data.table.integer_inputs = wants.integer_inputs;
  return key;
}

ModelKey model_key(const spec::Experiment& e, std::optional<MlpWidths> widths, bool weighted) {
  ModelKey key{e.model, e.loss, {}, {}, widths};
  key.loss.weighted = weighted;
  key.loss.ignore_index.reset();  // the data have it: DataKey::ignored
  if (!weights_by_loss(e.loss)) key.loss.class_weights.clear(), key.loss.balanced = false;  // fed row by row: Counts
  key.model.file_as_written.clear();
  key.model.weights_as_written.clear();
  key.model.init.clear();                // new values go into a worker's weights, trial by trial
  key.model.batch_statistics = true;     // of the plans: PlanSizes
  key.model.running_variance.reset();
  for (const auto& rule : e.params) {
    if (rule.freeze) key.freeze.push_back(rule.pattern);
    if (rule.role) key.roles.push_back({rule.pattern, *rule.role});
  }
  return key;
}

PlanSizes plan_sizes(const spec::Experiment& e) {
  PlanSizes sizes;
  sizes.batch = e.batch.size;
  if (e.batch.schedule) sizes.growth = PlanSizes::Growth{e.batch.schedule->clone(), e.epochs};
  sizes.keep_last = e.batch.keep_last;
  sizes.accumulate = e.accumulate;
  sizes.batch_statistics = e.model.batch_statistics;
  sizes.unbiased_variance = e.model.running_variance == spec::ModelSpec::Variance::unbiased;
  sizes.threads = std::max(1, e.threads);
  return sizes;
}

}  // namespace lehr::run
