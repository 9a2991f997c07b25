#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "tests/cli/terminal.h"
#include "tests/support/catch.h"
#include "tests/support/screen.h"

using namespace lehr;
using test::experiment;
using test::Terminal;
using test::Workplace;

namespace {
// Longer than anybody waits, in epochs of 8 steps.
std::string endless() { return experiment("epochs: 2", "epochs: 2000000"); }
std::string without_escapes(const std::string& text) {
  test::Screen wide(100'000);
  wide.write(text);
  return wide.text();
}
}  // namespace

TEST_CASE("on a terminal a board is drawn while a run goes, and is gone at its end", "[cli][progress]") {
  for (const unsigned short columns : {40, 80}) {
    INFO(columns);
    Workplace place;
    place.write("long.yaml", endless());
    Terminal terminal(place, {"run", "long.yaml", "--jobs", "1"}, columns, 24);
    REQUIRE(terminal.until("left ", 3));
    terminal.key(3);
    CHECK(terminal.end() == 130);
    INFO(terminal.shown());
    test::Screen screen(columns);
    screen.write(terminal.shown());
    CHECK(screen.strange.empty());
    const std::string end = screen.text();
    INFO(end);
    CHECK(end.find("left ") == std::string::npos);  // nothing of it stays
    CHECK(end.find('#') == std::string::npos);
    CHECK(end.find("interrupted: lehr resume runs/long") != std::string::npos);
    if (columns == 80) CHECK(terminal.shown().find("loss ") != std::string::npos);
    CHECK((terminal.shown().find("steps/s") != std::string::npos) == (columns == 80));
    CHECK(terminal.shown().find("run  [") != std::string::npos);
  }
}

TEST_CASE("the board follows the window", "[cli][progress]") {
  Workplace place;
  place.write("long.yaml", endless());
  Terminal terminal(place, {"run", "long.yaml", "--jobs", "1"}, 120, 24);
  REQUIRE(terminal.until("steps/s", 2));
  terminal.resize(30, 10);
  REQUIRE(terminal.until("\x1b[J", 3));  // what was drawn in between is through
  const std::size_t from = terminal.shown().size();
  REQUIRE(terminal.until("\x1b[J", 3));
  terminal.key(3);
  const std::string drawn = terminal.shown().substr(from);
  for (const auto& line : split(without_escapes(drawn), '\n')) CHECK(width(line) < 30);
  CHECK(terminal.end() == 130);
}

TEST_CASE("colours are for terminals, and NO_COLOR is heard", "[cli][progress]") {
  struct Row {
    const char* setting;
    bool colour, board;
  };
  for (const Row row : {Row{"A=b", true, true}, Row{"NO_COLOR=1", false, true}, Row{"NO_COLOR=", true, true}, Row{"TERM=dumb", false, false}}) {
    INFO(row.setting);
    Workplace place;
    place.write("long.yaml", experiment("epochs: 2", "epochs: 20000"));
    Terminal terminal(place, {"run", "long.yaml", "--jobs", "1", "--seeds", "1"}, 100, 24, {row.setting});
    CHECK(terminal.end() == 0);
    INFO(terminal.shown());
    CHECK((terminal.shown().find("\x1b[32m") != std::string::npos) == row.colour);
    CHECK((terminal.shown().find('\x1b') != std::string::npos) == row.board);
  }
}

TEST_CASE("--quiet draws nothing on a terminal", "[cli][progress]") {
  Workplace place;
  place.write("short.yaml", experiment());
  Terminal terminal(place, {"run", "short.yaml", "--quiet"}, 80, 24);
  CHECK(terminal.end() == 0);
  CHECK(terminal.shown().find('\x1b') == std::string::npos);
}

TEST_CASE("a log has a line an epoch, no carriage return and no escape", "[cli][progress]") {
  Workplace place;
  place.write("short.yaml", experiment("epochs: 2", "epochs: 30"));
  const auto one = place.lehr("run short.yaml --seeds 1");
  CHECK(one.code == 0);
  int lines = 0;
  for (const auto& line : split(one.err, '\n')) lines += line.starts_with("epoch  ");
  CHECK(lines == 30);
  CHECK(one.both().find_first_of("\r\x1b") == std::string::npos);
  const auto many = place.lehr("run short.yaml --force --seeds 3");
  CHECK(many.err.find("epoch  ") == std::string::npos);
  CHECK(many.both().find_first_of("\r\x1b") == std::string::npos);
  const auto quiet = place.lehr("run short.yaml --force --seeds 1 --quiet");
  CHECK(quiet.err.find("epoch  ") == std::string::npos);
}

TEST_CASE("--events tells what happens, to a file or a descriptor", "[cli][events]") {
  Workplace place;
  place.write("short.yaml", experiment());
  const auto kinds = [](const std::string& text) {
    std::map<std::string, int> out;
    for (const auto& line : split(text, '\n'))
      if (!line.empty()) ++out[nlohmann::json::parse(line).at("event").get<std::string>()];
    return out;
  };
  const std::map<std::string, int> expected{{"run_started", 1}, {"trial_started", 2}, {"epoch", 4}, {"state", 2}, {"trial_finished", 2}, {"run_finished", 1}};
  CHECK(place.lehr("run short.yaml --events all.jsonl").code == 0);
  CHECK(kinds(place.read("all.jsonl")) == expected);
  CHECK(place.lehr("run short.yaml --force --events all.jsonl").code == 0);  // begun anew
  CHECK(kinds(place.read("all.jsonl")) == expected);
  CHECK(place.lehr("run short.yaml --force --events 7 7>seven").code == 0);
  CHECK(kinds(place.read("seven")) == expected);
  const auto out = place.lehr("run short.yaml --force --events 1");  // then the tables are not there
  CHECK(kinds(out.out) == expected);
  CHECK(out.err.find("2 runs in") != std::string::npos);
  // A follower that leaves costs the run nothing.
  CHECK(place.lehr("run short.yaml --force --events 7 7>&1 >tables; echo $? >code; } | head -c 1 >/dev/null", "{").code == 0);
  CHECK(place.read("code") == "0\n");
  CHECK_FALSE(place.read("tables").empty());
  CHECK(place.status("runs/short/seed-1").find("\"done\"") != std::string::npos);
}

TEST_CASE("--events goes on in its file when a run goes on", "[cli][events]") {
  Workplace place;
  place.write("short.yaml", experiment());
  CHECK(place.lehr("run short.yaml --seeds 1 --events all.jsonl").code == 0);
  const std::string before = place.read("all.jsonl");
  CHECK(place.lehr("resume runs/short --seeds 2 --events all.jsonl").code == 0);
  CHECK(place.read("all.jsonl").starts_with(before));
  CHECK(place.read("all.jsonl").size() > before.size());
}

TEST_CASE("--events refuses what it cannot write to, before anything else", "[cli][events]") {
  Workplace place;
  place.write("short.yaml", experiment());
  for (const auto& [arguments, message] : {std::pair("--events 9", "no descriptor 9 is open"), std::pair("--events 0", "reading only"),
                                          std::pair("--events 1 --json", "both want standard output"), std::pair("--events x --dry-run", "--dry-run"),
                                          std::pair("--events no/such/x", "No such file or directory")}) {
    const auto ran = place.lehr(std::string("run short.yaml ") + arguments);
    INFO(ran.both());
    CHECK(ran.code == 2);
    CHECK(ran.err.find(message) != std::string::npos);
    CHECK_FALSE(place.exists("runs"));
  }
}

namespace {
// Is this signal handled by the process, other than by its default?
bool handles(pid_t process, int signal) {
  const auto status = [&] {
    std::string text(4096, '\0');
    const int fd = ::open(cat("/proc/", process, "/status").c_str(), O_RDONLY);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::read(fd, text.data(), text.size()))));
    ::close(fd);
    return text;
  }();
  const auto at = status.find("SigCgt:");
  return at != std::string::npos && (std::stoull(status.substr(at + 7, 20), nullptr, 16) >> (signal - 1) & 1) != 0;
}
}  // namespace

