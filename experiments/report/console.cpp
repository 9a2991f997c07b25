#include "experiments/report/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>

#include "experiments/report/table.h"

namespace lehr::report {

namespace {
void out(const std::string& text) { std::fputs(text.c_str(), stdout); }
void err(const std::string& text) { std::fputs(text.c_str(), stderr); }

std::string duration(double seconds) {
  if (seconds < 10) return fixed(seconds, 2) + " s";
  if (seconds < 120) return fixed(seconds, 0) + " s";
  return cat(static_cast<long long>(seconds / 60), " min ", static_cast<long long>(seconds) % 60, " s");
}
}  // namespace

Console::Options console_options(bool quiet, std::string folder) {
  Console::Options o;
  o.quiet = quiet;
  o.folder = std::move(folder);
  o.terminal_out = ::isatty(STDOUT_FILENO) == 1;
  o.terminal_err = ::isatty(STDERR_FILENO) == 1;
  winsize size{};
  if (o.terminal_out && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) o.columns = size.ws_col;
  return o;
}

void Console::start(const RunInfo& info) {
  const std::lock_guard lock(mutex_);
  info_ = info;
  begin_ = shown_ = std::chrono::steady_clock::now();
  for (const auto& warning : info.warnings) err("note   " + warning + "\n");
  out("data   " + info.data_line + "\n");
  out("plan   " + info.plan_line + (options_.folder.empty() ? "" : "   -> " + printable(options_.folder)) + "\n");
  std::fflush(stdout);
}

void Console::progress(const std::string& line, bool last) {
  if (options_.quiet) return;
  const auto now = std::chrono::steady_clock::now();
  const double since = std::chrono::duration<double>(now - shown_).count();
  const double interval = options_.terminal_err ? 0.1 : info_.trials.size() > 1 ? 30 : 1;
  if (since < interval && !(last && options_.terminal_err)) return;
  shown_ = now;
  if (!options_.terminal_err) return err(line + "\n");
  const std::size_t columns = options_.columns > 0 ? options_.columns : 80;
  err("\r" + (width(line) < columns ? pad_right(line, columns - 1) : line.substr(0, columns - 1)));
}

void Console::epoch(const TrialInfo& trial, const EpochRecord& r) {
  const std::lock_guard lock(mutex_);
  if (info_.trials.size() > 1) {
    const double done = static_cast<double>(finished_) / static_cast<double>(info_.trials.size());
    return progress(cat("run    ", finished_, "/", info_.trials.size(), " trials  [", std::string(static_cast<std::size_t>(20 * done), '#'),
                        std::string(20 - static_cast<std::size_t>(20 * done), '.'), "]  ", trial.id, " epoch ", r.epoch, "/", info_.epochs), false);
  }
  std::string line = cat("epoch  ", r.epoch, "/", info_.epochs, "  lr ", number(static_cast<float>(r.lr_last)), "  loss ", fixed(r.loss, 5));
  if (r.evaluated) {
    line += "  val_loss " + fixed(r.val_loss, 5);
    for (std::size_t m = 0; m < r.val.size(); ++m)
      line += cat("  val_", info_.metrics[m], " ", info_.metric_percent[m] ? fixed(100 * r.val[m].value, 2) + " %" : fixed(r.val[m].value, 5));
  }
  progress(line + "  " + duration(r.seconds), r.epoch == info_.epochs);
}

void Console::trial_finished(const TrialInfo& trial, const TrialResult& result, const Artifacts&) {
  const std::lock_guard lock(mutex_);
  ++finished_;
  if (result.outcome == Outcome::done || result.outcome == Outcome::interrupted) return;
  if (options_.terminal_err && !options_.quiet) err("\n");
  err(cat("trial  ", trial.id, " ", name(result.outcome), ": ", result.message, "\n"));
}

void Console::finish(const RunInfo& info, const std::vector<TrialResult>& results) {
  const std::lock_guard lock(mutex_);
  if (options_.terminal_err && !options_.quiet) err("\r" + std::string(options_.columns > 0 ? options_.columns - 1 : 79, ' ') + "\r");
  for (const auto& table : tables(info, results)) out(render(table, options_.columns));
  if (info.validation_rows == 0)
    for (const auto& r : results)
      if (!r.epochs.empty()) out(cat(r.id, "  loss ", fixed(r.epochs.back().loss, 5), "\n"));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  std::size_t done = 0;
  for (const auto& r : results) done += r.outcome == Outcome::done;
  out(cat(done, done == 1 ? " run" : " runs", done == results.size() ? "" : cat(" of ", results.size()), " in ", duration(seconds),
          options_.folder.empty() ? "" : "; results: " + printable(options_.folder) + "/summary.csv", "\n"));
  std::fflush(stdout);
}

}  // namespace lehr::report
