#include "experiments/store/run_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "experiments/report/environment.h"
#include "experiments/report/json_text.h"
#include "experiments/report/run_json.h"
#include "experiments/report/summary.h"
#include "experiments/store/run_files.h"

namespace lehr::store {

namespace fs = std::filesystem;

RunFolder::RunFolder(fs::path folder, Mode mode) : folder_(std::move(folder)), mode_(mode) {
  std::error_code error;
  if (mode == Mode::resume) {
    if (!there(folder_ / Store::file_name)) Store::open(folder_, false);  // says what the folder is
    lock_ = std::make_unique<Lock>(folder_);
    Store store = Store::open(folder_, true);
    store.check();
    stored_ = {store.settings(), store.trials()};
    writer_ = std::make_unique<Writer>(std::move(store));
    return;
  }
  if (!there(folder_)) return;
  if (!fs::is_directory(folder_, error)) throw Error(quote(folder_.string()), " exists and is no folder: give another with --out");
  if (nothing_in(folder_)) return;
  const bool run = there(folder_ / Store::file_name);
  if (!run && fs::exists(folder_ / "plan.csv", error))
    throw Error("the folder ", quote(folder_.string()),
                " is a run of an earlier version, without a store: it is neither replaced nor continued; remove it yourself, or --out DIR writes elsewhere");
  if (!run) throw Error("the folder ", quote(folder_.string()), " exists and was not made by a run (it has no run.db): --out DIR writes elsewhere");
  if (mode == Mode::fresh)
    throw Error("the folder ", quote(folder_.string()), " exists: --resume goes on with it, --force replaces it, --out DIR writes elsewhere");
}

RunFolder::~RunFolder() {
  reader_.reset();
  writer_.reset();
  lock_.reset();
}

// Two runs may have found the folder free: the one that locks it first has it.
void RunFolder::take() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) throw Error("cannot make the folder ", quote(folder_.string()), ": ", error.message()).code(Exit::failed);
  lock_ = std::make_unique<Lock>(folder_);
  remove_half_written(folder_);
  if (nothing_in(folder_)) {
    for (const char* name : database_files) fs::remove(folder_ / name, error);
    return;
  }
  if (mode_ != Mode::replace)
    throw Error("another run has written into the folder ", quote(folder_.string()), " meanwhile: --out DIR writes elsewhere");
  empty();
}

void RunFolder::start(const report::RunInfo& info) {
  folds_ = info.axes.find(Axis::Role::fold) != nullptr;
  settings_["name"] = info.name;
  settings_["experiment"] = info.experiment_text;
  settings_["command"] = info.command_line;
  settings_["threads"] = cat(info.threads);
  settings_["environment"] = report::environment_json(info);
  settings_["fingerprints"] = report::json_object(info.fingerprints);
  settings_["classes"] = report::json_list(info.classes);
  settings_["status"] = "running";
  match(info);
  const std::string now = report::utc_now();
  if (mode_ != Mode::resume) {
    take();
    settings_["started"] = now;
    writer_ = std::make_unique<Writer>(Store::create(folder_, info, settings_));
  }
  write_file_lazily(folder_ / "experiment.yaml", info.experiment_text);
  if (mode_ != Mode::resume) return;
  if (const auto it = stored_.settings.find("models"); it != stored_.settings.end()) models_ = report::read_json_list(it->second);
  remove_half_written(folder_);
  writer_->flush();
  Store& store = writer_->store();
  store.sweep();
  Transaction transaction(store.database());
  for (const auto& [key, value] : settings_) store.setting(key, value);
  bool same = info.trials.size() == stored_.trials.size();
  for (std::size_t i = 0; same && i < ids_.size(); ++i)
    same = ids_[i] < stored_.trials.size() && info.trials[i].config_hash == stored_.trials[ids_[i]].hash;
  if (!same) store.replan(info, ids_), store.setting("trials", cat(info.trials.size()));
  const std::int64_t taken = store.rewind();
  store.event(std::nullopt, now, "resumed", report::json_object({{"command", info.command_line}}, {{"rows_taken_back", static_cast<double>(taken)}}));
  transaction.commit();
}

void RunFolder::match(const report::RunInfo& info) {
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < stored_.trials.size(); ++i) known[stored_.trials[i].name] = i;
  ids_.clear();
  std::size_t next = stored_.trials.size();
  for (const auto& trial : info.trials) {
    const auto it = known.find(trial.id);
    ids_.push_back(it != known.end() ? it->second : next++);
  }
}

const Store& RunFolder::reader() {
  if (!reader_) reader_.emplace(Store::open(folder_, false));
  return *reader_;
}

RunFolder::Stand RunFolder::stand(std::size_t trial, bool more) {
  Stand out;
  if (mode_ != Mode::resume || ids_.at(trial) >= stored_.trials.size()) return out;
  StoredTrial& t = stored_.trials[ids_[trial]];
  const bool done = t.status == name(Outcome::done);
  if ((done && !more) || t.status == name(Outcome::diverged)) {
    out.finished = t.result;
    return out;
  }
  // Nothing of it was handed over yet: what is stored is all, and no commit has to be waited for.
  const std::lock_guard lock(reading_);
  out.from = reader().saved(ids_[trial]);
  if (t.status == name(Outcome::cut)) out.cut = t.result;
  return out;
}

std::optional<Saved> RunFolder::saved(std::size_t trial) {
  const std::lock_guard lock(reading_);
  writer_->flush();
  return reader().saved(ids_.at(trial));
}

std::int64_t RunFolder::epochs(std::size_t trial) const {
  return ids_.at(trial) < stored_.trials.size() ? stored_.trials[ids_[trial]].epochs : 0;
}

