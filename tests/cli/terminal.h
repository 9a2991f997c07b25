#pragma once
#include <string>
#include <vector>

#include "tests/cli/program.h"

namespace lehr::test {

// The program on a pseudo-terminal of its own, which is its input, output and standard error.
class Terminal {
 public:
  // environment: "NAME=value", beside TERM=xterm.
  Terminal(const Workplace& place, const std::vector<std::string>& arguments, unsigned short columns, unsigned short rows, const std::vector<std::string>& environment = {});
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;
  // Reads on until `text` has come `times` times since the last call; false where the program ended before.
  bool until(const std::string& text, int times = 1);
  void resize(unsigned short columns, unsigned short rows);
  void key(char c);          // 3: Ctrl-C
  int end();                 // reads what comes until it ends; its exit code, 128 + signal where one ended it
  const std::string& shown() const { return shown_; }

 private:
  bool read();
  int descriptor_ = -1, process_ = -1;
  std::size_t from_ = 0;
  std::string shown_;
};

}  // namespace lehr::test
