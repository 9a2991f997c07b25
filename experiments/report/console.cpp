#include "experiments/report/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "experiments/report/lines.h"
#include "experiments/report/run_json.h"
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

constexpr std::size_t shown_failures = 10, shown_notes = 3;
}  // namespace

Console::Options console_options(bool quiet, bool json, std::string folder) {
  Console::Options o;
  o.quiet = quiet;
  o.json = json;
  o.folder = std::move(folder);
  o.terminal_out = ::isatty(STDOUT_FILENO) == 1;
  o.terminal_err = ::isatty(STDERR_FILENO) == 1;
  winsize size{};
  if (o.terminal_out && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) o.columns = size.ws_col;
  return o;
}

void Console::say(const std::string& text) const { (options_.json ? err : out)(wrapped(text, options_.columns, 7) + "\n"); }

void Console::start(const RunInfo& info) {
  const std::lock_guard lock(mutex_);
  info_ = info;
  begin_ = shown_ = std::chrono::steady_clock::now();
  for (const auto& warning : info.warnings) err(wrapped("note   " + warning, options_.columns, 7) + "\n");
  say("data   " + info.data_line);
  const std::string where = options_.folder.empty() ? "" : "   -> " + printable(options_.folder);
  say("plan   " + info.plan_line + where);
  std::fflush(stdout);
}

void Console::clear_bar() {
  if (options_.terminal_err && !options_.quiet) err("\r" + std::string(options_.columns > 0 ? options_.columns - 1 : 79, ' ') + "\r");
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
  err("\r" + (width(line) < columns ? pad_right(line, columns - 1) : cut(line, columns - 1)));
}

void Console::epoch(const TrialInfo& trial, const EpochRecord& r) {
  const std::lock_guard lock(mutex_);
  if (info_.trials.size() > 1) {
    const double done = static_cast<double>(finished_) / static_cast<double>(info_.trials.size());
    return progress(cat("run    ", finished_, "/", info_.trials.size(), " trials  [", std::string(static_cast<std::size_t>(20 * done), '#'),
                        std::string(20 - static_cast<std::size_t>(20 * done), '.'), "]  ", printable(trial.id), " epoch ", r.epoch, "/", info_.epochs),
                    false);
  }
  std::string line = cat("epoch  ", r.epoch, "/", info_.epochs, "  lr ", number(static_cast<float>(r.lr_last)), "  loss ", fixed(r.loss, 5));
  if (r.evaluated) {
    const auto shown = [](double v, bool percent) { return std::isnan(v) ? "undefined" : percent ? fixed(100 * v, 2) + " %" : fixed(v, 5); };
    line += "  val_loss " + shown(r.val_loss, false);
    for (std::size_t m = 0; m < r.val.size(); ++m) line += cat("  val_", info_.metrics[m], " ", shown(r.val[m].value, info_.metric_percent[m]));
  }
  progress(line + "  " + duration(r.seconds), r.epoch == info_.epochs);
  if (options_.quiet) return;
  for (const FollowEvent& e : r.events) {
    clear_bar();
    err(cat("event  epoch ", r.epoch, "  ", e.quantity, " ", number(static_cast<float>(e.before)), " -> ", number(static_cast<float>(e.after)), "  (", e.metric,
            " ", fixed(e.value, 5), e.restored.empty() ? "" : cat(", back to the ", e.restored, " parameters"), ")\n"));
  }
}

void Console::noted(const TrialInfo& trial, const std::string& text) {
  const std::lock_guard lock(mutex_);
  if (++notes_ > shown_notes) return;
  clear_bar();
  err(wrapped(cat("note   ", printable(trial.id), ": ", text), options_.columns, 7) + "\n");
}

void Console::trial_finished(const TrialInfo& trial, const TrialResult& result) {
  for (const auto& text : result.notes) noted(trial, text);
  const std::lock_guard lock(mutex_);
  ++finished_;
  if (result.outcome == Outcome::done || result.outcome == Outcome::interrupted) return;
  if (++unfinished_ > shown_failures) return;
  clear_bar();
  err(wrapped(cat("trial  ", printable(trial.id), " ", name(result.outcome), ": ", result.message), options_.columns, 7) + "\n");
}

void Console::print_tables(const RunInfo& info, const std::vector<TrialResult>& results) const {
  for (const auto& table : tables(info, results)) out(render(table, options_.columns));
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
  const std::lock_guard lock(mutex_);
  clear_bar();
  if (unfinished_ > shown_failures) err(cat("trial  … and ", unfinished_ - shown_failures, " more that did not finish: summary.md says why\n"));
  if (notes_ > shown_notes) err(cat("note   … and ", notes_ - shown_notes, " more of other trials: summary.md has them\n"));
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
  if (options_.json)
    out(run_json(info, results, options_.folder, seconds));
  else
    print_tables(info, results);
  std::size_t done = 0, interrupted = 0;
  for (const auto& r : results) done += r.outcome == Outcome::done, interrupted += r.outcome == Outcome::interrupted;
  say(cat(grouped(static_cast<long long>(done)), done == results.size() ? "" : cat(" of ", grouped(static_cast<long long>(results.size()))),
          results.size() == 1 ? " run" : " runs", done == results.size() ? "" : " finished", " in ", duration(seconds),
          options_.folder.empty() ? "" : "; results: " + printable(options_.folder) + "/summary.csv"));
  if (interrupted > 0)
    err(wrapped(cat("interrupted: lehr resume ", printable(options_.folder), " goes on from here"), options_.columns, 0) + "\n");
  if (std::fflush(stdout) != 0 || std::ferror(stdout) != 0)
    throw Error("cannot write to standard output; the results are in ", quote(options_.folder)).code(Exit::failed);
}

}  // namespace lehr::report
