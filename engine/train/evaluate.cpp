#include "engine/train/evaluate.h"

#include <algorithm>
#include <cmath>

namespace lehr {

Scorer::Scorer(const Job& job, std::int64_t width, std::int64_t most_rows, std::int64_t batch)
    : job_(job), threshold_(job.threshold), most_rows_(most_rows) {
  const auto rows = static_cast<std::size_t>(batch);
  classes_.resize(rows);
  values_.resize(rows * static_cast<std::size_t>(job.data->target.width()));
  if (!job.data->target_scaling.empty()) unscaled_.resize(rows * static_cast<std::size_t>(width));
  for (const std::string& name : job.metrics) {
    metrics_.push_back(make_metric(name, static_cast<std::int64_t>(job.data->classes.size())));
    metrics_.back()->reserve(most_rows, width);
  }
  merit_ = job.metrics.empty() || job.best_by == "val_loss" ? -1 : 0;
  for (std::size_t i = 0; i < job.metrics.size(); ++i)
    if (job.best_by == "val_" + job.metrics[i]) merit_ = static_cast<int>(i);
}

void Scorer::reset() {
  for (auto& metric : metrics_) metric->reset();
  if (search_) search_->reset();
}

void Scorer::fields(Archive& a) {
  for (auto& metric : metrics_) metric->fields(a);
}

const Tally* Scorer::tally() const {
  for (const auto& metric : metrics_)
    if (const Tally* tally = metric->tally()) return tally;
  return nullptr;
}

void Scorer::search() {
  if (job_.threshold_metric.empty()) return;
  search_.emplace(job_.threshold_metric);
  search_->reserve(most_rows_);
}

namespace {
// Back into the target's own unit, column by column.
void unscale(const Dataset::TargetScaling& by, std::span<const float> from, std::span<float> to) {
  const std::size_t width = by.shift.size();
  for (std::size_t i = 0; i < from.size(); ++i)
    to[i] = static_cast<float>(static_cast<double>(from[i]) / by.scale[i % width] + by.shift[i % width]);
}
}  // namespace

void Scorer::add(std::span<const float> scores, std::span<const std::int32_t> rows) {
  if (!metrics_.empty() || search_) add(scores, rows, *job_.data);
}

void Scorer::add(std::span<const float> scores, std::span<const std::int32_t> rows, const Dataset& data) {
  const auto n = static_cast<std::int64_t>(rows.size());
  const bool classes = !data.classes.empty();
  Scored batch{scores, n, static_cast<std::int64_t>(scores.size()) / n, job_.model->logits, {}, {}, job_.model->binary && !classes, threshold_};
  const Field& target = data.target;
  if (classes) {
    const std::span out(classes_.data(), rows.size());
    gather(target, rows, out);
    batch.classes = out;
  } else {
    const std::span out(values_.data(), rows.size() * static_cast<std::size_t>(target.width()));
    gather(target, rows, out);
    batch.values = out;
    if (!unscaled_.empty()) {
      const std::span own(unscaled_.data(), scores.size());
      unscale(data.target_scaling, scores, own);
      unscale(data.target_scaling, out, out);
      batch.output = own;
    }
  }
  for (auto& metric : metrics_) metric->add(batch);
  if (search_) search_->add(batch);
}

void Scorer::measured(std::vector<Measured>& out) const {
  out.clear();
  for (const auto& metric : metrics_) out.push_back(metric->value());
}

double Scorer::merit(double loss, const std::vector<Measured>& values) const {
  if (merit_ < 0) return -loss;
  const auto i = static_cast<std::size_t>(merit_);
  return metrics_[i]->higher_is_better() ? values[i].value : -values[i].value;
}

Evaluator::Evaluator(Workbench& bench, const Job& job, std::span<const std::int32_t> rows)
    : Evaluator([&](std::int64_t n) -> Plan& { return bench.evaluate(n); }, bench.evaluation_batch(), *job.model, *job.data, job.counts, rows) {}

Evaluator::Evaluator(const std::function<Plan&(std::int64_t)>& plan, std::int64_t batch, const TrainGraph& model, const Dataset& data,
                     const Counts* counts, std::span<const std::int32_t> rows)
    : scores_(model.scores) {
  const Counts all;
  if (!counts) counts = &all;
  for (std::size_t at = 0; at < rows.size();) {
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(batch), rows.size() - at);
    Plan& of_count = plan(static_cast<std::int64_t>(count));
    const auto chosen = rows.subspan(at, count);
    batches_.push_back({{&of_count, Feed(of_count, data, model.target, model.weights, counts->fed())}, chosen, counts->sum(chosen)});
    at += count;
  }
}

Evaluation Evaluator::run(Scorer& scorer, std::vector<Measured>& out, Observer* observer, std::vector<float>* predicted) const {
  scorer.reset();
  const Evaluation mean = this->mean(&scorer, observer, predicted);
  if (mean.finite && !mean.stopped) scorer.measured(out);
  return mean;
}

double Evaluator::loss() const { return mean(nullptr, nullptr, nullptr).loss; }

Evaluation Evaluator::mean(Scorer* scorer, Observer* observer, std::vector<float>* predicted) const {
  double loss = 0, counted = 0;
  if (predicted) predicted->clear();
  for (const Batch& batch : batches_) {
    if (observer && observer->stopping()) return {loss, true, {}, true};
    batch.fed.feed.fill(batch.rows);
    batch.fed.plan->forward();
    loss += static_cast<double>(batch.fed.plan->loss()) * batch.counted;
    counted += batch.counted;
    if (predicted) std::ranges::copy(batch.fed.plan->output_f32(scores_), std::back_inserter(*predicted));
    if (!scorer) continue;
    const std::span<const float> scores = batch.fed.plan->output_f32(scores_);
    if (!std::isfinite(loss) || !all_finite(scores)) return {loss / counted, false, batch.fed.plan->first_bad()};
    scorer->add(scores, batch.rows);
  }
  return {loss / counted};
}

// A batch moves a state to m state + (1 - m) statistic: one from 0 then holds (1 - m) statistic, and one from 1 also m.
void retake_statistics(std::span<float> state, const Dealer& dealer, std::span<const std::int32_t> all) {
  const std::vector<float> before(state.begin(), state.end());
  std::vector<double> sum(state.size(), 0), share(state.size(), 0);  // share: 1 - m
  double rows = 0;
  const auto run = [&](std::span<const std::int32_t> chosen, float from) {
    std::ranges::fill(state, from);
    Plan& plan = dealer.deal(chosen);
    plan.dropout(0);
    plan.forward();
  };
  for (std::size_t at = 0; at < all.size();) {
    const auto& sizes = dealer.sizes();
    const auto fits = std::find_if(sizes.rbegin(), sizes.rend(), [&](std::int64_t size) { return static_cast<std::size_t>(size) <= all.size() - at; });
    if (fits == sizes.rend()) break;  // fewer rows than any batch has
    const auto chosen = all.subspan(at, static_cast<std::size_t>(*fits));
    if (at == 0) {
      run(chosen, 1);
      std::ranges::copy(state, share.begin());
    }
    run(chosen, 0);
    const auto weight = static_cast<double>(chosen.size());
    for (std::size_t i = 0; i < state.size(); ++i) {
      if (at == 0) share[i] = 1 - (share[i] - static_cast<double>(state[i]));
      sum[i] += weight * static_cast<double>(state[i]);
    }
    rows += weight;
    at += chosen.size();
  }
  for (std::size_t i = 0; i < state.size(); ++i) state[i] = share[i] > 1e-6 ? static_cast<float>(sum[i] / rows / share[i]) : before[i];
}

}  // namespace lehr
