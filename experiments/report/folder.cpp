#include "experiments/report/folder.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "experiments/report/environment.h"
#include "experiments/report/table.h"

namespace lehr::report {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct Folder::Open {
  Open(const fs::path& folder) : metrics(folder / "metrics.csv"), events(folder / "events.jsonl") {}
  Appender metrics, events;
};

std::string csv_cell(std::string_view text) {
  if (text.find_first_of(",\"\r\n") == std::string_view::npos) return std::string(text);
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

namespace {
std::string dump(const Json& j, int indent = -1) { return j.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) + "\n"; }

void make_folder(const fs::path& path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error) throw Error("cannot make the folder ", quote(path.string()), ": ", error.message()).code(Exit::failed);
}

std::string metrics_header(const RunInfo& info) {
  std::string out = "epoch,step,samples,lr_first,lr_last,loss";
  for (const auto& m : info.metrics) out += "," + m;
  out += ",val_loss";
  for (const auto& m : info.metrics) out += ",val_" + m;
  if (info.averages) out += ",avg_val_loss";
  for (std::size_t m = 0; info.averages && m < info.metrics.size(); ++m) out += ",avg_val_" + info.metrics[m];
  return out + ",seconds\n";
}

std::string cell(double v) { return std::isnan(v) ? std::string() : number(v); }

std::string metrics_row(const RunInfo& info, const EpochRecord& r) {
  std::string out = cat(r.epoch, ",", r.step, ",", r.samples, ",", number(r.lr_first), ",", number(r.lr_last), ",", number(r.loss));
  for (std::size_t m = 0; m < info.metrics.size(); ++m) out += "," + (m < r.train.size() ? cell(r.train[m].value) : std::string());
  out += "," + (r.evaluated ? cell(r.val_loss) : std::string());
  for (std::size_t m = 0; m < info.metrics.size(); ++m) out += "," + (m < r.val.size() ? cell(r.val[m].value) : std::string());
  if (info.averages) out += "," + (r.average_loss ? cell(*r.average_loss) : std::string());
  for (std::size_t m = 0; info.averages && m < info.metrics.size(); ++m) out += "," + (m < r.average.size() ? cell(r.average[m].value) : std::string());
  return out + "," + fixed(r.seconds, 6) + "\n";
}

// A column for each swept key, after the variant.
std::string swept_header(const RunInfo& info) {
  std::string out;
  for (const auto& key : info.swept) out += "," + csv_cell(key);
  return out;
}
std::string point_cells(const TrialInfo& trial) {
  std::string out;
  for (const auto& value : trial.point) out += "," + csv_cell(value);
  return out;
}

std::string plan_csv(const RunInfo& info) {
  std::string out = "trial,variant" + swept_header(info) + ",seed,fold,config\n";
  for (const auto& t : info.trials) out += cat(csv_cell(t.id), ",", csv_cell(t.variant), point_cells(t), ",", t.seed, ",,", t.config_hash, "\n");
  return out;
}

// Long form: one line a trial and quantity of its last evaluation, nothing averaged away; chosen: its point speaks for its variant.
std::string summary_csv(const RunInfo& info, const std::vector<TrialResult>& results) {
  const bool swept = !info.swept.empty();
  std::set<const TrialResult*> chosen;
  if (swept) {
    const auto all = cells(info, results);
    for (const Choice& choice : choose(info, all))
      if (choice.any()) chosen.insert(choice.results.begin(), choice.results.end());
  }
  std::string out = cat("trial,variant", swept_header(info), ",seed", swept ? ",chosen" : "", ",status,epoch,quantity,value,uncertainty,count\n");
  for (std::size_t i = 0; i < results.size(); ++i) {
    const TrialResult& r = results[i];
    const std::string head = cat(csv_cell(r.id), ",", csv_cell(r.variant), point_cells(info.trials[i]), ",", r.seed,
                                 !swept                ? ""
                                 : chosen.contains(&r) ? ",yes"
                                                       : ",no",
                                 ",", name(r.outcome), ",", r.epochs.size(), ",");
    if (r.epochs.empty()) {
      out += head + "none,,,\n";
      continue;
    }
    const EpochRecord& last = r.epochs.back();
    out += cat(head, "loss,", number(last.loss), ",,\n");
    if (last.evaluated) out += cat(head, "val_loss,", cell(last.val_loss), ",,", info.validation_rows, "\n");
    for (std::size_t m = 0; m < last.val.size(); ++m)
      out += cat(head, "val_", info.metrics[m], ",", cell(last.val[m].value), ",", cell(last.val[m].uncertainty), ",", last.val[m].count, "\n");
    if (last.average_loss) out += cat(head, "avg_val_loss,", cell(*last.average_loss), ",,", info.validation_rows, "\n");
    for (std::size_t m = 0; m < last.average.size(); ++m)
      out += cat(head, "avg_val_", info.metrics[m], ",", cell(last.average[m].value), ",", cell(last.average[m].uncertainty), ",", last.average[m].count, "\n");
    if (r.average_test_loss) out += cat(head, "avg_test_loss,", cell(*r.average_test_loss), ",,", r.test_rows, "\n");
    for (std::size_t m = 0; m < r.average_test.size(); ++m)
      out += cat(head, "avg_test_", info.metrics[m], ",", cell(r.average_test[m].value), ",", cell(r.average_test[m].uncertainty), ",", r.average_test[m].count,
                 "\n");
    if (r.test_rows > 0) out += cat(head, "test_loss,", cell(r.test_loss), ",,", r.test_rows, "\n");
    for (std::size_t m = 0; m < r.test.size(); ++m)
      out += cat(head, "test_", info.metrics[m], ",", cell(r.test[m].value), ",", cell(r.test[m].uncertainty), ",", r.test[m].count, "\n");
    out += cat(head, "seconds,", fixed(r.seconds, 6), ",,\n");
  }
  return out;
}

// Long form: one line a pair of true class and answer.
std::string confusion_csv(const RunInfo& info, const TrialResult& result) {
  std::string out = "rows,true,answer,count\n";
  const auto name = [&](std::int64_t c) {
    return static_cast<std::size_t>(c) < info.classes.size() ? csv_cell(info.classes[static_cast<std::size_t>(c)]) : cat(c);
  };
  for (const auto& [rows, tally] : result.tallies)
    for (std::int64_t t = 0; t < tally.classes; ++t)
      for (std::int64_t said = 0; said < tally.classes; ++said) out += cat(rows, ",", name(t), ",", name(said), ",", tally.at(t, said), "\n");
  return out;
}

std::string summary_md(const RunInfo& info, const std::vector<TrialResult>& results) {
  std::string out = cat("# ", info.name, "\n\n", info.data_line, "\n\n", info.plan_line, "\n");
  for (const auto& table : tables(info, results)) out += cat("\n## ", table.quantity, "\n\n", render_markdown(table));
  for (const auto& table : point_tables(info, results)) out += cat("\n## Every point: ", table.quantity, "\n\n", render_markdown(table));
  return out;
}
}  // namespace

