#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace lehr::report {

// The text's beginning that fits into `columns`.
std::string cut(const std::string& text, std::size_t columns);
// Broken at blanks so that no line is wider than `columns` (0: unlimited); further lines start with `indent` blanks. A text of several
// lines (a source line under its message) stays as it is.
std::string wrapped(const std::string& text, std::size_t columns, std::size_t indent);
// Seconds as a clock shows them: 0:07, 1:05:00, 2 d 1:05:00; "" where they are none or more than 99 days.
std::string clock_text(double seconds);
// A word a shell reads as this text.
std::string shell_word(const std::string& text);

// Lines at the bottom of a terminal that are drawn again and again.
class Footer {
 public:
  // What to write so that `lines` (each narrower than `columns`; colours are allowed) stand where the last ones were, below `above` (whole lines, or none). Where
  // the terminal has become narrower since, lines are taken as folded, as terminals do.
  std::string draw(const std::string& above, const std::vector<std::string>& lines, std::size_t columns);

 private:
  std::vector<std::size_t> widths_;  // of the lines that stand there
};

}  // namespace lehr::report
