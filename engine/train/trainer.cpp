#include "engine/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "engine/train/batches.h"
#include "engine/train/clipping.h"
#include "engine/train/evaluate.h"
#include "engine/train/followers.h"
#include "engine/train/groups.h"

namespace lehr {

namespace {
const Counts every_row;

class Trainer {
 public:
  Trainer(Workbench& bench, const Job& job)
      : bench_(bench),
        job_(job),
        counts_(job.counts ? *job.counts : every_row),
        sizes_(bench.sizes()),
        batches_(sizes_, job.epochs),
        clock_(batches_.start()),
        groups_(bench.weights(), job, sizes_.threads),
        quantities_(copies(job.quantities)),
        clipping_(bench.weights(), job, quantities_),
        followers_(following(), job.metrics, !job.split->validation.empty(), clock_, {bench.weights().values(), bench.weights().state(), groups_.slots()}),
        order_(job.split->train.size()),
        good_(bench.weights().values().begin(), bench.weights().values().end()),
        good_state_(bench.weights().state().begin(), bench.weights().state().end()),
        fed_(feeds()),
        train_scores_(scorer(sizes_.train_rows)),
        scores_(scorer(std::max(sizes_.validation_rows, sizes_.test_rows))),
        validation_(bench, job, job.split->validation),
        test_(bench, job, job.split->test) {
    scores_.search();
    if (job.average) average_.emplace(job.average->type, job.average->options, job.average->numbers, bench.weights().values());
  }

  TrialResult run() {
    result_.metrics = job_.metrics;
    result_.epochs.reserve(static_cast<std::size_t>(job_.epochs));
    for (std::int64_t e = 0; e < job_.epochs && result_.outcome == Outcome::done; ++e) {
      EpochRecord record;
      try {
        if (!epoch(e, record)) break;
      } catch (const Error& error) {  // a metric that a schedule follows is not a number: what was trained stays
        result_.outcome = Outcome::failed, result_.message = error.sentence();
        break;
      }
      if (job_.stop && job_.stop->load()) result_.outcome = Outcome::interrupted, result_.message = cat("interrupted after epoch ", e + 1);
    }
    if (job_.state && result_.outcome != Outcome::diverged) keep_state();
    if (result_.outcome != Outcome::diverged) {
      if (job_.last && groups_.has_evaluation_point()) at_point(evaluation_point(), [&] { keep(*job_.last); });
      if (job_.averaged && averaging()) at_point(average_->values(), [&] { keep(*job_.averaged); });
    }
    result_.seconds = seconds();
    return std::move(result_);
  }

 private:
  static std::map<std::string, Controlled> copies(const std::map<std::string, Controlled>& given) {
    std::map<std::string, Controlled> out;
    for (const auto& [key, quantity] : given) out.emplace(key, quantity.clone());
    return out;
  }
  const Controlled* quantity(const char* key) const {
    const auto it = quantities_.find(key);
    return it == quantities_.end() ? nullptr : &it->second;
  }
  std::vector<std::pair<std::string, Controlled*>> following() {
    auto out = groups_.followers();
    for (auto& [key, quantity] : quantities_)
      if (!quantity.feedback().empty()) out.emplace_back(key, &quantity);
    return out;
  }

  std::vector<Fed> feeds() {
    std::vector<Fed> out;
    for (const std::int64_t rows : batches_.sizes()) {
      Plan& plan = bench_.train(rows);
      out.push_back({&plan, Feed(plan, *job_.data, job_.model->target, job_.model->weights, counts_.fed())});
    }
    return out;
  }
  Scorer scorer(std::int64_t most_rows) const {
    const Plan& plan = *fed_.back().plan;
    const std::int64_t width = elements(plan.type(job_.model->scores).shape) / plan.batch();
    return {job_, width, most_rows, std::max(plan.batch(), bench_.evaluation_batch())};
  }

  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

  bool epoch(std::int64_t e, EpochRecord& record) {
    if (job_.order) job_.order(e, order_);
    else epoch_order(job_.split->train, job_.seed, e, job_.shuffle, order_);
    train_scores_.reset();
    double loss = 0, all = 0;
    std::int64_t seen = 0;
    const std::int64_t first = clock_.step;
    while (seen < batches_.usable()) {
      double step_loss = 0, counted = 0;
      const std::int64_t rows = step(seen, step_loss, counted);
      if (rows == 0) break;
      if (!std::isfinite(step_loss) && job_.enough && job_.enough(clock_.step, step_loss)) return false;
      if (!std::isfinite(step_loss)) return diverged(e, {cat("loss ", step_loss, " at step ", clock_.step), last_->first_bad()});
      if (clock_.step == first + 1) record.lr_first = groups_.lr();
      record.lr_last = groups_.lr();
      loss += step_loss * counted, all += counted;
      seen += rows;
      followers_.update(step_loss, counted, clock_);
      if (job_.on_step) job_.on_step(clock_.step - 1, step_loss);
      if (counted > 0 && job_.enough && job_.enough(clock_.step - 1, step_loss)) return false;
    }
    clock_.samples = (e + 1) * batches_.usable();  // with the rows passed over
    record.epoch = e + 1;
    record.step = clock_.step;
    record.samples = clock_.samples;
    record.loss = loss / all;
    record.grad_norm = norm_;
    train_scores_.measured(record.train);
    check_weights();
    if (!fault_ && !validation_.empty() && ((e + 1) % job_.evaluate_every == 0 || e + 1 == job_.epochs)) evaluate(record);
    if (fault_) return diverged(e, *fault_);
    followers_.epoch(record, clock_);
    if (e + 1 == job_.epochs) finish();
    if (fault_ && validation_.empty()) return diverged(e, *fault_);
    const Weights& w = bench_.weights();
    std::ranges::copy(w.values(), good_.begin());
    std::ranges::copy(w.state(), good_state_.begin());
    record.seconds = seconds();
    result_.epochs.push_back(record);
    if (job_.on_epoch) job_.on_epoch(result_.epochs.back());
    return fault_ ? diverged(e, *fault_) : true;  // the epoch and its evaluation were finite, the test rows' is not
  }