// Its standard output is a full pipe, so that it cannot end by itself after the first signal.
TEST_CASE("a second signal ends the program at once", "[cli][progress]") {
  struct Row {
    int first, second;
  };
  for (const Row row : {Row{SIGINT, SIGINT}, Row{SIGTERM, SIGINT}, Row{SIGINT, SIGTERM}}) {
    Workplace place;
    place.write("long.yaml", endless());
    int pipe[2];
    REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
    const std::string full(static_cast<std::size_t>(::fcntl(pipe[1], F_GETPIPE_SZ)), 'x');
    REQUIRE(::write(pipe[1], full.data(), full.size()) == static_cast<ssize_t>(full.size()));
    const std::string folder = place.path("").string();
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_addchdir_np(&files, folder.c_str());
    ::posix_spawn_file_actions_adddup2(&files, pipe[1], STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    std::string program = LEHR_BINARY, command = "run", file = "long.yaml";
    char* const words[] = {program.data(), command.data(), file.data(), nullptr};
    pid_t process = -1;
    REQUIRE(::posix_spawn(&process, LEHR_BINARY, &files, nullptr, words, environ) == 0);  // back once the program runs: handlers of the tests are gone
    ::posix_spawn_file_actions_destroy(&files);
    int status = 0;
    while (!handles(process, row.first) && ::waitpid(process, &status, WNOHANG) == 0) ::sched_yield();
    ::kill(process, row.first);
    while (handles(process, row.first) && ::waitpid(process, &status, WNOHANG) == 0) ::sched_yield();
    REQUIRE(::waitpid(process, &status, WNOHANG) == 0);  // it has heard the first and goes on
    CHECK_FALSE(handles(process, row.second));
    ::kill(process, handles(process, row.second) ? SIGKILL : row.second);
    REQUIRE(::waitpid(process, &status, 0) == process);
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == row.second);
    ::close(pipe[0]), ::close(pipe[1]);
  }
}
