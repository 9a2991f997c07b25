#include "experiments/report/board.h"

#include <limits>

#include "base/text.h"
#include "experiments/report/lines.h"
#include "tests/support/axes.h"
#include "tests/support/catch.h"
#include "tests/support/screen.h"

using namespace lehr;
using namespace lehr::report;

namespace {
// So many variants of so many seeds, 100 epochs of 10 steps each.
RunInfo run_of(std::size_t variants, std::size_t seeds) {
  RunInfo info;
  info.metrics = {"accuracy"};
  info.metric_percent = {true};
  info.validation_rows = 50;
  info.epochs = 100;
  std::vector<std::string> names;
  for (std::size_t v = 0; v < variants; ++v) names.push_back(variants == 1 ? "" : cat("a-variant-", v));
  info.axes = test::axes_of(names, "", {}, seeds);
  for (std::size_t i = 0; i < variants * seeds; ++i) {
    TrialInfo trial;
    trial.index = i, trial.levels = test::levels_at(info.axes, i), trial.seed = i % seeds, trial.epochs = 100, trial.steps = 1000;
    info.trials.push_back(trial);
  }
  return info;
}
void go(Board& board, const TrialInfo& trial, std::int64_t from, std::int64_t to, double loss) {
  for (std::int64_t step = from; step < to; ++step) board.live(trial)->updated(step, loss);
}
TrialResult result(double accuracy, Outcome outcome = Outcome::done) {
  TrialResult r;
  r.outcome = outcome;
  EpochRecord last;
  last.epoch = 100, last.step = 1000, last.evaluated = true, last.val = {Measured{accuracy, 0, 50}};
  r.epochs = {last};
  return r;
}
}  // namespace

TEST_CASE("a single trial's line moves within an epoch", "[report][progress]") {
  const RunInfo info = run_of(1, 1);
  Board board(info);
  board.started(info.trials[0], 0);
  CHECK(board.line(0).starts_with("run    epoch 1/100  0 %  0:00"));
  go(board, info.trials[0], 0, 255, 0.25);
  CHECK(board.lines(5, 120, 30, false) == std::vector<std::string>{
      "run  [#######.......................]  25 %  epoch 26/100  loss 0.25  51 steps/s  0:05  left 0:14"});
  CHECK(board.line(5) == "run    epoch 26/100  25 %  loss 0.25  51 steps/s  0:05  left 0:14");
  EpochRecord r;
  r.epoch = 25, r.step = 250, r.evaluated = true, r.val = {Measured{0.9, 0, 50}};
  board.epoch(info.trials[0], r);
  CHECK(board.line(5) == "run    epoch 26/100  25 %  loss 0.25  val_accuracy 90.00 %  51 steps/s  0:05  left 0:14");
}

TEST_CASE("where a training goes on, the rate is of what was made now", "[report][progress]") {
  const RunInfo info = run_of(1, 1);
  Board board(info);
  board.started(info.trials[0], 0);
  go(board, info.trials[0], 900, 910, 0.5);
  CHECK(board.line(10) == "run    epoch 92/100  91 %  loss 0.5  1.0 steps/s  0:10  left 1:30");
}

TEST_CASE("where the batch size moves, epochs that are over count whole", "[report][progress]") {
  const RunInfo info = run_of(1, 1);
  Board board(info);
  board.started(info.trials[0], 0);
  go(board, info.trials[0], 0, 100, 0.5);  // two updates an epoch where the first batch size makes ten
  EpochRecord r;
  r.epoch = 50, r.step = 100;
  board.epoch(info.trials[0], r);
  CHECK(board.line(10).find("epoch 51/100  50 %") != std::string::npos);
}

