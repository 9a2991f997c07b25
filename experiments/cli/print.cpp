#include "experiments/cli/print.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/error.h"
#include "experiments/report/lines.h"

namespace lehr::cli {

void print(const std::string& text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw Error("cannot write to standard output: ", std::strerror(errno)).code(Exit::failed);
}

std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right, std::size_t columns) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width(row[i]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += (i < right.size() && right[i] ? pad_left(row[i], widths[i]) : pad_right(row[i], widths[i])) + "  ";
    line.erase(line.find_last_not_of(' ') + 1);
    if (columns > 0 && width(line) > columns) line = report::cut(line, columns - 1) + "…";
    out += line + "\n";
  }
  return out;
}

std::size_t terminal_columns() {
  winsize size{};
  return ::isatty(STDOUT_FILENO) == 1 && ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

void note(const std::string& text) { std::fputs(("note   " + text + "\n").c_str(), stderr); }

}  // namespace lehr::cli
