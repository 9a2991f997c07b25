#include "experiments/report/events.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/text.h"
#include "tests/support/axes.h"
#include "tests/support/catch.h"

using namespace lehr;
using namespace lehr::report;
using Json = nlohmann::json;

namespace {
struct Pipe {
  int end[2] = {-1, -1};
  Pipe() { REQUIRE(::pipe(end) == 0); }
  ~Pipe() {
    for (const int fd : end)
      if (fd >= 0) ::close(fd);
  }
  void close(int which) { ::close(end[which]), end[which] = -1; }
  std::string read() {
    close(1);
    std::string out(1 << 20, '\0');
    std::size_t size = 0;
    for (ssize_t n = 0; (n = ::read(end[0], out.data() + size, out.size() - size)) > 0;) size += static_cast<std::size_t>(n);
    return out.substr(0, size);
  }
};
RunInfo info_of_one() {
  RunInfo info;
  info.name = "a \"name\"";
  info.axes = test::axes_of({"v"}, "lr", {"0.1"}, 1);
  info.metrics = {"accuracy"};
  TrialInfo trial;
  trial.id = "v/seed-0", trial.levels = {0, 0, 0}, trial.epochs = 2, trial.steps = 20;
  info.trials = {trial};
  return info;
}
}  // namespace

TEST_CASE("events are JSON objects, one a line, in their order", "[report][events]") {
  const RunInfo info = info_of_one();
  Pipe pipe;
  {
    Events events(cat(pipe.end[1]), false);
    CHECK(events.given() == pipe.end[1]);
    events.start(info);
    events.trial_started(info.trials[0]);
    EpochRecord r;
    r.epoch = 1, r.step = 10, r.loss = std::numeric_limits<double>::quiet_NaN(), r.evaluated = true, r.val_loss = 0.5, r.val = {Measured{0.75, 0, 4}};
    events.epoch(info.trials[0], r);
    events.state(info.trials[0], {});
    TrialResult result;
    result.epochs = {r};
    result.notes = {"bad \xff byte"};
    events.trial_finished(info.trials[0], result);
    events.finish(info, {result});
    CHECK(events.problem().empty());
  }
  const std::string text = pipe.read();
  CHECK(text.ends_with("}\n"));
  std::vector<std::string> kinds;
  std::vector<Json> lines;
  for (const auto& line : split(text.substr(0, text.size() - 1), '\n')) {
    lines.push_back(Json::parse(line));
    CHECK(lines.back().at("t").is_number());
    kinds.push_back(lines.back().at("event"));
  }
  CHECK(kinds == std::vector<std::string>{"run_started", "trial_started", "epoch", "state", "trial_finished", "run_finished"});
  CHECK(lines[0].at("name") == "a \"name\"");
  CHECK(lines[1].at("steps") == 20);
  CHECK(lines[1].at("point").at("lr") == "0.1");
  CHECK(lines[2].at("loss").is_null());
  CHECK(lines[2].at("val").at("accuracy") == 0.75);
  CHECK(lines[5].at("done") == 1);
  CHECK(lines[5].at("left_out") == 0);
}

TEST_CASE("a reader that goes away, or stands still, ends nothing", "[report][events]") {
  std::signal(SIGPIPE, SIG_IGN);
  const RunInfo info = info_of_one();
  SECTION("gone") {
    Pipe pipe;
    Events events(cat(pipe.end[1]), false);
    pipe.close(0);
    events.start(info);
    for (int i = 0; i < 1000; ++i) events.epoch(info.trials[0], {});
    events.finish(info, {});
    CHECK(events.problem().empty());
  }
  SECTION("standing still: what waits is bounded, and the end does not wait for it for ever") {
    Pipe pipe;
    Events events(cat(pipe.end[1]), false);
    events.start(info);
    for (int i = 0; i < 60'000; ++i) events.epoch(info.trials[0], {});
    events.finish(info, {});
    CHECK(events.problem() == "the reader stands still");
  }
  SECTION("no room") {
    Events events("/dev/full", false);
    events.start(info);
    events.finish(info, {});
    CHECK(events.problem() == "No space left on device");
  }
}

TEST_CASE("a target for events that is none is refused", "[report][events]") {
  CHECK_THROWS_WITH(Events("987", false), test::contains("no descriptor 987 is open (a file of that name is ./987)"));
  CHECK_THROWS_WITH(Events("99999999999999999999", false), test::contains("no descriptor 99999999999999999999 is open"));
  CHECK_THROWS_WITH(Events("/no/such/folder/x", false), test::contains("cannot write '/no/such/folder/x': No such file or directory"));
  CHECK_THROWS_WITH(Events("", false), test::contains("cannot write ''"));
  const Pipe pipe;
  CHECK_THROWS_WITH(Events(cat(pipe.end[0]), false), test::contains("is open for reading only"));
}
