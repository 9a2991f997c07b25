#include "experiments/report/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "base/error.h"
#include "experiments/report/run_json.h"
#include "experiments/report/table.h"

namespace lehr::report {

namespace {
void err(const std::string& text) { std::fputs(text.c_str(), stderr); }

std::string duration(double seconds) {
  if (seconds < 10) return fixed(seconds, 2) + " s";
  if (seconds < 120) return fixed(seconds, 0) + " s";
  return cat(static_cast<long long>(seconds / 60), " min ", static_cast<long long>(seconds) % 60, " s");
}

constexpr std::size_t shown_failures = 10, shown_notes = 3;
constexpr auto between_drawings = std::chrono::milliseconds(100);
constexpr double between_lines = 30;
constexpr std::int64_t many_epochs = 1000;  // of so many a log has at most a line a second

winsize terminal_size(int descriptor) {
  winsize size{};
  if (::isatty(descriptor) != 1 || ::ioctl(descriptor, TIOCGWINSZ, &size) != 0) size = {};
  return size;
}
// A job in the background does not draw over what its shell shows.
bool in_front() {
  const pid_t group = ::tcgetpgrp(STDERR_FILENO);
  return group < 0 || group == ::getpgrp();
}
bool set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}
}  // namespace

Console::Options console_options(bool quiet, bool json, std::string folder) {
  Console::Options o;
  o.quiet = quiet;
  o.json = json;
  o.folder = std::move(folder);
  o.columns = terminal_size(STDOUT_FILENO).ws_col;
  o.error_columns = terminal_size(STDERR_FILENO).ws_col;
  o.board = ::isatty(STDERR_FILENO) == 1 && set("TERM") && std::string(std::getenv("TERM")) != "dumb";
  o.colour = o.board && !set("NO_COLOR");
  return o;
}

Console::~Console() { end(); }

void Console::out(const std::string& text) const { std::fputs(text.c_str(), options_.taken ? stderr : stdout); }

void Console::say(const std::string& text) const {
  const bool to_error = options_.json || options_.taken;
  std::fputs((wrapped(text, to_error ? options_.error_columns : options_.columns, 7) + "\n").c_str(), to_error ? stderr : stdout);
}

void Console::start(const RunInfo& info) {
  info_ = info;
  board_ = std::make_unique<Board>(info_);
  begin_ = std::chrono::steady_clock::now();
  for (const auto& warning : info.warnings) err(wrapped("note   " + warning, options_.error_columns, 7) + "\n");
  say("data   " + info.data_line);
  const std::string where = options_.folder.empty() ? "" : "   -> " + printable(options_.folder);
  say("plan   " + info.plan_line + where);
  std::fflush(stdout);
  if (!options_.folder.empty()) thread_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
}

void Console::follow(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!woken_.wait_for(lock, stop, between_drawings, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) break;
    if (options_.stop && *options_.stop && !stopping_) {
      stopping_ = true;
      pending_ += wrapped("stop   where the trials stand is being saved; a second signal ends the program at once", options_.error_columns, 7) + "\n";
    }
    if (!options_.quiet && !options_.board && now() - logged_ >= between_lines) logged_ = now(), pending_ += board_->line(now()) + "\n";
    std::string text;
    text.swap(pending_);
    std::vector<std::string> lines;
    const winsize size = terminal_size(STDERR_FILENO);
    const std::size_t columns = size.ws_col > 0 ? size.ws_col : 80, rows = size.ws_row > 0 ? size.ws_row : 24;
    if (options_.board) {
      if (!options_.quiet && in_front()) lines = board_->lines(now(), columns, rows, options_.colour);
      text = footer_.draw(text, lines, columns);
    }
    lock.unlock();
    err(text);
    lock.lock();
  }
}

// The board goes, what is left to be told is told.
void Console::end() {
  if (thread_.joinable()) thread_.request_stop(), thread_.join();
  const std::size_t columns = terminal_size(STDERR_FILENO).ws_col;
  err(options_.board ? footer_.draw(pending_, {}, columns) : pending_);
  pending_.clear();
}

void Console::tell(const std::string& line) { pending_ += wrapped(line, options_.error_columns, 7) + "\n"; }

void Console::trial_started(const TrialInfo& trial) {
  const std::lock_guard lock(mutex_);
  board_->started(trial, now());
}

Live* Console::live(const TrialInfo& trial) {
  const std::lock_guard lock(mutex_);
  return board_->live(trial);
}

