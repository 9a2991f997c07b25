#include "engine/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <utility>

#include "base/readable.h"
#include "engine/train/agreed.h"
#include "engine/train/batches.h"
#include "engine/train/clipping.h"
#include "engine/train/dealer.h"
#include "engine/train/evaluate.h"
#include "engine/train/followers.h"
#include "engine/train/groups.h"
#include "engine/train/examiner.h"
#include "engine/train/progress.h"
#include "engine/train/snapshot.h"

namespace lehr {

namespace {
const Counts every_row;

class Trainer {
 public:
  Trainer(Workbench& bench, const Job& job, Observer* observer)
      : bench_(bench),
        job_(job),
        counts_(job.counts ? *job.counts : every_row),
        sizes_(bench.sizes()),
        batches_(sizes_, job.schedule_epochs > 0 ? job.schedule_epochs : job.epochs),
        clock_(batches_.start()),
        groups_(bench.weights(), job, sizes_.threads),
        quantities_(copies(job.quantities)),
        clipping_(bench.weights(), job, quantities_),
        followers_(following(), job.metrics, !job.split->validation.empty(), clock_, {bench.weights().values(), bench.weights().state(), groups_.slots()}),
        order_(job.split->train.size()),
        dealer_(bench, job, batches_.sizes()),
        train_scores_(job, dealer_.scores_a_row(), sizes_.train_rows, dealer_.sizes().back()),
        examiner_({bench, job, observer, dealer_, groups_, average_, clock_, p_}),
        observer_(observer) {
    if (job.average) average_.emplace(job.average->type, job.average->options, job.average->numbers, bench.weights().values());
    if (job.divergence.skip) guard_.take(moving_.numbers(true));
  }

  TrialResult run() {
    TrialResult& result = p_.result;
    result.metrics = job_.metrics;
    result.epochs.reserve(static_cast<std::size_t>(job_.epochs));
    if (job_.from) restore(*job_.from);
    if (dealer_.others()) check_start();
    if (p_.seen == 0) take(good_, retries());
    if (job_.from && p_.seen == 0 && !over() && observer_ && observer_->stopping()) interrupted(cat("interrupted after epoch ", p_.epoch));
    try {
      while (!over() && result.outcome == Outcome::done && epoch()) {}
      if (over() && result.outcome == Outcome::done && (p_.ended || restores() || untested())) close();
    } catch (const Error& error) {  // a metric that a schedule follows is not a number: what was trained stays
      result.outcome = Outcome::failed, result.message = error.sentence();
    }
    if (saves_ && result.outcome != Outcome::diverged) save(result.outcome != Outcome::interrupted);
    result.seconds = seconds();
    for (auto& note : notes()) result.notes.push_back(std::move(note));
    return std::move(result);
  }

 private:
  bool limited() const { return job_.max_steps > 0 && clock_.step >= job_.max_steps; }
  bool over() const { return p_.ended || p_.epoch >= job_.epochs || (limited() && p_.seen == 0); }
  bool retries() const { return !job_.divergence.skip && job_.divergence.times > 0; }
  // It ended before, without test rows, and has some now.
  bool untested() const { return p_.result.test_rows == 0 && !job_.split->test.empty(); }
  bool restores() const { return job_.early_stop && job_.early_stop->restore == EarlyStop::Restore::best; }

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

  // Processes that do not hold the same would wait for each other for ever, or train apart.
  void check(const std::string& what, std::span<const double> numbers) const {
    const Weights& w = bench_.weights();
    const std::span<const std::int32_t> rows = job_.split->train;
    check_alike(*dealer_.others(), {std::as_bytes(w.values()), std::as_bytes(w.state()), std::as_bytes(rows), std::as_bytes(numbers)}, what);
  }
  void check_start() const {
    std::vector<double> n{counts_.sum(job_.split->train)};
    const auto high = static_cast<std::int64_t>(job_.seed >> 32), low = static_cast<std::int64_t>(job_.seed & 0xffffffffu);
    for (const std::int64_t count : {high, low, job_.epochs, job_.evaluate_every, job_.max_steps, clock_.step, p_.epoch, p_.seen, p_.batches,
                                     sizes_.validation_rows, sizes_.batch, sizes_.accumulate, batches_.usable(),
                                     static_cast<std::int64_t>(job_.metrics.size())})
      n.push_back(static_cast<double>(count));
    check("the weights, rows, sizes or counts to start with", n);
  }
  void check_epoch(const EpochRecord& r) const {
    std::vector<double> n{r.loss, r.val_loss, r.average_loss.value_or(0), examiner_.fault() ? 1.0 : 0.0};
    for (const auto* list : {&r.train, &r.val, &r.average})
      for (const Measured& m : *list) n.push_back(m.value);
    check(cat("the weights or what was measured after epoch ", r.epoch), n);
  }

