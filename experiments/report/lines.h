#pragma once
#include <cstddef>
#include <string>

namespace lehr::report {

// The text's beginning that fits into `columns`.
std::string cut(const std::string& text, std::size_t columns);
// Broken at blanks so that no line is wider than `columns` (0: unlimited); further lines start with `indent` blanks. A text of several
// lines (a source line under its message) stays as it is.
std::string wrapped(const std::string& text, std::size_t columns, std::size_t indent);

}  // namespace lehr::report