void Console::epoch(const TrialInfo& trial, const EpochRecord& r) {
  const std::lock_guard lock(mutex_);
  board_->epoch(trial, r);
  if (options_.quiet || info_.trials.size() > 1) return;
  if (!options_.board) epoch_line(r);
  for (const FollowEvent& e : r.events)
    tell(cat("event  epoch ", r.epoch, "  ", e.quantity, " ", number(static_cast<float>(e.before)), " -> ", number(static_cast<float>(e.after)), "  (", e.metric,
             " ", fixed(e.value, 5), e.restored.empty() ? "" : cat(", back to the ", e.restored, " parameters"), ")"));
}

void Console::epoch_line(const EpochRecord& r) {
  if (info_.epochs > many_epochs && r.epoch < info_.epochs && r.epoch > 1 && now() - logged_ < 1) return;
  logged_ = now();
  std::string line = cat("epoch  ", r.epoch, "/", info_.epochs, "  lr ", number(static_cast<float>(r.lr_last)), "  loss ", fixed(r.loss, 5));
  if (r.evaluated) {
    const auto shown = [](double v, bool percent) { return std::isnan(v) ? "undefined" : percent ? fixed(100 * v, 2) + " %" : fixed(v, 5); };
    line += "  val_loss " + shown(r.val_loss, false);
    for (std::size_t m = 0; m < r.val.size(); ++m) line += cat("  val_", info_.metrics[m], " ", shown(r.val[m].value, info_.metric_percent[m]));
  }
  pending_ += line + "  " + duration(r.seconds) + "\n";
}

void Console::noted(const TrialInfo& trial, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (++notes_ <= shown_notes) tell(cat("note   ", printable(trial.id), ": ", text));
}

void Console::trial_finished(const TrialInfo& trial, const TrialResult& result) {
  for (const auto& text : result.notes) noted(trial, text);
  const std::lock_guard lock(mutex_);
  board_->finished(trial, result, now());
  if (result.outcome == Outcome::done || result.outcome == Outcome::interrupted || result.outcome == Outcome::cut) return;
  if (++unfinished_ <= shown_failures) tell(cat("trial  ", printable(trial.id), " ", name(result.outcome), ": ", result.message));
}

void Console::print_tables(const RunInfo& info, const std::vector<TrialResult>& results) const {
  for (const auto& table : tables(info, results, pooled_)) out(render(table, options_.taken ? options_.error_columns : options_.columns));
  if (results.size() == 1)
    for (const auto& counted : results.front().tallies)
      out(cat("confusion of the ", counted.rows, " rows\n", text(counted.tally, info.classes)));
  else if (std::ranges::any_of(results, [](const TrialResult& r) { return !r.tallies.empty(); }))
    out("  the counts of each run are in run.db, table tally\n");
  if (info.validation_rows > 0) return;
  for (const auto& r : results)
    if (!r.epochs.empty()) out(cat(printable(r.id), "  loss ", fixed(r.epochs.back().loss, 5), "\n"));
}

void Console::finish(const RunInfo& info, const std::vector<TrialResult>& results) {
  end();
  if (unfinished_ > shown_failures) err(cat("trial  … and ", unfinished_ - shown_failures, " more that did not finish: summary.md says why\n"));
  if (notes_ > shown_notes) err(cat("note   … and ", notes_ - shown_notes, " more of other trials: summary.md has them\n"));
  const double seconds = now();
  if (options_.json)
    out(run_json(info, results, options_.folder, seconds, pooled_));
  else
    print_tables(info, results);
  std::size_t done = 0, interrupted = 0, cut = 0;  // what a search ended has come to its end
  for (const auto& r : results) cut += r.outcome == Outcome::cut, interrupted += r.outcome == Outcome::interrupted;
  for (const auto& r : results) done += r.outcome == Outcome::done || r.outcome == Outcome::cut;
  say(cat(grouped(static_cast<long long>(done)), done == results.size() ? "" : cat(" of ", grouped(static_cast<long long>(results.size()))),
          results.size() == 1 ? " run" : " runs", done == results.size() ? "" : " finished", cut > 0 ? cat(", ", grouped(static_cast<long long>(cut)), " of them ended early by the search,") : "", " in ", duration(seconds),
          options_.folder.empty() ? "" : "; results: " + printable(options_.folder) + "/summary.csv"));
  if (interrupted > 0)
    err(cat("interrupted: lehr resume ", shell_word(options_.folder), " goes on from here\n"));
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Error("cannot write to standard output; the results are in ", quote(options_.folder)).code(Exit::failed);
}

}  // namespace lehr::report
