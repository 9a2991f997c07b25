#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace lehr::cli {

// Standard output, whole: a broken pipe or a full disk is an Error (Exit::failed).
void print(const std::string& text);
// A remark on standard error, beside what is printed.
void note(const std::string& text);
// Cells as aligned columns, two spaces apart; numbers right where `right[i]`. Lines longer than `columns` (0: unlimited) are cut and end in "…".
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right = {}, std::size_t columns = 0);
// Columns of the terminal on standard output, 0 where it is none.
std::size_t terminal_columns();

}  // namespace lehr::cli