Folder::Folder(fs::path folder, bool force) : folder_(std::move(folder)), force_(force) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(folder_, error))) return;
  if (!fs::is_directory(folder_, error)) throw Error(quote(folder_.string()), " exists and is no folder: give another with --out");
  const bool run = fs::exists(folder_ / "plan.csv", error) && fs::exists(folder_ / "experiment.yaml", error);
  if (std::ranges::none_of(fs::directory_iterator(folder_, error), [](const auto& entry) { return entry.path().filename() != ".lock"; })) return;
  if (!force) throw Error("the folder ", quote(folder_.string()), " exists: --force replaces it, --out DIR writes elsewhere");
  if (!run)
    throw Error("the folder ", quote(folder_.string()), " was not made by a run (it has no plan.csv): --force does not replace it, --out DIR writes elsewhere");
}

// Two runs may have found the folder free: the one that locks it first has it.
void Folder::claim() {
  make_folder(folder_);
  const fs::path lock = folder_ / ".lock";
  const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) throw Error("cannot write into the folder ", quote(folder_.string()), ": ", std::strerror(errno)).code(Exit::failed);
  lock_ = {new int(fd), [](const int* held) { ::close(*held), delete held; }};
  const bool ours = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error))
    if (entry.path() != lock) {
      if (!ours || !force_) throw Error("another run writes into the folder ", quote(folder_.string()), ": --out DIR writes elsewhere");
      fs::remove_all(entry.path(), error);
    }
  if (!ours) throw Error("another run writes into the folder ", quote(folder_.string()), ": --out DIR writes elsewhere");
  if (error) throw Error("cannot replace the folder ", quote(folder_.string()), ": ", error.message()).code(Exit::failed);
}

