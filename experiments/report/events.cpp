#include "experiments/report/events.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "experiments/report/environment.h"

namespace lehr::report {

namespace {
using Json = nlohmann::ordered_json;

constexpr std::size_t most_waiting = std::size_t{4} << 20;  // bytes; then epochs and states are left out
constexpr int patience = 2000;                              // ms at the end, for a reader that stands still
constexpr int blink = 100;                                  // ms

std::string reason() { return std::strerror(errno); }

Json real(double v) { return std::isfinite(v) ? Json(v) : Json(nullptr); }

std::string json_line(const Json& line) { return line.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json measured(const std::vector<std::string>& names, const std::vector<Measured>& values) {
  Json out = Json::object();
  for (std::size_t i = 0; i < std::min(names.size(), values.size()); ++i) out[names[i]] = real(values[i].value);
  return out;
}
}  // namespace

Events::Events(const std::string& target, bool append) : target_(target), append_(append) {
  const bool digits = !target.empty() && target.find_first_not_of("0123456789") == std::string::npos;
  if (!digits) {
    descriptor_ = ::open(target.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0666);
    if (descriptor_ < 0) throw Error("--events: cannot write ", quote(target), ": ", reason());
    return;
  }
  int number = -1;
  const auto read = std::from_chars(target.data(), target.data() + target.size(), number);
  const int flags = read.ec == std::errc() ? ::fcntl(number, F_GETFL) : -1;
  if (flags < 0) throw Error("--events: no descriptor ", target, " is open (a file of that name is ./", target, ")");
  if ((flags & O_ACCMODE) == O_RDONLY) throw Error("--events: descriptor ", target, " is open for reading only");
  descriptor_ = ::fcntl(number, F_DUPFD_CLOEXEC, 3);
  if (descriptor_ < 0) throw Error("--events: descriptor ", target, ": ", reason());
  given_ = number;
}

Events::~Events() {
  end();
  ::close(descriptor_);
}

void Events::start(const RunInfo& info) {
  begin_ = std::chrono::steady_clock::now();
  axes_ = info.axes, metrics_ = info.metrics;
  struct stat kind {};
  if (given_ < 0 && !append_ && ::fstat(descriptor_, &kind) == 0 && S_ISREG(kind.st_mode) && ::ftruncate(descriptor_, 0) != 0) problem_ = reason();
  thread_ = std::jthread([this](const std::stop_token& stop) { write(stop); });
  Json variants = Json::array();
  for (const auto& variant : info.axes.variants()) variants.push_back(variant);
  hand_over(json_line({{"event", "run_started"}, {"t", 0.0}, {"format", 1}, {"time", utc_now()}, {"name", info.name}, {"folder", folder_}, {"pid", ::getpid()},
                 {"trials", info.trials.size()}, {"variants", variants}, {"swept", info.axes.swept()}, {"metrics", info.metrics}, {"jobs", info.jobs},
                 {"threads", info.threads}}),
            false);
}

void Events::trial_started(const TrialInfo& trial) {
  Json point = Json::object();
  const auto& values = axes_.point(trial.levels);
  for (std::size_t k = 0; k < values.size(); ++k) point[axes_.swept()[k]] = values[k];
  Json line{{"event", "trial_started"}, {"t", now()}, {"trial", trial.id}, {"variant", axes_.variant(trial.levels)}, {"point", point}};
  if (const Axis::Level* fold = axes_.level(trial.levels, Axis::Role::fold)) line["fold"] = join(fold->values, ".");
  line["seed"] = trial.seed, line["epochs"] = trial.epochs, line["steps"] = trial.steps;
  hand_over(json_line(line), false);
}

void Events::epoch(const TrialInfo& trial, const EpochRecord& r) {
  Json line{{"event", "epoch"}, {"t", now()}, {"trial", trial.id}, {"epoch", r.epoch}, {"step", r.step}, {"samples", r.samples}, {"lr", real(r.lr_last)},
            {"loss", real(r.loss)}, {"train", measured(metrics_, r.train)}};
  if (r.evaluated) line["val_loss"] = real(r.val_loss), line["val"] = measured(metrics_, r.val);
  if (r.average_loss) line["average_val_loss"] = real(*r.average_loss), line["average_val"] = measured(metrics_, r.average);
  for (const FollowEvent& e : r.events) {
    Json change{{"step", e.step}, {"quantity", e.quantity}, {"metric", e.metric}, {"value", real(e.value)}, {"before", real(e.before)}, {"after", real(e.after)}};
    if (!e.restored.empty()) change["restored"] = e.restored;
    line["changes"].push_back(std::move(change));
  }
  hand_over(json_line(line), true);
}

void Events::state(const TrialInfo& trial, const Saved& saved) {
  hand_over(json_line({{"event", "state"}, {"t", now()}, {"trial", trial.id}, {"epochs", saved.epoch}, {"step", saved.step}, {"finished", saved.finished}}),
            true);
}

void Events::trial_finished(const TrialInfo& trial, const TrialResult& r) {
  Json line{{"event", "trial_finished"}, {"t", now()}, {"trial", trial.id}, {"variant", axes_.variant(trial.levels)}, {"seed", trial.seed}, {"outcome", name(r.outcome)},
            {"message", r.message}, {"seconds", r.seconds}, {"epochs", r.epochs.empty() ? 0 : r.epochs.back().epoch}, {"best_epoch", r.best_epoch}};
  if (!r.epochs.empty()) {
    const EpochRecord& last = r.epochs.back();
    line["loss"] = real(last.loss);
    if (last.evaluated) line["val_loss"] = real(last.val_loss), line["val"] = measured(metrics_, last.val);
  }
  if (r.test_rows > 0) line["test_loss"] = real(r.test_loss), line["test"] = measured(metrics_, r.test);
  line["notes"] = r.notes;
  hand_over(json_line(line), false);
}

void Events::noted(const TrialInfo& trial, const std::string& text) {
  hand_over(json_line({{"event", "note"}, {"t", now()}, {"trial", trial.id}, {"text", text}}), false);
}

void Events::finish(const RunInfo& info, const std::vector<TrialResult>& results) {
  Json line{{"event", "run_finished"}, {"t", now()}, {"trials", info.trials.size()}};
  for (const Outcome o : {Outcome::done, Outcome::diverged, Outcome::failed, Outcome::interrupted, Outcome::cut})
    line[name(o)] = std::ranges::count(results, o, &TrialResult::outcome);
  {
    const std::lock_guard lock(mutex_);
    line["left_out"] = left_out_;
  }
  hand_over(json_line(line), false);
  end();
}

void Events::hand_over(std::string line, bool may_go) {
  const std::lock_guard lock(mutex_);
  if (closed_) return;
  if (may_go && waiting_.size() > most_waiting) return void(++left_out_);
  line += '\n';
  waiting_ += line;
  woken_.notify_one();
}

// As much of the text as goes without waiting: a pipe that is ready takes PIPE_BUF bytes at once. False: nobody reads any more.
bool Events::write_part(std::string_view& rest) {
  pollfd ready{descriptor_, POLLOUT, 0};
  if (::poll(&ready, 1, blink) <= 0 || (ready.revents & (POLLOUT | POLLERR | POLLHUP | POLLNVAL)) == 0) return true;
  const ssize_t done = ::write(descriptor_, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
  if (done >= 0) return rest.remove_prefix(static_cast<std::size_t>(done)), true;
  if (errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK) return true;
  if (errno != EPIPE && errno != ECONNRESET) problem_ = reason();
  return false;
}

void Events::write(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (true) {
    woken_.wait(lock, stop, [&] { return !waiting_.empty(); });
    if (waiting_.empty()) return;  // the end
    std::string lines;
    lines.swap(waiting_);
    lock.unlock();
    auto moved = std::chrono::steady_clock::now();
    bool open = true;
    for (std::string_view rest = lines; open && !rest.empty();) {
      const std::size_t before = rest.size();
      open = write_part(rest);
      if (rest.size() < before || !stop.stop_requested()) moved = std::chrono::steady_clock::now();
      if (std::chrono::steady_clock::now() - moved < std::chrono::milliseconds(patience)) continue;
      open = false, problem_ = "the reader stands still";
    }
    lock.lock();
    if (open) continue;
    closed_ = true;
    waiting_ = {};
    return;
  }
}

void Events::end() {
  if (thread_.joinable()) thread_.request_stop(), thread_.join();
}

}  // namespace lehr::report
