#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace lehr::cli {

// Standard output, whole: a broken pipe or a full disk is an Error (Exit::failed).
void print(const std::string& text);
// Cells as aligned columns, two spaces apart; numbers right where `right[i]`.
std::string aligned(const std::vector<std::vector<std::string>>& rows, const std::vector<bool>& right = {});
// Columns of the terminal on standard output, 0 where it is none.
std::size_t terminal_columns();

}  // namespace lehr::cli