  double seconds() const { return before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

  // One epoch, or the rest of it. False: the training ends here.
  bool epoch() {
    const std::int64_t e = p_.epoch;
    if (job_.order) job_.order(e, order_);
    else epoch_order(job_.split->train, job_.seed, e, job_.shuffle, order_);
    if (p_.seen == 0) {
      train_scores_.reset();
      p_.loss = p_.counted = 0;
      p_.record = {};
    } else {
      refeed();
    }
    if (!updates(e)) return std::exchange(again_, false);
    if (p_.record.left_out > 0 && p_.counted == 0)
      return diverged(e, {cat("no update of the epoch was finite, up to step ", clock_.step - 1), last_->first_bad()});
    const bool last = e + 1 == job_.epochs || limited();
    if (!limited()) clock_.samples = (e + 1) * batches_.usable();  // with the rows passed over
    EpochRecord record = p_.record;
    record.epoch = e + 1;
    record.step = clock_.step;
    record.samples = clock_.samples;
    record.loss = p_.loss / p_.counted;
    record.grad_norm = p_.norm;
    train_scores_.measured(record.train);
    examiner_.check_weights(*last_);
    if (!examiner_.fault() && examiner_.validates() && ((e + 1) % job_.evaluate_every == 0 || last)) examiner_.evaluate(record, last && !restores());
    if (examiner_.stopped()) return interrupted(cat("interrupted while evaluating epoch ", e + 1));
    if (dealer_.others()) check_epoch(record);
    if (examiner_.fault()) return diverged(e, *examiner_.fault());
    followers_.epoch(record, clock_);
    if (last && !restores()) finish();
    if (examiner_.fault() && !examiner_.validates()) return diverged(e, *examiner_.fault());
    examiner_.keep_best(record);
    record.events.insert(record.events.begin(), p_.events.begin(), p_.events.end());
    p_.events.clear();
    record.seconds = seconds();
    p_.epoch = e + 1, p_.seen = 0;
    take(good_, retries());
    p_.result.epochs.push_back(std::move(record));
    if (observer_) observer_->epoch(p_.result.epochs.back());
    if (examiner_.fault()) return diverged(e, *examiner_.fault(), false);  // the epoch and its evaluation were finite, the test rows' is not
    look(p_.result.epochs.back());
    if (over() || !observer_) return true;
    if (observer_->stopping()) return interrupted(cat("interrupted after epoch ", p_.epoch));
    if (saves_ && observer_->wants_state(clock_.step, 1)) save(false);
    return true;
  }

  // The updates of epoch e that are left. False: the training ends within it.
  bool updates(std::int64_t e) {
    while (p_.seen < batches_.usable() && !limited()) {
      double loss = 0, counted = 0;
      const std::int64_t rows = step(p_.seen, loss, counted);
      if (rows == 0) break;
      if (!std::isfinite(loss) && observer_ && observer_->enough(clock_.step, loss)) return false;
      if (!std::isfinite(loss)) {
        again_ = diverged(e, {cat("loss ", loss, " at step ", clock_.step), last_->first_bad()});
        return false;
      }
      if (p_.seen == 0) p_.record.lr_first = groups_.lr();
      p_.record.lr_last = groups_.lr();
      p_.loss += loss * counted, p_.counted += counted;
      p_.seen += rows;
      followers_.update(loss, counted, clock_);
      if (!observer_) continue;
      observer_->updated(clock_.step - 1, loss);
      if (counted > 0 && observer_->enough(clock_.step - 1, loss)) return false;
      if (p_.seen == batches_.usable() || limited()) continue;  // the epoch's end has a state of its own
      if (observer_->stopping()) return interrupted(cat("interrupted in epoch ", e + 1, " after step ", clock_.step));
      if (saves_ && observer_->wants_state(clock_.step, 0)) save(false);
    }
    return true;
  }

  bool interrupted(std::string message) {
    p_.result.outcome = Outcome::interrupted, p_.result.message = std::move(message);
    p_.result.predictions.clear();  // of an evaluation that was stopped: some rows' only
    return false;
  }

  // What the last update left in its plan, where a training goes on within an epoch.
  void refeed() {
    const std::span<const std::int32_t> order = order_;
    last_ = &dealer_.deal(order.subspan(static_cast<std::size_t>(p_.seen - p_.last_rows), static_cast<std::size_t>(p_.last_rows)));
  }

  // One update from `accumulate` batches (fewer at the end of an epoch), each with the share of what its rows count for, and each process' rows with theirs.
  // Nothing here allocates. Returns the rows used, 0 where the epoch is over; loss: the mean over what they count for, 0 where that is nothing.
  std::int64_t step(std::int64_t begin, double& loss, double& counted) {
    const Weights& w = bench_.weights();
    const std::int64_t size = batches_.size(clock_), rows = batches_.update(size, batches_.usable() - begin);
    if (rows == 0) return 0;
    if (sizes_.accumulate > 1) std::ranges::fill(w.gradients(), 0.0f);
    const auto of_step = std::span<const std::int32_t>(order_).subspan(static_cast<std::size_t>(begin), static_cast<std::size_t>(rows));
    counted = counts_.sum(of_step);
    p_.last_left_out = false;
    if (job_.divergence.skip) guard_.take(moving_.numbers(true));
    groups_.at(clock_);
    const double weight = loss_weight_ ? loss_weight_->at(clock_) : 1;
    for (std::int64_t done = 0; done < rows;) {
      const std::int64_t n = std::min(size, rows - done);
      const auto chosen = of_step.subspan(static_cast<std::size_t>(done), static_cast<std::size_t>(n)), own = dealer_.share(chosen);
      const double share = counted > 0 ? counts_.sum(chosen) / counted : 0;
      const double own_share = own.size() == chosen.size() ? share : counted > 0 ? counts_.sum(own) / counted : 0;
      Plan& plan = dealer_.deal(chosen);
      plan.seed() = job_.seed * 0x9E3779B97F4A7C15u + static_cast<std::uint64_t>(p_.batches++);
      plan.loss_gradient(static_cast<float>(own_share * weight));
      plan.dropout(dropout_ ? std::optional(dropout_->at(clock_)) : std::nullopt);
      plan.forward();
      loss += dealer_.sum(own.empty() ? 0 : own_share * static_cast<double>(plan.loss()));
      last_ = &plan;
      p_.last_rows = n;
      if (!std::isfinite(loss)) return job_.divergence.skip ? leave_out(rows, loss, counted) : rows;
      if (!job_.metrics.empty()) train_scores_.add(dealer_.scores(plan, chosen), chosen);
      if (share > 0) plan.backward();
      done += n;
    }
    if (counted > 0) dealer_.sum(w.gradients());
    if (counted > 0 && !update(w)) return leave_out(rows, loss, counted);
    ++clock_.step;
    clock_.samples += rows;
    return rows;
  }

  // False: it was not finite, and is to be left out.
  bool update(const Weights& w) {
    const bool skip = job_.divergence.skip;
    if (skip && !all_finite(w.gradients())) return false;
    p_.norm = clipping_.apply(clock_);
    groups_.update(clock_.step + 1);
    if (skip && (!all_finite(w.values()) || !all_finite(w.state()))) return false;
    if (!average_) return true;
    average_->update(w.values(), clock_.step + 1);
    if (average_->overwrites(clock_.step + 1)) std::ranges::copy(average_->values(), w.values().begin());
    return true;
  }

  // The update under way changes nothing but the clock, and its loss is none.
  std::int64_t leave_out(std::int64_t rows, double& loss, double& counted) {
    guard_.give(moving_.numbers(true));
    if (p_.left_out++ == 0) p_.first_left_out = clock_.step;
    ++p_.record.left_out;
    p_.last_left_out = true;
    loss = counted = 0;
    ++clock_.step;
    clock_.samples += rows;
    return rows;
  }

  void finish() { examiner_.finish(p_.last_left_out ? nullptr : last_); }

  // Does the training wait any longer?
  void look(const EpochRecord& record) {
    if (!job_.early_stop) return;
    const auto value = observed(record, job_.metrics, job_.early_stop->on);
    if (!value) return;
    const auto answer = p_.patience.look(*job_.early_stop, record.epoch, *value);
    if (answer == Patience::Answer::over) p_.ended = true;
    if (answer == Patience::Answer::improved && restores()) take(best_, true), best_record_ = record, best_record_.events.clear();
  }

  // Where the training ends before its last epoch, or with other weights than that one's: these are evaluated once more, as the last.
  void close() {
    TrialResult& r = p_.result;
    EpochRecord record = r.epochs.back();
    const bool back = restores() && !best_.empty() && best_.epoch != p_.epoch;
    if (back) {
      take(ahead_, true), ahead_record_ = record;
      give(best_);
      record = best_record_;
    }
    if (examiner_.validates()) examiner_.evaluate(record, true);
    if (examiner_.stopped()) {
      if (back) give(ahead_), ahead_ = {};
      interrupted(cat("interrupted while evaluating the weights of epoch ", record.epoch));
      return;
    }
    if (!examiner_.fault()) examiner_.keep_best(record), finish();
    record.events.clear();
    r.epochs.back() = std::move(record);
    if (examiner_.fault()) diverged(p_.epoch - 1, *examiner_.fault(), false);
  }

  std::vector<std::string> notes() const {
    std::vector<std::string> out = p_.told;
    if (p_.left_out > 0)
      out.push_back(cat(p_.left_out, p_.left_out == 1 ? " update was" : " updates were", " left out, not being finite; the first at step ", p_.first_left_out));
    if (p_.result.outcome != Outcome::done) return out;
    if (p_.ended && p_.epoch < job_.epochs)
      out.push_back(cat("stopped early after epoch ", p_.epoch, " of ", job_.epochs, ": ", job_.early_stop->on,
                        p_.patience.epoch == 0 ? std::string(" was never a number")
                                               : cat(" was best in epoch ", p_.patience.epoch, " (", readable(p_.patience.best, 5), ")")));
    if (limited() && clock_.samples < job_.epochs * batches_.usable())
      out.push_back(cat("ended by max_steps: ", clock_.step, " updates, in epoch ", p_.epoch, " of ", job_.epochs));
    if (!ahead_.empty()) out.push_back(cat("the weights are those of epoch ", best_.epoch, ", where ", job_.early_stop->on, " was best"));
    return out;
  }

  void take(Snapshot& to, bool all) {
    moving_.take(to, all);
    to.epoch = p_.epoch, to.step = clock_.step, to.samples = clock_.samples, to.batches = p_.batches;
  }
  void give(const Snapshot& from) {
    moving_.give(from);
    groups_.went_back(from.step);
  }

  // Hands the state over, if it is finite; at the end, what is evaluated beside the weights, too.
  void save(bool finished) {
    const Weights& w = bench_.weights();
    if (!all_finite(w.values()) || !all_finite(w.state())) return;
    p_.step = clock_.step, p_.samples = clock_.samples;
    p_.result.seconds = seconds();
    TrialState state;
    moving_.save(state);
    for (const auto& [name, count] : {std::pair{"step", clock_.step}, {"epoch", p_.epoch}, {"samples", clock_.samples}, {"batches", p_.batches}})
      state.counters[name] = count;  // for who reads the file; what is restored is in `progress`
    Archive archive;
    fields(archive);
    state.progress = archive.take();
    Saved saved{p_.epoch, clock_.step, finished, safetensors(w, state), "", p_.best_threshold, "", ""};
    if (const NumbersCopy& best = examiner_.best(); !best.values.empty()) saved.best = safetensors(w, best.values, best.state);
    if (finished) {
      const auto here = [&](std::string& to) { to = safetensors(w, w.values(), w.state()); };
      if (groups_.has_evaluation_point()) examiner_.at_point(examiner_.evaluation_point(), [&] { here(saved.point); });
      if (examiner_.averaging()) examiner_.at_point(average_->values(), [&] { here(saved.average); });
    }
    observer_->state(std::move(saved));
  }

  // What is neither in the weights nor in what groups, followers and the average save by name.
  void fields(Archive& a) {
    p_.fields(a);
    followers_.fields(a);
    a(best_, best_record_, ahead_, ahead_record_);
    a.check((best_.empty() || moving_.fits(best_)) && (ahead_.empty() || moving_.fits(ahead_)));
    const bool within = p_.seen > 0;
    if (!within) return;  // at the end of an epoch the weights are the good ones, and nothing is summed
    a(good_);
    a.check(moving_.fits(good_));
    train_scores_.fields(a);
  }

  void restore(const Saved& from) {
    const Weights& w = bench_.weights();
    if (!from.best.empty() && job_.keep_best) {
      read_weights(from.best, w);
      examiner_.best().take(moving_.numbers(false));
    }
    const TrialState state = read_safetensors(from.state, w);
    Archive archive(state.progress);
    fields(archive);
    archive.end();
    archive.check(p_.epoch >= 0 && p_.step >= 0 && p_.samples >= 0 && p_.seen >= 0 && p_.seen <= batches_.usable());
    archive.check(p_.epoch == from.epoch && p_.step == from.step && (p_.epoch > 0) == !p_.result.epochs.empty());
    for (const EpochRecord* record : {&p_.record, &best_record_, &ahead_record_}) archive.check(within_metrics(*record, job_.metrics.size()));
    archive.check(within_metrics(p_.result, job_.metrics.size()));
    archive.check(p_.seen == 0 || p_.last_rows <= p_.seen);
    archive.check(p_.seen == 0 || std::ranges::binary_search(dealer_.sizes(), p_.last_rows));
    moving_.restore(state, p_.step);
    groups_.scale(p_.rate);
    p_.result.metrics = job_.metrics;
    p_.result.outcome = Outcome::done, p_.result.message.clear();
    clock_.step = p_.step, clock_.samples = p_.samples;
    if (!ahead_.empty()) {  // it had ended with the weights of an earlier epoch: there may be more epochs now
      give(ahead_);
      p_.result.epochs.assign(1, ahead_record_);
      ahead_ = {};
    }
    before_ = p_.result.seconds;
    start_ = std::chrono::steady_clock::now();
  }

  // The training ends with the weights of the last epoch that was finite, or goes on from there with smaller rates: true.
  bool diverged(std::int64_t e, const Fault& found, bool may_retry = true) {
    const Fault fault = found;
    const std::string what = cat(fault.what, " (epoch ", e + 1, ", lr ", p_.record.lr_last, ")",
                                 fault.tensor.empty() ? std::string() : cat(": the first tensor that is not finite is ", quote(fault.tensor)));
    give(good_);
    if (may_retry && retries() && p_.retries < job_.divergence.times) {
      ++p_.retries;
      p_.rate *= job_.divergence.lr_scale;
      p_.seen = 0, p_.batches = good_.batches;
      clock_.step = good_.step, clock_.samples = good_.samples;
      examiner_.forget_epoch();
      groups_.at(clock_);
      const double before = groups_.lr();
      groups_.scale(p_.rate);
      groups_.at(clock_);
      p_.events.push_back({clock_.step, "lr", "loss", std::numeric_limits<double>::quiet_NaN(), before, groups_.lr(), "finite"});
      p_.told.push_back(cat(what, "; went back to ", p_.epoch == 0 ? std::string("the start") : cat("the end of epoch ", p_.epoch), " with every rate times ",
                            readable(p_.rate), " (retry ", p_.retries, " of ", job_.divergence.times, ")"));
      return true;
    }
    p_.result.outcome = Outcome::diverged;
    p_.result.message = what;
    if (p_.retries > 0) p_.result.message += cat(", after ", p_.retries, p_.retries == 1 ? " retry" : " retries");
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
  Dealer dealer_;
  Scorer train_scores_;
  std::optional<Average> average_;
  Progress p_;
  Examiner examiner_;
  NumbersCopy guard_;  // what an update that is left out has changed
  const Moving moving_{bench_.weights(), groups_, followers_, average_};
  Snapshot good_;          // the end of the last epoch that was finite
  Snapshot best_, ahead_;  // of Job::early_stop: the best look; the end, where the training ended with the numbers of best_
  EpochRecord best_record_, ahead_record_;
  Plan* last_ = nullptr;  // of the last batch
  Observer* observer_;
  const bool saves_ = observer_ && observer_->keeps_states();
  bool again_ = false;    // the epoch under way starts once more
  double before_ = 0;  // seconds of the training before it was stopped
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};
}  // namespace

TrialResult train(Workbench& bench, const Job& job) {
  if (!bench.collective()) return Trainer(bench, job, job.observer).run();
  AgreedObserver observer(*bench.collective(), job.observer);
  return Trainer(bench, job, &observer).run();
}

}  // namespace lehr