  // One update from `accumulate` batches (fewer at the end of an epoch), each with the share of what its rows count for. Nothing here allocates. Returns the
  // rows used, 0 where the epoch is over; loss: the mean over what they count for, 0 where that is nothing.
  std::int64_t step(std::int64_t begin, double& loss, double& counted) {
    const Weights& w = bench_.weights();
    const std::int64_t size = batches_.size(clock_), rows = batches_.update(size, batches_.usable() - begin);
    if (rows == 0) return 0;
    if (sizes_.accumulate > 1) std::ranges::fill(w.gradients(), 0.0f);
    const auto of_step = std::span<const std::int32_t>(order_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(rows));
    counted = counts_.sum(of_step);
    groups_.at(clock_);
    const double weight = loss_weight_ ? loss_weight_->at(clock_) : 1;
    for (std::int64_t done = 0; done < rows;) {
      const std::int64_t n = std::min(size, rows - done);
      const Fed& fed = fed_of(n);
      const auto chosen = of_step.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(n));
      const double share = counted > 0 ? counts_.sum(chosen) / counted : 0;
      fed.feed.fill(chosen);
      fed.plan->seed() = job_.seed * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(seen_batches_++);
      fed.plan->loss_gradient(static_cast<float>(share * weight));
      fed.plan->dropout(dropout_ ? std::optional(dropout_->at(clock_)) : std::nullopt);
      fed.plan->forward();
      loss += share * static_cast<double>(fed.plan->loss());
      last_ = fed.plan;
      if (!std::isfinite(loss)) return rows;
      train_scores_.add(*fed.plan, chosen);
      if (share > 0) fed.plan->backward();
      done += n;
    }
    if (counted > 0) update(w);
    ++clock_.step;
    clock_.samples += rows;
    return rows;
  }

  void update(const Weights& w) {
    norm_ = clipping_.apply(clock_);
    groups_.update(clock_.step + 1);
    if (!average_) return;
    average_->update(w.values(), clock_.step + 1);
    if (average_->overwrites(clock_.step + 1)) std::ranges::copy(average_->values(), w.values().begin());
  }

  const Fed& fed_of(std::int64_t rows) const {  // a few sizes, rising
    return *std::ranges::lower_bound(fed_, rows, {}, [](const Fed& f) { return f.plan->batch(); });
  }

  // The weights to evaluate; nothing where they are the trained ones.
  std::span<const float> evaluation_point() {
    if (!groups_.has_evaluation_point()) return {};
    point_.resize(bench_.weights().values().size());
    groups_.evaluation_point(point_);
    return point_;
  }
  bool averaging() const { return average_ && average_->count() > 0; }

  // Does something with other weights in place of the trained ones, if there are others.
  template <class Body>
  void at_point(std::span<const float> point, const Body& body) {
    if (point.empty()) return body();
    const Weights& w = bench_.weights();
    held_.assign(w.values().begin(), w.values().end());
    held_state_.assign(w.state().begin(), w.state().end());
    std::ranges::copy(point, w.values().begin());
    if (!held_state_.empty()) retake_statistics(w.state(), fed_, job_.split->train);
    body();
    std::ranges::copy(held_, w.values().begin());
    std::ranges::copy(held_state_, w.state().begin());
  }

  void keep(Job::Snapshot& to) const {
    const Weights& w = bench_.weights();
    to.values.assign(w.values().begin(), w.values().end());
    to.state.assign(w.state().begin(), w.state().end());
  }

  // Something that is not finite: what, and the first tensor of a plan that is not.
  struct Fault { std::string what, tensor; };

  void check_weights() {
    const Weights& w = bench_.weights();
    const auto check = [&](const char* what, std::span<const float> values) {
      if (!fault_ && !all_finite(values)) fault_ = Fault{cat(what, " are not finite after step ", clock_.step - 1), last_->first_bad()};
    };
    check("weights", w.values());
    check("statistics of a norm", w.state());
  }