TEST_CASE("a variant is one line, its trials together, and a row once it has finished", "[report][progress]") {
  const RunInfo info = run_of(3, 2);
  Board board(info);
  for (std::size_t i = 0; i < 4; ++i) board.started(info.trials[i], 0);
  for (std::size_t i = 0; i < 4; ++i) go(board, info.trials[i], 0, 500, static_cast<double>(i));
  auto lines = board.lines(10, 120, 30, false);
  REQUIRE(lines.size() == 3);  // two variants under way, the whole
  CHECK(lines[0].find("0/2 runs  loss 0.5") != std::string::npos);
  CHECK(lines[1].find("0/2 runs  loss 2.5") != std::string::npos);
  CHECK(lines[2].find("33 %") != std::string::npos);
  CHECK(lines[2].starts_with("all"));
  board.finished(info.trials[0], result(0.9), 11);
  board.finished(info.trials[1], result(0.8), 12);
  lines = board.lines(12, 120, 30, false);
  REQUIRE(lines.size() == 4);
  CHECK(lines[0] == "finished     val_accuracy      sd  runs  time");
  CHECK(lines[1] == "a-variant-0       85.00 %  7.07 %     2  0:12");
  CHECK(lines[2].starts_with("a-variant-1"));
  CHECK(lines[3].find("2/6 runs") != std::string::npos);
  // What was asked to stop has not finished.
  for (std::size_t i = 2; i < 4; ++i) board.finished(info.trials[i], result(0.5, Outcome::interrupted), 13);
  for (std::size_t i = 4; i < 6; ++i) board.finished(info.trials[i], result(0, Outcome::interrupted), 13);
  lines = board.lines(13, 120, 30, false);
  REQUIRE(lines.size() == 3);
  CHECK(lines[2].find("2/6 runs") != std::string::npos);
  CHECK(lines[2].find("50 %") != std::string::npos);
}

TEST_CASE("the board stays within the window, whatever its size", "[report][progress]") {
  const RunInfo info = run_of(40, 2);
  Board board(info);
  for (const TrialInfo& trial : info.trials) board.started(trial, 0), go(board, trial, 0, 10 * static_cast<std::int64_t>(trial.index), 0.123456);
  for (std::size_t i = 0; i < 20; ++i) board.finished(info.trials[i], result(0.5), 3);
  for (const std::size_t columns : {1, 2, 10, 20, 40, 80, 200})
    for (const std::size_t rows : {1, 2, 3, 5, 12, 24, 60}) {
      INFO(columns << " x " << rows);
      const auto lines = board.lines(100, columns, rows, false);
      CHECK(lines.size() <= std::max<std::size_t>(rows, 3) - 1);
      for (const auto& line : lines) CHECK(width(line) < std::max<std::size_t>(columns, 2));
      if (columns >= 40) CHECK(lines.back().starts_with("all"));
      if (columns >= 40 && rows == 12) {
        CHECK(lines.size() == 11);
        CHECK(lines[9].starts_with("… and 21 more under way"));  // 30 of them
      }
    }
  const auto narrow = board.lines(100, 40, 24, false);
  CHECK(narrow[0].find("[") != std::string::npos);
  CHECK(narrow[0].find(" %") != std::string::npos);
}

TEST_CASE("a footer is drawn over itself, text goes above it, and nothing of it stays", "[report][progress]") {
  test::Screen screen(40);
  Footer footer;
  screen.write("before\n");
  screen.write(footer.draw("", {"one", "two"}, 40));
  CHECK(screen.text() == "before\none\ntwo");
  screen.write(footer.draw("", {"1"}, 40));
  CHECK(screen.text() == "before\n1");
  screen.write(footer.draw("said\n", {"\x1b[32mone\x1b[0m", "two", "three"}, 40));
  CHECK(screen.text() == "before\nsaid\none\ntwo\nthree");
  screen.write(footer.draw("last\n", {}, 40));
  screen.write("after\n");
  CHECK(screen.text() == "before\nsaid\nlast\nafter");
  CHECK(screen.strange.empty());
  CHECK(footer.draw("", {}, 40).empty());
  CHECK(footer.draw("text\n", {}, 40) == "text\n");
  // Lines of 30 columns stand in two rows each once the window has only 20.
  CHECK(footer.draw("", {std::string(30, 'x'), std::string(30, 'y')}, 40).find('A') == std::string::npos);
  CHECK(footer.draw("", {"z"}, 20).starts_with("\r\x1b[3A"));
}

TEST_CASE("seconds as a clock, words as a shell reads them", "[report][progress]") {
  CHECK(clock_text(0) == "0:00");
  CHECK(clock_text(67.9) == "1:07");
  CHECK(clock_text(3600) == "1:00:00");
  CHECK(clock_text(2 * 86400 + 3661) == "2 d 1:01:01");
  CHECK(clock_text(std::numeric_limits<double>::quiet_NaN()).empty());
  CHECK(clock_text(1e300).empty());
  CHECK(shell_word("runs/a-1") == "runs/a-1");
  CHECK(shell_word("my runs/it's") == "'my runs/it'\\''s'");
  CHECK(shell_word("") == "''");
}