void Folder::start(const RunInfo& info) {
  info_ = info;
  started_ = utc_now();
  claim();
  write_file_lazily(folder_ / "experiment.yaml", info.experiment_text);
  write_file_lazily(folder_ / "plan.csv", plan_csv(info));
  write_file_lazily(folder_ / "environment.json", environment_json(info, started_, ""));
  for (const auto& trial : info.trials) {
    make_folder(folder_ / trial.id);
    write_file_lazily(folder_ / trial.id / "config.yaml", trial.resolved);
  }
}

void Folder::trial_started(const TrialInfo& trial) {
  const auto files = std::make_shared<Open>(folder_ / trial.id);
  files->metrics.write(metrics_header(info_));
  files->events.write(dump(Json{{"event", "started"}, {"time", utc_now()}, {"seed", trial.seed}}));
  write_file_lazily(folder_ / trial.id / "status.json", dump(Json{{"status", "running"}}));
  const std::lock_guard lock(mutex_);
  open_[trial.id] = files;
}

std::shared_ptr<Folder::Open> Folder::open(const TrialInfo& trial) {
  const std::lock_guard lock(mutex_);
  const auto it = open_.find(trial.id);
  return it == open_.end() ? nullptr : it->second;
}

void Folder::epoch(const TrialInfo& trial, const EpochRecord& record) {
  const auto files = open(trial);
  if (!files) return;
  files->metrics.write(metrics_row(info_, record));
  for (const FollowEvent& e : record.events) {
    Json event{{"event", e.restored.empty() ? (e.after < e.before ? "lowered" : "raised") : "restored"},
               {"time", utc_now()},
               {"epoch", record.epoch},
               {"step", e.step},
               {"quantity", e.quantity},
               {"metric", e.metric},
               {"value", e.value},
               {"before", e.before},
               {"after", e.after}};
    if (!e.restored.empty()) event["restored"] = e.restored;
    files->events.write(dump(event));
  }
}

std::optional<fs::path> Folder::keep(const TrialInfo& trial, const Artifacts& left) {
  const fs::path folder = folder_ / trial.id, checkpoints = folder / "checkpoints";
  if (!left.checkpoints.empty()) make_folder(checkpoints);
  for (const auto& [file, content] : left.checkpoints) {
    if (file.find('/') != std::string::npos) make_folder((checkpoints / file).parent_path());
    write_file_lazily(checkpoints / file, content);
  }
  if (!left.preprocess.empty()) write_file_lazily(folder / "preprocess.json", left.preprocess);
  return checkpoints;
}

void Folder::trial_finished(const TrialInfo& trial, const TrialResult& result) {
  const fs::path folder = folder_ / trial.id;
  const auto files = open(trial);
  Json status{{"status", name(result.outcome)}, {"epochs", result.epochs.size()}, {"best_epoch", result.best_epoch}, {"seconds", result.seconds}};
  if (!result.message.empty()) status["message"] = result.message;
  if (result.threshold) status["threshold"] = *result.threshold;
  if (!result.notes.empty()) status["notes"] = result.notes;
  if (!result.tallies.empty()) write_file_lazily(folder / "confusion.csv", confusion_csv(info_, result));
  write_file_lazily(folder / "status.json", dump(status, 2));
  Json event{{"event", name(result.outcome)}, {"time", utc_now()}};
  if (!result.message.empty()) event["message"] = result.message;
  if (files) files->events.write(dump(event));
  const std::lock_guard lock(mutex_);
  open_.erase(trial.id);
}

void Folder::finish(const RunInfo& info, const std::vector<TrialResult>& results) {
  write_file_lazily(folder_ / "summary.csv", summary_csv(info, results));
  write_file_lazily(folder_ / "summary.md", summary_md(info, results));
  write_file_lazily(folder_ / "environment.json", environment_json(info, started_, utc_now()));
  const int fd = ::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  std::error_code ignored;
  fs::remove(folder_ / ".lock", ignored);
  if (fd >= 0) ::syncfs(fd), ::close(fd);
}

}  // namespace lehr::report