  double judge(const Evaluator& rows, std::vector<Measured>& out, const char* what) {
    const Evaluation v = rows.run(scores_, out);
    if (!v.finite && !fault_)
      fault_ =
          Fault{cat(what, std::isfinite(v.loss) ? cat(" ", v.loss, " from scores that are not finite") : cat(" ", v.loss), " after step ", clock_.step - 1),
                v.first_bad};
    return v.loss;
  }

  void evaluate(EpochRecord& record) {
    record.evaluated = true;
    const bool last = record.epoch == job_.epochs;
    if (averaging())
      at_point(average_->values(), [&] {
        record.average_loss = judge(validation_, record.average, "validation loss of the averaged weights");
        if (last && !fault_) count("avg_val"), result_.average_threshold = scores_.best_threshold();
      });
    at_point(evaluation_point(), [&] {
      record.val_loss = judge(validation_, record.val, "validation loss");
      if (last && !fault_) count("val"), result_.threshold = scores_.best_threshold();
      if (!fault_) keep_best(record);  // of an epoch that is finite throughout
    });
  }

  // The test rows after the last epoch; without rows to evaluate on, the last batch once more shows what the last update has made.
  void finish() {
    if (!test_.empty()) {
      at_point(evaluation_point(), [&] {
        scores_.decide_by(result_.threshold.value_or(job_.threshold));
        result_.test_loss = judge(test_, result_.test, "test loss");
        if (!fault_) count("test");
      });
      if (averaging())
        at_point(average_->values(), [&] {
          scores_.decide_by(result_.average_threshold.value_or(job_.threshold));
          result_.average_test_loss = judge(test_, result_.average_test, "test loss of the averaged weights");
          if (!fault_) count("avg_test");
        });
      result_.test_rows = static_cast<std::int64_t>(job_.split->test.size());
    } else if (validation_.empty()) {
      const Weights& w = bench_.weights();
      const std::vector<float> state(w.state().begin(), w.state().end());
      const auto again = [&](const char* what) {
        last_->forward();
        if (!std::isfinite(last_->loss()) && !fault_) fault_ = Fault{cat(what, " ", last_->loss(), " after step ", clock_.step - 1), last_->first_bad()};
      };
      at_point(evaluation_point(), [&] { again("loss of the last batch"); });
      if (averaging()) at_point(average_->values(), [&] { again("the averaged weights' loss of the last batch"); });
      std::ranges::copy(state, w.state().begin());
    }
  }

  void count(const char* rows) {
    if (const Tally* tally = scores_.tally()) result_.tallies.push_back({rows, *tally});
  }

  void keep_state() {
    groups_.save(*job_.state);
    followers_.save(job_.state->notes);
    if (average_)
      for (const Parameter& p : bench_.weights().parameters()) {
        const auto values = average_->values().subspan(p.offset, p.size);
        job_.state->slots.push_back({"average." + p.name, p.shape, {values.begin(), values.end()}});
      }
    job_.state->counters = {
        {"step", clock_.step}, {"epoch", static_cast<std::int64_t>(result_.epochs.size())}, {"samples", clock_.samples}, {"batches", seen_batches_}};
    if (average_) job_.state->counters["averages"] = average_->count();
  }

  void keep_best(const EpochRecord& record) {
    const double value = scores_.merit(record.val_loss, record.val);
    if (std::isnan(value) || (result_.best_epoch != 0 && !(value > best_))) return;  // what is undefined is not best
    best_ = value;
    result_.best_epoch = record.epoch;
    if (job_.best) keep(*job_.best), job_.best->threshold = scores_.best_threshold();
  }

  bool diverged(std::int64_t e, const Fault& fault) {
    result_.outcome = Outcome::diverged;
    result_.message = cat(fault.what, " (epoch ", e + 1, ", lr ", groups_.lr(), ")",
                          fault.tensor.empty() ? std::string() : cat(": the first tensor that is not finite is ", quote(fault.tensor)));
    std::ranges::copy(good_, bench_.weights().values().begin());
    std::ranges::copy(good_state_, bench_.weights().state().begin());
    return false;
  }

  Workbench& bench_;
  const Job& job_;
  const Counts& counts_;
  PlanSizes sizes_;
  Batches batches_;
  Clock clock_;
  Groups groups_;
  std::map<std::string, Controlled> quantities_;
  Clipping clipping_;
  const Controlled *dropout_ = quantity("dropout"), *loss_weight_ = quantity("loss.weight");
  Followers followers_;
  std::vector<std::int32_t> order_;
  std::vector<float> good_, good_state_, held_, held_state_, point_;
  std::vector<Fed> fed_;
  Scorer train_scores_, scores_;
  Evaluator validation_, test_;
  std::optional<Average> average_;
  std::optional<Fault> fault_;
  Plan* last_ = nullptr;
  std::int64_t seen_batches_ = 0;
  double norm_ = 0, best_ = 0;
  TrialResult result_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
}  // namespace

TrialResult train(Workbench& bench, const Job& job) { return Trainer(bench, job).run(); }

}  // namespace lehr
