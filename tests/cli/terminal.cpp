#include "tests/cli/terminal.h"

#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "tests/support/catch.h"

namespace lehr::test {

Terminal::Terminal(const Workplace& place, const std::vector<std::string>& arguments, unsigned short columns, unsigned short rows,
                   const std::vector<std::string>& environment) {
  const std::string folder = place.path("").string(), program = LEHR_BINARY;
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  std::vector<std::string> settings = environment;
  const winsize size{rows, columns, 0, 0};
  process_ = ::forkpty(&descriptor_, nullptr, nullptr, &size);
  REQUIRE(process_ >= 0);
  if (process_ > 0) return;
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  for (auto& setting : settings) ::putenv(setting.data());
  if (::chdir(folder.c_str()) == 0) ::execv(program.c_str(), pointers.data());
  ::_exit(127);
}

Terminal::~Terminal() {
  if (process_ > 0) ::kill(process_, SIGKILL), ::waitpid(process_, nullptr, 0);
  ::close(descriptor_);
}

bool Terminal::read() {
  char part[4096];
  const ssize_t n = ::read(descriptor_, part, sizeof part);  // an error once the other side is closed
  if (n > 0) shown_.append(part, static_cast<std::size_t>(n));
  return n > 0;
}

bool Terminal::until(const std::string& text, int times) {
  while (times > 0) {
    if (const auto at = shown_.find(text, from_); at != std::string::npos) from_ = at + text.size(), --times;
    else if (!read()) return false;
  }
  return true;
}

void Terminal::resize(unsigned short columns, unsigned short rows) {
  const winsize size{rows, columns, 0, 0};
  REQUIRE(::ioctl(descriptor_, TIOCSWINSZ, &size) == 0);
}

void Terminal::key(char c) { REQUIRE(::write(descriptor_, &c, 1) == 1); }

int Terminal::end() {
  while (read()) {}
  int status = 0;
  REQUIRE(::waitpid(process_, &status, 0) == process_);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace lehr::test