EpochRecord RunFolder::record(std::size_t trial, std::int64_t epoch) {
  const std::lock_guard lock(reading_);
  return reader().record(ids_.at(trial), epoch);
}

std::vector<float> RunFolder::predictions(std::size_t trial, const std::string& rows) {
  const std::lock_guard lock(reading_);
  writer_->flush();
  return reader().predictions(ids_.at(trial), rows);
}

void RunFolder::trial_started(const report::TrialInfo& trial) {
  writer_->hand(256, [i = id(trial), now = report::utc_now()](Store& store) { store.started(i, now); });
}

void RunFolder::epoch(const report::TrialInfo& trial, const EpochRecord& record) {
  const std::size_t bytes = 256 + sizeof(Measured) * (record.train.size() + record.val.size() + record.average.size());
  writer_->hand(bytes, [i = id(trial), record](Store& store) { store.epoch(i, record); });
  if (record.left_out > 0) {
    const std::string detail = report::json_object({}, {{"epoch", static_cast<double>(record.epoch)}, {"updates", static_cast<double>(record.left_out)}});
    writer_->hand(256, [i = id(trial), now = report::utc_now(), detail](Store& store) { store.event(i, now, "left out", detail); });
  }
  for (const FollowEvent& e : record.events) {
    std::vector<std::pair<std::string, std::string>> texts{{"quantity", e.quantity}, {"metric", e.metric}};
    if (!e.restored.empty()) texts.emplace_back("restored", e.restored);
    const std::string detail = report::json_object(
        texts, {{"epoch", static_cast<double>(record.epoch)}, {"step", static_cast<double>(e.step)}, {"value", e.value}, {"before", e.before}, {"after", e.after}});
    const char* what = !e.restored.empty() ? "restored" : e.after < e.before ? "lowered" : "raised";
    writer_->hand(512, [i = id(trial), now = report::utc_now(), what, detail](Store& store) { store.event(i, now, what, detail); });
  }
}

void RunFolder::state(const report::TrialInfo& trial, const Saved& saved) {
  const std::size_t bytes = saved.state.size() + saved.best.size() + saved.point.size() + saved.average.size();
  writer_->hand(bytes, [i = id(trial), saved](Store& store) { store.state(i, saved); });
}

void RunFolder::trial_finished(const report::TrialInfo& trial, const TrialResult& result) {
  std::size_t bytes = 1024;
  for (const auto& predicted : result.predictions) bytes += predicted.values.size() * sizeof(float);
  writer_->hand(bytes, [i = id(trial), now = report::utc_now(), result, whole = folds_](Store& store) {
    store.finished(i, result, now, whole);
    if (result.outcome == Outcome::failed || result.outcome == Outcome::diverged) store.event(i, now, name(result.outcome), report::json_object({{"message", result.message}}));
  });
}

void RunFolder::announce(const std::vector<std::string>& names) {
  const std::size_t before = models_.size();
  for (const auto& name : names)
    if (std::ranges::find(models_, name) == models_.end()) models_.push_back(name);
  if (models_.size() == before) return;
  writer_->hand(256, [list = report::json_list(models_)](Store& store) { store.setting("models", list); });
  writer_->flush();
}

fs::path RunFolder::model(const std::string& name, std::string_view content) {
  announce({name});
  const fs::path file = folder_ / "models" / name;
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) throw Error("cannot make the folder ", quote(file.parent_path().string()), ": ", error.message()).code(Exit::failed);
  write_file_lazily(file, content);
  return file;
}

void RunFolder::remove_model(const std::string& name) {
  std::error_code ignored;
  fs::remove(folder_ / "models" / name, ignored);
}

void RunFolder::keep_models(const std::vector<std::string>& names) {
  std::vector<std::string> left;
  for (const auto& name : models_) {
    if (std::ranges::find(names, name) != names.end()) {
      left.push_back(name);
      continue;
    }
    remove_below(folder_, name);
  }
  if (left.size() == models_.size()) return;
  models_ = std::move(left);
  writer_->hand(256, [list = report::json_list(models_)](Store& store) { store.setting("models", list); });
}

void RunFolder::finish(const report::RunInfo& info, const std::vector<TrialResult>& results) {
  const bool whole = std::ranges::none_of(results, [](const TrialResult& r) { return r.outcome == Outcome::interrupted; });
  writer_->hand(256, [whole, now = report::utc_now(), folds = folds_ ? report::pooled_json(info, pooled_) : ""](Store& store) {
    if (!folds.empty()) store.setting("out_of_fold", folds);
    store.setting("status", whole ? "finished" : "interrupted");
    store.setting("ended", now);
  });
  writer_->flush();
  {
    const fs::path temp = folder_ / cat(".metrics.csv.", ::getpid(), ".tmp");
    std::error_code ignored;
    fs::remove(temp, ignored);
    try {
      Appender out(temp);
      reader().metrics(ids_, [&](std::string_view piece) { out.write(piece); });
    } catch (...) {
      fs::remove(temp, ignored);
      throw;
    }
    fs::rename(temp, folder_ / "metrics.csv");
  }
  write_file_lazily(folder_ / "summary.csv", report::summary_csv(info, results));
  write_file_lazily(folder_ / "summary.md", report::summary_md(info, results, pooled_));
  reader_.reset();
  problem_ = writer_->close();
  settle();
  writer_.reset();
  lock_.reset();
}

Store read_run(const fs::path& folder) {
  Store store = Store::open(folder, false);
  store.check();
  return store;
}

}  // namespace lehr::store
